/* The text of /proc/PID/maps: paths in it are of the target's making. */
#include "fuzz.h"
#include "memspy/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct maps *m;
	struct err e;

	if (maps_parse(&m, (const char *)bytes, length, &e))
		return 0;
	for (size_t i = 0; i < maps_count(m); i++) {
		const struct map *map = maps_at(m, i);

		if (map->start >= map->end || !map->path || strlen(map->path) > length)
			abort();
		maps_find(m, map->end - 1);
		maps_gap(m, 1 << 20, map->start);
	}
	maps_free(m);
	return 0;
}
