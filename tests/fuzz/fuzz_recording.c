/* A recording from somebody else. */
#include <stdio.h>

#include "fuzz.h"
#include "memspy/cleanup.h"
#include "memspy/moments.h"
#include "memspy/series.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_(closep) int fd = fuzz_file(bytes, length);
	struct series *s;
	struct err e;
	struct moments m;
	double *times;
	size_t count;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (series_times(path, &times, &count, &e) == 0)
		free(times);
	if (moments_open(&m, path, (struct moment){ MOMENT_SHARE, 0.3 }, (struct moment){ MOMENT_BEFORE_END, 1 }, &e) == 0)
		moments_done(&m);
	if (moments_open_ends(&m, path, (struct moment){ 0 }, (struct moment){ 0 }, &e) == 0)
		moments_done(&m);
	if (series_open(&s, path, &e))
		return 0;
	while (series_next(s, &e) == 0) {
		const struct sample *sample = series_sample(s);

		for (size_t i = 0; i < sample->site_count; i++)
			for (uint32_t stack = sample->sites[i].stack, steps = 0; stack; steps++) {
				struct stack at = names_stack_at(series_names(s), stack);

				if (at.parent >= stack || steps > length)
					abort();
				names_text(series_names(s), names_frame_at(series_names(s), at.frame).function);
				stack = at.parent;
			}
	}
	series_end(s);
	series_is_torn(s);
	series_free(s);
	return 0;
}
