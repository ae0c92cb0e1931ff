/*
 * native: what the troubles of tests/chaos do below Python, called with ctypes (so without the GIL).
 *
 * Each counts its work and the faults it finds in words that the caller gives and reads: what is right is known here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct count {
	uint64_t done, faults;
};

/* A thread of its own, interrupted every millisecond on an alternate stack of stack_bytes with guard bytes around it. */
int altstack_begin(struct count *c, size_t stack_bytes);

/* Out of nested calls that hold memory, by longjmp and siglongjmp, many times. */
void jumps(struct count *c, unsigned rounds);

/* Threads in malloc, calloc, realloc, memalign and free without a pause, each block checked before it goes. */
int allocate_begin(struct count *c, unsigned threads);

/* Threads in dlopen, dlsym, dl_iterate_phdr and dlclose of these objects without a pause. */
int loader_begin(struct count *c, const char *const *paths, unsigned count);

/* Down to the last bytes_left of the stack of the calling thread, and work there, malloc included, for hold_ms. */
int deep(struct count *c, size_t bytes_left, unsigned hold_ms);
/* The same in a thread with a stack of its own, which ends before this returns. */
int deep_in_thread(struct count *c, size_t bytes_left, unsigned hold_ms);

/* Writes over these ranges for ever, in threads that need nothing of what is written over, with a pause after each turn. */
struct range {
	uint64_t start, end;
	uint64_t from, to; /* what it writes are often addresses in here: chains into themselves */
};
int scribble_begin(const struct range *ranges, unsigned count, unsigned pause_us);
void park(void); /* waits here for ever: what comes behind may be written over */
