/*
 * live: once in a session the map outgrows its first pages.
 */
#include "live.h"

COLD void live_widen(void)
{
	static struct probe_live moving[PROBE_LIVE_NARROW]; /* not on a stack: it may be a small one */
	struct probe_live *map = live();
	uint32_t mask = live_mask(), count = 0;

	for (uint32_t at = 0; at <= mask && at < PROBE_LIVE_NARROW; at++) {
		if (map[at].address)
			moving[count++] = map[at];
		map[at].address = 0;
	}
	header()->live_wide = 1;
	while (count--)
		live_copy(live_free_place(moving[count].address), &moving[count]);
}
