#include "memspy/moments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/units.h"

int moment_parse(struct moment *ret, const char *text, struct err *e)
{
	struct err why;
	size_t length = strlen(text);
	char digits[32];
	double value;

	if (length > 1 && length < sizeof(digits) && text[length - 1] == '%') {
		snprintf(digits, sizeof(digits), "%.*s", (int)length - 1, text);
		if (strspn(digits, "0123456789.") == length - 1 && units_parse_duration(digits, &value, &why) == 0 &&
		    value <= 100) {
			*ret = (struct moment){ MOMENT_SHARE, value / 100 };
			return 0;
		}
	} else if (units_parse_duration(text + (*text == '-'), &value, &why) == 0) {
		*ret = (struct moment){ *text == '-' ? MOMENT_BEFORE_END : MOMENT_SINCE_START, value };
		return 0;
	}
	return err_set(e, EINVAL, "\"%.40s\" is no moment of a recording; write seconds since its start (30, 5m), before its "
		       "end (-10, -1m) or a share of it (90%%)", text);
}

double moment_seconds(const struct moment *m, double last, double otherwise)
{
	double at = otherwise;

	if (m->kind == MOMENT_SINCE_START)
		at = m->value;
	if (m->kind == MOMENT_BEFORE_END)
		at = last - m->value;
	if (m->kind == MOMENT_SHARE)
		at = last * m->value;
	if (m->kind == MOMENT_SHARE_OF_STRETCH)
		at = otherwise * m->value;
	return at < 0 ? 0 : at > last ? last : at;
}

/* Ticks by their numbers from 0, but for `whole`: the last may only be known once the file says that it ends. */
struct ticks {
	size_t first, middle, last;
	size_t trend[MOMENTS_TREND];
	size_t trend_count;
	bool whole, only_ends;
};

static void spread(struct ticks *t, const double *times)
{
	for (t->middle = 0; times[t->middle] < times[t->last] / 2; t->middle++)
		;
	for (size_t k = 0; k < MOMENTS_TREND - 1; k++) {
		size_t at = t->last * k / (MOMENTS_TREND - 1);

		if (at < t->last && (t->trend_count == 0 || at > t->trend[t->trend_count - 1]))
			t->trend[t->trend_count++] = at;
	}
}

/* Which ticks a stretch begins and ends with. */
static int find_ticks(struct moments *m, const char *path, const struct moment *from, const struct moment *to,
		      struct ticks *ret, struct err *e)
{
	/* A tick's time has microseconds; "54" and 0.9 x 60 mean the tick at 54. */
	const double hair = 0.5e-6;
	_cleanup_(freep) double *times = NULL;
	struct ticks t = { .only_ends = ret->only_ends };
	size_t count;
	double begin, end;
	int r = series_times(path, &times, &count, e);

	if (r < 0)
		return r;
	if (count == 0)
		return err_set(e, ENODATA, "%s holds no moment yet: the recording ended, or was killed, before its first tick",
			       path);
	m->last_seconds = times[count - 1];
	end = moment_seconds(to, m->last_seconds, m->last_seconds);
	begin = moment_seconds(from, m->last_seconds, from->kind == MOMENT_NOT_GIVEN ? 0 : end);
	if (begin > end)
		return err_set(e, EINVAL, "the stretch of %s begins at %.1f s, after it ends at %.1f s", path, begin, end);
	while (times[t.first] < begin - hair)
		t.first++;
	for (t.last = count - 1; t.last > 0 && times[t.last] > end + hair; t.last--)
		;
	/* The first tick after a share of the stretch may be its last, where nothing could have changed. */
	if (from->kind == MOMENT_SHARE_OF_STRETCH && t.first == t.last && t.first > 0)
		t.first--;
	if (t.first > t.last)
		return err_set(e, EINVAL, "%s has no tick between %.1f and %.1f s; the nearest are at %.1f and %.1f s", path, begin,
			       end, times[t.last], times[t.first]);
	t.whole = t.last == count - 1;
	m->from_seconds = times[t.first];
	m->to_seconds = times[t.last];
	spread(&t, times);
	*ret = t;
	return 0;
}

static int copy_sites(const struct sample *s, struct site **ret, size_t *ret_count, struct err *e)
{
	*ret = malloc((s->site_count + 1) * sizeof(**ret));
	if (!*ret)
		return err_set(e, ENOMEM, "out of memory for %zu sites", s->site_count);
	if (s->site_count)
		memcpy(*ret, s->sites, s->site_count * sizeof(**ret));
	*ret_count = s->site_count;
	return 0;
}

static int keep_before(struct moments *m, struct err *e)
{
	const struct sample *s = series_sample(m->series);
	int r = series_settle(m->series, e);

	if (r < 0)
		return r;
	m->from_seconds = series_seconds(m->series);
	m->rss_before = s->memory.rss;
	m->live_before = sample_live(s).bytes;
	return copy_sites(s, &m->before, &m->before_count, e);
}

static int keep_middle(struct moments *m, struct err *e)
{
	m->middle_seconds = series_seconds(m->series);
	return copy_sites(series_sample(m->series), &m->middle, &m->middle_count, e);
}

static int keep_trend(struct moments *m, struct err *e)
{
	const struct sample *s = series_sample(m->series);
	struct moments_live *live = &m->trend[m->trend_count];

	live->bytes = malloc((s->site_count + 1) * sizeof(*live->bytes));
	if (!live->bytes)
		return err_set(e, ENOMEM, "out of memory for %zu sites", s->site_count);
	for (size_t i = 0; i < s->site_count; i++)
		live->bytes[i] = s->sites[i].live.bytes;
	live->count = s->site_count;
	live->seconds = series_seconds(m->series);
	m->trend_count++;
	return 0;
}

static void keep_memory(struct moments *m, size_t tick, const struct ticks *t)
{
	uint64_t rss = series_sample(m->series)->memory.rss;

	m->rss_first = tick ? m->rss_first : rss;
	m->rss_most = rss > m->rss_most ? rss : m->rss_most;
	m->ticks += tick >= t->first;
}

static int read_to(struct moments *m, const struct ticks *t, struct err *e)
{
	int r = 0;

	for (size_t tick = 0; t->whole || tick <= t->last; tick++) {
		r = series_next(m->series, e);
		if (r)
			break;
		keep_memory(m, tick, t);
		if (tick == t->first)
			r = keep_before(m, e);
		if (r == 0 && t->only_ends)
			continue;
		if (r == 0 && tick == t->middle)
			r = keep_middle(m, e);
		if (r == 0 && m->trend_count < t->trend_count && tick == t->trend[m->trend_count])
			r = keep_trend(m, e);
		if (r == 0 && tick >= t->first)
			r = lifetimes_tick(&m->lifetimes, m->series, e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	m->is_whole = r == SERIES_END;
	m->to_seconds = series_seconds(m->series);
	m->last_seconds = m->is_whole ? m->to_seconds : m->last_seconds;
	if (t->only_ends)
		return series_settle(m->series, e);
	lifetimes_end(&m->lifetimes, m->to_seconds);
	return m->ticks ? keep_trend(m, e) : 0;
}

int moments_find(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e)
{
	_cleanup_(moments_done) struct moments m = { 0 };
	struct ticks ticks = { 0 };
	int r = series_open(&m.series, path, e);

	if (r == 0)
		r = find_ticks(&m, path, &from, &to, &ticks, e);
	if (r == 0)
		*ret = (struct moments){ .from_seconds = m.from_seconds, .to_seconds = m.to_seconds, .last_seconds = m.last_seconds };
	return r;
}

static int open_moments(struct moments *ret, const char *path, const struct moment *from, const struct moment *to,
			bool only_ends, struct err *e)
{
	_cleanup_(moments_done) struct moments m = { 0 };
	struct ticks ticks = { .only_ends = only_ends };
	int r;

	r = series_open(&m.series, path, e); /* it knows best what is wrong with a file */
	/* Of the whole nothing need be looked for: that saves reading the file twice. */
	if (only_ends && from->kind == MOMENT_NOT_GIVEN && to->kind == MOMENT_NOT_GIVEN)
		ticks.whole = true;
	else if (r == 0)
		r = find_ticks(&m, path, from, to, &ticks, e);
	if (r == 0 && only_ends)
		series_read_late(m.series);
	if (r == 0)
		r = read_to(&m, &ticks, e);
	if (r < 0)
		return r;
	if (m.ticks == 0)
		return err_set(e, ENODATA, "%s holds no moment yet: the recording ended, or was killed, before its first tick was "
			       "whole", path);
	*ret = m;
	m = (struct moments){ 0 };
	return 0;
}

int moments_open(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e)
{
	return open_moments(ret, path, &from, &to, false, e);
}

int moments_open_ends(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e)
{
	return open_moments(ret, path, &from, &to, true, e);
}

int moments_largest(const char *path, struct moment from, struct moment to, double *ret, struct err *e)
{
	_cleanup_(moments_done) struct moments m = { 0 };
	struct ticks t = { 0 };
	uint64_t most = 0;
	int r = series_open(&m.series, path, e);

	if (r == 0)
		r = find_ticks(&m, path, &from, &to, &t, e);
	if (r < 0)
		return r;
	series_skip_sites(m.series);
	for (size_t tick = 0; tick <= t.last && (r = series_next(m.series, e)) == 0; tick++)
		if (tick == t.first || (tick > t.first && series_heap(m.series).live > most)) {
			most = series_heap(m.series).live;
			*ret = series_seconds(m.series);
		}
	return r < 0 ? r : 0;
}

void moments_done(struct moments *m)
{
	series_free(m->series);
	free(m->before);
	free(m->middle);
	for (size_t i = 0; i < m->trend_count; i++)
		free(m->trend[i].bytes);
	lifetimes_done(&m->lifetimes);
	*m = (struct moments){ 0 };
}

static const struct site nothing;

const struct site *moments_before(const struct moments *m, size_t site)
{
	return site < m->before_count ? &m->before[site] : &nothing;
}

const struct site *moments_middle(const struct moments *m, size_t site)
{
	return site < m->middle_count ? &m->middle[site] : &nothing;
}

uint64_t moments_live_at(const struct moments *m, size_t place, size_t site)
{
	return site < m->trend[place].count ? m->trend[place].bytes[site] : 0;
}
