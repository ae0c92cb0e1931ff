/*
 * lock: the one of the table, and the bag for frees that found it taken.
 *
 * It is taken only for a bounded time: a signal handler that came upon its own thread in here must get out again. An
 * allocation that finds it taken is dropped and counted; a free is left in a bag that the next holder empties before
 * it does anything else (table.c), so that it is booked before the address can be seen again.
 */
#include "probe.h"

uint64_t bag_take(unsigned *at)
{
	while (*at < PROBE_PENDING) {
		uint64_t address = __atomic_exchange_n(&pages.pending[(*at)++], 0, __ATOMIC_ACQ_REL);

		if (address) {
			__atomic_fetch_sub(&pages.pending_count, 1, __ATOMIC_RELAXED);
			return address;
		}
	}
	return 0;
}

void bag_put(uint64_t address)
{
	uint32_t first = (uint32_t)mix(address);

	for (unsigned i = 0; i < PROBE_PENDING; i++) {
		uint64_t none = 0;

		if (__atomic_compare_exchange_n(&pages.pending[(first + i) % PROBE_PENDING], &none, address, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&pages.pending_count, 1, __ATOMIC_RELEASE);
			return;
		}
	}
	count(&header()->lost.frees);
}

static bool try_lock(void)
{
	uint32_t *lock = &header()->lock;

	return !__atomic_load_n(lock, __ATOMIC_RELAXED) && !__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE);
}

/*
 * Threads that allocate at once come upon a holder that has lost its core, and a thread that goes on spinning may have taken
 * it. An interpreter without a GIL gives its core away at its own locks: the call is one that this process may make.
 */
static bool lock_by_waiting(void)
{
#if defined(__aarch64__)
	enum { YIELD = 124 };
#else
	enum { YIELD = 24 };
#endif
	uint64_t start = cycles();

	do {
		system_call(YIELD, 0, 0, 0, 0, 0, 0);
		if (try_lock())
			return true;
	} while (cycles() - start < 10 * config.cycles_per_ms);
	return false;
}

/*
 * A holder that will never let go (a memspy killed while it emptied the table, a longjmp out of here) must not cost more
 * than a glance each time.
 */
uint32_t lock_failures;

COLD bool lock_take_slowly(void)
{
	enum { SPINS = 2000, GLANCES = 8, DOUBTFUL = 20, HOPELESS = 100000 };
	uint32_t failed = __atomic_load_n(&lock_failures, __ATOMIC_RELAXED);
	bool locked = try_lock();

	for (unsigned i = failed < HOPELESS ? SPINS : GLANCES; !locked && i; i--) {
		relax();
		locked = try_lock();
	}
	if (!locked && config.free_threaded && failed < DOUBTFUL)
		locked = lock_by_waiting();
	if (!locked) {
		__atomic_fetch_add(&lock_failures, 1, __ATOMIC_RELAXED);
		return false;
	}
	if (failed)
		__atomic_store_n(&lock_failures, 0, __ATOMIC_RELAXED);
	return true;
}
