/*
 * gate: the fast path. One load, one compare, one subtraction; nearly always the answer is "go on".
 *
 * Sample points lie on the line of allocated bytes as a Poisson process: a block is picked when the next point is
 * inside it. left is the distance to that point; it is drawn afresh after each, for the process forgets.
 */
#pragma once

#include "probe.h"

static inline struct probe_slot *slot_at(uint64_t tp)
{
	return &pages.slots[((tp >> 6) * 0x9e3779b97f4a7c15u) >> (64 - PROBE_SLOT_BITS)];
}

/* libc's side: no lock is held there, so every thread counts for itself. */
static inline bool gate_passes(uint64_t size)
{
	uint64_t tp = thread_pointer();
	struct probe_slot *slot = slot_at(tp);
	/* Read once: another thread may take the slot in between, and draw less. */
	int64_t left = __atomic_load_n(&slot->left, __ATOMIC_RELAXED);

	/* left is never negative, and so a size that would be is too large as well. */
	if (unlikely(slot->owner != tp) || unlikely(size >= (uint64_t)left))
		return false;
	__atomic_store_n(&slot->left, left - (int64_t)size, __ATOMIC_RELAXED);
	return true;
}

/*
 * The mem and obj domains: whoever calls holds the GIL, so one counter serves all. It is taken down first and looked at
 * after, in one instruction; gate_decide_python puts back what was too much. Sizes are below 2^63: CPython sees to it.
 */
static inline __attribute__((always_inline)) bool gate_passes_by(int64_t *left, uint64_t size)
{
#if defined(__x86_64__)
	bool passes;

	__asm__("subq %2, %0" : "+m"(*left), "=@ccg"(passes) : "r"(size)); /* gcc makes four instructions of it */
	return likely(passes);
#else
	return likely((*left -= (int64_t)size) > 0);
#endif
}

static inline bool gate_passes_python(uint64_t size)
{
	return gate_passes_by(&pages.left, size);
}

static inline uint8_t *filter_at(uint64_t address)
{
	return &pages.filter[((address >> 4) * 0x9e3779b97f4a7c15u) >> (64 - PROBE_FILTER_BITS)];
}

/* Another factor: addresses lie in rows, and what meets by the one would by other bits of the same product. */
static inline uint8_t *sieve_at(uint64_t address)
{
	return &pages.sieve[((address >> 4) * 0xbf58476d1ce4e5b9u) >> (64 - PROBE_SIEVE_BITS)];
}

/*
 * Can this address be a sampled block? False positives only. The filter is small, for every free looks into it. In a heap of
 * gigabytes it lets many through, and the sieve (table.c) spares those the lock and the table.
 */
static inline bool filter_has(uint64_t address)
{
	return *filter_at(address);
}
