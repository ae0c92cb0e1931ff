/*
 * live: the map of blocks that are known to be alive (under the table's lock).
 *
 * Open addressing in the shared table, keyed by address, with backward shifting: no tombstones, so an hour of
 * churn leaves no trace.
 *
 * While few blocks are known they live in the first pages of the map: scattered over all of it, each free that has to
 * look would wait for memory. Where every block is counted each of them comes here, so it is all inline.
 */
#pragma once

#include "gate.h"

#pragma GCC visibility push(hidden)
COLD void live_widen(void); /* live.c: from the first pages to all of it */
#pragma GCC visibility pop

struct live {
	struct probe_live *map;
	uint32_t mask;
};

static inline struct live live_map(void)
{
	uint32_t all = config.layout.live.count - 1;

	return (struct live){ section(&config.layout.live), header()->live_wide || all < PROBE_LIVE_NARROW ? all : PROBE_LIVE_NARROW - 1 };
}

static inline uint32_t live_home(struct live l, uint64_t address)
{
	return (uint32_t)mix(address >> 4) & l.mask;
}

/* It is going to be looked for: ask for its place before the lock, or the stack. */
static inline void live_look_ahead(struct live l, uint64_t address)
{
	__builtin_prefetch(&l.map[live_home(l, address)], 1);
}

/* Written under the lock alone, so it takes no locked instruction. 255 sticks: it cannot be counted down. */
static inline void count_in(uint8_t *counter)
{
	if (*counter != 255)
		__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static inline void count_out(uint8_t *counter)
{
	if (*counter != 255 && *counter != 0)
		__atomic_store_n(counter, *counter - 1, __ATOMIC_RELAXED);
}

static inline struct probe_live *live_find(struct live l, uint64_t address)
{
	for (uint32_t at = live_home(l, address), n = 0; n <= l.mask; at = (at + 1) & l.mask, n++) {
		if (l.map[at].address == address)
			return &l.map[at];
		if (!l.map[at].address)
			return NULL;
	}
	return NULL;
}

/* What it is under and when it was born, as it lies in the table. */
static inline uint64_t live_third_word(uint32_t site, uint32_t birth_event)
{
	return (uint64_t)birth_event << 32 | site; /* x86-64, aarch64: both little-endian */
}

/* Word for word: a load that is wider than the stores before it waits until they are in the cache. */
static inline void live_write(struct probe_live *to, uint64_t address, uint64_t size_period, uint64_t third, uint64_t birth_cycles)
{
	to->address = address;
	to->size_period = size_period;
	__builtin_memcpy(&to->site, &third, sizeof(third));
	to->birth_cycles = birth_cycles;
}

static inline void live_copy(struct probe_live *to, const struct probe_live *from)
{
	uint64_t third;

	__builtin_memcpy(&third, &from->site, sizeof(third));
	live_write(to, from->address, from->size_period, third, from->birth_cycles);
}

static inline struct probe_live *live_free_place(struct live l, uint64_t address)
{
	uint32_t at = live_home(l, address);

	for (uint32_t n = 0; l.map[at].address && n <= l.mask; n++)
		at = (at + 1) & l.mask;
	return &l.map[at];
}

static inline void live_insert(struct live l, uint64_t address, uint64_t size_period, uint64_t third, uint64_t birth_cycles)
{
	if (unlikely(header()->live_count >= PROBE_LIVE_NARROW / 2) && !header()->live_wide) {
		live_widen();
		l = live_map();
	}
	live_write(live_free_place(l, address), address, size_period, third, birth_cycles);
	header()->live_count++;
	count_in(sieve_at(address));
	count_in(filter_at(address));
}

/* Takes the entry out and closes the gap: whoever stands behind it and would be found sooner, moves up. */
static inline void live_erase(struct live l, struct probe_live *entry)
{
	uint32_t hole = (uint32_t)(entry - l.map);
	uint32_t at = hole;

	header()->live_count--;
	count_out(filter_at(entry->address));
	count_out(sieve_at(entry->address));
	for (uint32_t n = 0; n <= l.mask; n++) {
		uint32_t home;

		at = (at + 1) & l.mask;
		if (likely(!l.map[at].address))
			break;
		home = live_home(l, l.map[at].address);
		if (((at - home) & l.mask) >= ((at - hole) & l.mask)) {
			live_copy(&l.map[hole], &l.map[at]);
			hole = at;
		}
	}
	l.map[hole].address = 0;
}
