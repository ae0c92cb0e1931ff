/*
 * clock: what time it is for the table (under its lock).
 */
#include "probe.h"

/*
 * The clock takes longer to read than most of what is done with it, and where every block is counted there are two events
 * in a tenth of a microsecond. While they come as fast as that, one of four reads it. So of each pause that the program
 * makes three blocks at most are booked as if they had come or gone before it.
 */
uint64_t clock_last;

uint64_t clock_read(void)
{
	enum { QUICK = 16, UNREAD = 3 };
	static uint32_t quick, unread;
	uint64_t now;

	if (quick >= QUICK && unread < UNREAD && !period_now()) {
		unread++;
		return clock_last;
	}
	now = cycles();
	quick = now - clock_last < config.cycles_per_ms / 64 ? quick + 1 : 0;
	unread = 0;
	__atomic_store_n(&clock_last, now, __ATOMIC_RELAXED);
	return now;
}
