#include <string.h>
#include <unistd.h>

#include "maps_private.h"

#if defined(__aarch64__)
#define HIGHEST 0xfffffffff000u	  /* 48 bits of user space, less a page */
#else
#define HIGHEST 0x7ffffffff000u
#endif
#define LOWEST 0x10000u		  /* vm.mmap_min_addr as it usually is */
#define STACK_ROOM (17u << 20)	  /* the main stack grows down: 16 MiB, and the kernel's guard of 1 MiB */
#define HEAP_ROOM (1u << 30)	  /* brk grows up; malloc would manage without, but why be in its way */

/* The hole between two mappings, less what its neighbours may yet want. One page stays free on either side. */
static void trim(const struct map *below, const struct map *above, size_t page, raddr *low, raddr *high)
{
	uint64_t keep_low = below ? page : 0, keep_high = above ? page : 0;

	if (below && strcmp(below->path, "[heap]") == 0)
		keep_low = HEAP_ROOM;
	if (above && strncmp(above->path, "[stack", 6) == 0)
		keep_high = STACK_ROOM;
	*low = below ? below->end : 0;
	*high = above ? above->start : HIGHEST;
	if (*high > HIGHEST)
		*high = HIGHEST;
	if (*high - *low <= keep_low + keep_high || *high <= *low) {
		*high = *low;
		return;
	}
	*low += keep_low;
	*high -= keep_high;
	if (*low < LOWEST)
		*low = LOWEST;
}

raddr maps_gap(const struct maps *m, size_t length, raddr near)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), count = maps_count(m);
	raddr best = 0;
	uint64_t best_distance = UINT64_MAX;

	if (length == 0 || length > HIGHEST)
		return 0;
	length = (length + page - 1) / page * page;
	near = near / page * page;
	/* The nearest hole is also the one within reach of a jump, if there is such a one. */
	for (size_t i = 0; i <= count; i++) {
		raddr low, high, at;
		uint64_t distance;

		trim(i ? maps_at(m, i - 1) : NULL, maps_at(m, i), page, &low, &high);
		low = (low + page - 1) / page * page;
		high = high / page * page;
		if (high <= low || high - low < length)
			continue;
		at = near < low ? low : near > high - length ? high - length : near;
		distance = at > near ? at - near : near - at;
		if (distance < best_distance) {
			best = at;
			best_distance = distance;
		}
	}
	return best;
}
