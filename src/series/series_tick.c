/* What one tick says of the process. A figure is a number or a fault. */

#include "series_private.h"

static int read_number(const struct series *s, const json_t *object, const char *key, uint64_t *ret, struct err *e)
{
	const json_t *v = json_object_get(object, key);

	*ret = 0;
	if (!v || json_is_null(v))
		return 0;
	if (series_whole(v) < 0)
		return series_bad(s, e, "%s is not a whole number from 0 on", key);
	*ret = (uint64_t)series_whole(v);
	return 0;
}

static int read_scalars(struct series *s, const json_t *tick, struct err *e)
{
	struct sample *to = &s->sample;
	const json_t *lost = json_object_get(tick, "lost");
	bool heap = json_object_get(tick, "T");
	uint64_t same_bytes = to->sample_bytes, same_peak = to->peak_bytes;
	struct series_heap same = s->heap;
	const struct {
		const json_t *in;
		const char *key;
		uint64_t *to;
	} numbers[] = {
		{ tick, "rss", &to->memory.rss },
		{ tick, "rss_anon", &to->memory.rss_anon },
		{ tick, "rss_file", &to->memory.rss_file },
		{ tick, "rss_shmem", &to->memory.rss_shmem },
		{ tick, "pss", &to->memory.pss },
		{ tick, "swap", &to->memory.swap },
		{ tick, "table", &to->table_bytes },
		{ tick, "T", heap ? &to->sample_bytes : &same_bytes },
		{ tick, "peak", heap ? &to->peak_bytes : &same_peak },
		{ tick, "heap_live", heap ? &s->heap.live : &same.live },
		{ tick, "heap_low", heap ? &s->heap.low : &same.low },
		{ tick, "heap_high", heap ? &s->heap.high : &same.high },
		{ lost, "contention", &to->lost.contention },
		{ lost, "full", &to->lost.full },
		{ lost, "merged", &to->lost.merged },
		{ lost, "text", &to->lost.text },
		{ lost, "frees", &to->lost.frees },
		{ lost, "truncated", &to->lost.truncated },
		{ lost, "torn", &to->lost.torn },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int r = read_number(s, numbers[i].in, numbers[i].key, numbers[i].to, e);

		if (r < 0)
			return r;
	}
	to->memory.has_detail = json_is_integer(json_object_get(tick, "pss"));
	to->has_heap = heap;
	s->says_heap = json_object_get(tick, "heap_live");
	return 0;
}

int series_tick(struct series *s, const struct tick *tick, struct err *e)
{
	const json_t *t = json_object_get(tick->rest, "t");
	double seconds = json_number_value(t);
	int r;

	if (!json_is_number(t) || !(seconds >= s->seconds) || seconds > 1e10)
		return series_bad(s, e, "t is not a time, or goes back");
	s->seconds = seconds;
	s->sample.time_ns = (uint64_t)(seconds * 1e9);
	s->changed_count = 0;
	r = read_scalars(s, tick->rest, e);
	if (r == 0)
		r = series_names_of(s, tick, e);
	if (r < 0 || s->skips_sites)
		return r;
	return s->version == 1 ? series_rows(s, tick, e) : series_changes(s, tick, e);
}
