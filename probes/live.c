/*
 * live: once in a session the map outgrows its first pages.
 */
#include "live.h"

COLD void live_widen(void)
{
	static struct probe_live moving[PROBE_LIVE_NARROW]; /* not on a stack: it may be a small one */
	struct live l = live_map();
	uint32_t count = 0;

	for (uint32_t at = 0; at <= l.mask && at < PROBE_LIVE_NARROW; at++) {
		if (l.map[at].address)
			moving[count++] = l.map[at];
		l.map[at].address = 0;
	}
	header()->live_wide = 1;
	l = live_map();
	while (count--)
		live_copy(live_free_place(l, moving[count].address), &moving[count]);
}
