/*
 * probe: what the rooms of the probe share.
 *
 * We are a guest in somebody's process: no libc, no TLS, no constructor, no allocation of our own, no output, no
 * lock on the fast path, no Python API. memspy writes `config` before the first hook is reachable; after
 * that it is constant. `pages` is wiped by a fork: a child finds magic 0, and counts nothing, or what it does in a table
 * of its own (child.c).
 *
 *   entry.c state.c   what memspy finds in the image; the two structs that it fills
 *   hooks.c pymem.c   stand in for the target's functions; the fast path is there and in gate.h
 *   near.c            that fast path once more, for a page beside the interpreter
 *   gate.c            whose turn is it to be sampled
 *   table.c sites.c   the shared table: live blocks, sums per site
 *   live.h live.c     the map of live blocks in it
 *   lock.c            one thread at a time in there
 *   stack.c code.c    which Python lines are we on; what are they called
 *   thread.c known.c  for these: this thread's innermost frame; how long a code object need not be looked at again
 *   objects.c         new ELF objects after dlopen
 *   enter.c           making the table, on the way in
 *   child.c           a child of a fork takes a table of its own
 *   numbers.c         logarithm, weights, random gaps
 *   memory.c          what the compiler calls for copies
 *   system.c          raw system calls: on the way in; later, to give away the core where there is no GIL (lock.c)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/probe_abi.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((noinline))

#pragma GCC visibility push(hidden)

extern struct probe_config config;
extern struct probe_private pages;

enum { MALLOC, MEM, OBJ, MMAP }; /* enum domain of the outside world */

static inline __attribute__((always_inline)) uint64_t thread_pointer(void)
{
	uint64_t tp;

#if defined(__x86_64__)
	__asm__("mov %%fs:0, %0" : "=r"(tp)); /* the first word of a TCB is its own address, in glibc and in musl */
#elif defined(__aarch64__)
	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
#endif
	return tp;
}

/* The kernel's number of this thread; 0: not known. */
static inline uint32_t thread_id(void)
{
	return config.tid_offset ? *(const uint32_t *)(thread_pointer() + config.tid_offset) : 0;
}

static inline uint64_t cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#endif
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static inline struct probe_header *header(void)
{
	return (struct probe_header *)config.table;
}

static inline void *section(const struct probe_section *s)
{
	return (char *)config.table + s->offset;
}

/* A user address that may be an object: cheap nonsense is caught before it is followed. */
static inline bool plausible(uint64_t address)
{
	/* One comparison: the lowest three bits come out on top. */
	return (address >> 3 | address << 61) - (0x10000 >> 3) < (0x7ffffffff000 - 0x10000) >> 3;
}

static inline uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 29;
	return x;
}

/* ---- numbers.c ---- */
struct weight {
	uint64_t bytes, inverse, variance, sure_bytes;
};
struct weight weigh_chance(uint64_t size, uint64_t period);
uint64_t random_next(uint64_t *state);
int64_t random_gap(uint64_t *state, uint64_t period);	     /* bytes to the next sample; 0 when exact */
bool random_keeps(uint64_t *state, uint64_t size, uint64_t old, uint64_t new_); /* thinning: stay with p_new / p_old */

static inline uint64_t period_now(void)
{
	return header()->periods[header()->period % PROBE_PERIODS];
}

/*
 * What a block of this size stands for. Beyond 21 periods one in 10^9 goes unseen: those are sure, and have no variance.
 */
static inline struct weight weigh(uint64_t size, uint64_t period)
{
	if (size / 21 >= period || !size)
		return (struct weight){ .bytes = size, .inverse = 4096, .variance = 0, .sure_bytes = size };
	return weigh_chance(size, period);
}

/* ---- gate.c ---- */
bool sampling_is_on(void); /* armed, lease not run out, not a child */
bool gate_decide(uint64_t size);	/* per thread: the fast path said "perhaps" */
bool gate_decide_python(uint64_t size); /* under the GIL */
void gate_after_dlopen(void);
void gate_redraw(void);			/* the period has changed: all gaps anew */

/* ---- lock.c ---- */
extern uint32_t lock_failures; /* one after the other */
bool lock_take_slowly(void);

static inline bool lock_take(void) /* bounded; false: busy, count and go on */
{
	if (unlikely(lock_failures) || unlikely(__atomic_exchange_n(&header()->lock, 1, __ATOMIC_ACQUIRE)))
		return lock_take_slowly();
	return true;
}

static inline void lock_give(void)
{
	__atomic_store_n(&header()->lock, 0, __ATOMIC_RELEASE);
}

void bag_put(uint64_t address);	 /* a free, for whoever has the lock next; counted as lost where there is no room */
uint64_t bag_take(unsigned *at); /* the next that lies in it, from place *at on; 0: no more */

/* ---- clock.c ---- */
extern uint64_t clock_last;  /* cycles() at one of the last events */
uint64_t clock_read(void);   /* cycles(), or at most three events ago; under the lock */

/* ---- table.c ---- */
void table_add(uint64_t address, uint64_t size, uint32_t domain);
void table_remove(uint64_t address); /* pre-free: nobody else can own the address yet */
bool table_take(uint64_t address, struct probe_live *ret); /* the same, for calls that may fail: realloc, munmap */
void table_put_back(const struct probe_live *entry);	   /* it failed: the block is still there */

/* ---- sites.c (under the lock) ---- */
uint32_t site_get(uint32_t node, uint32_t thread, uint32_t domain);
void site_allocated(uint32_t site, const struct weight *w, uint64_t now); /* now: cycles() */
void site_freed(uint32_t site, const struct weight *w, const struct probe_live *entry, uint64_t now);
void site_revived(uint32_t site, const struct weight *w, const struct probe_live *entry, uint64_t now); /* it was not freed after all */
void site_reweighed(uint32_t site, const struct weight *old, const struct weight *now); /* now NULL: dropped */

/* ---- stack.c, code.c (under the lock) ---- */
uint32_t stack_capture(uint32_t domain); /* the node of where we are */
uint32_t code_get(uint64_t code); /* index; PROBE_CODE_MERGED when there is no room */
extern uint64_t code_checked_filename; /* 0 before the first code_get of a stack */

/* ---- known.c ---- */
void known_birth(uint64_t address); /* under the lock: a block is born; code objects live in blocks */
void known_missed(void);	    /* one went past */
void known_blind(void);		    /* from here on some may go past until the next session */

/* ---- objects.c ---- */
bool objects_patch_new(void); /* false: the loader is at work, come again */

/* ---- child.c ---- */
void child_begin(void); /* the private pages are empty: a child, or not armed yet */

/* ---- entry.c ---- */
/* Also the way to the hooks' addresses, for those below the hooks. */
extern const struct probe_entry memspy_probe_entry __attribute__((visibility("default")));

/* ---- system.c ---- */
int64_t system_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* Relaxed counters: losses are counted without the lock. */
static inline void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

#pragma GCC visibility pop
