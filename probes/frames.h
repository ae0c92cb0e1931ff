/*
 * frames: what those share who read Python's frames (under the table's lock).
 */
#pragma once

#include "probe.h"

#pragma GCC visibility push(hidden)

static inline uint64_t word(uint64_t address)
{
	return *(const uint64_t *)address;
}

static inline uint32_t half(uint64_t address)
{
	return *(const uint32_t *)address;
}

/* ---- thread.c ---- */
uint64_t own_thread_state(void); /* 0: this thread has none, or it is not to be looked at now */
uint64_t innermost_frame(uint64_t tstate);

/* ---- known.c: what was found out about a code object, for as long as it must hold, which is one generation ---- */
struct known {
	uint64_t code, generation;
	int64_t first_traceable; /* in bytes */
	uint32_t index;		 /* code_get's answer; 0: not asked yet */
};
enum { KNOWN_BITS = 8 };
extern struct known known_codes[1 << KNOWN_BITS];
extern uint64_t known_generation;

extern uint64_t known_lease;
extern bool known_missing;
COLD void known_new_generation(uint32_t domain);
COLD struct known *known_new(uint64_t code);	/* NULL: not a code object */
COLD uint32_t known_ask(struct known *k);

/* A stack, of a block of this domain; perhaps a generation, too. */
static inline void known_begin(uint32_t domain)
{
	code_checked_filename = 0;
	if (unlikely(__atomic_load_n(&known_missing, __ATOMIC_RELAXED)) || unlikely(known_lease != header()->lease_cycles))
		known_new_generation(domain);
}

static inline struct known *know(uint64_t code)
{
	struct known *k = &known_codes[(code * 0x9e3779b97f4a7c15u) >> (64 - KNOWN_BITS)];

	return likely(k->code == code && k->generation == known_generation) ? k : known_new(code);
}

static inline uint32_t known_index(struct known *k)
{
	return likely(k->index) ? k->index : known_ask(k);
}

#pragma GCC visibility pop
