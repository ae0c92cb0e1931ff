/* What one tick says of the process and its sites. A figure is a number or a fault. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static uint64_t *figure(struct site *site, int column)
{
	switch (column) {
	case COLUMN_LIVE_BYTES: return &site->live.bytes;
	case COLUMN_LIVE_BLOCKS: return &site->live.blocks;
	case COLUMN_LIVE_N: return &site->live.samples;
	case COLUMN_LIVE_SURE: return &site->live.sure_bytes;
	case COLUMN_ALLOC_BYTES: return &site->alloc.bytes;
	case COLUMN_ALLOC_BLOCKS: return &site->alloc.blocks;
	case COLUMN_ALLOC_N: return &site->alloc.samples;
	case COLUMN_ALLOC_SURE: return &site->alloc.sure_bytes;
	case COLUMN_PEAK_BYTES: return &site->peak.bytes;
	case COLUMN_PEAK_BLOCKS: return &site->peak.blocks;
	case COLUMN_PEAK_N: return &site->peak.samples;
	case COLUMN_PEAK_SURE: return &site->peak.sure_bytes;
	case COLUMN_TEMP_BYTES: return &site->temporary.bytes;
	case COLUMN_TEMP_BLOCKS: return &site->temporary.blocks;
	case COLUMN_TEMP_N: return &site->temporary.samples;
	default: return NULL; /* the key, a variance, lifetimes, freed_bytes (it is alloc less live), or not known */
	}
}

static double *variance(struct site *site, int column)
{
	switch (column) {
	case COLUMN_LIVE_VAR: return &site->live.variance;
	case COLUMN_ALLOC_VAR: return &site->alloc.variance;
	case COLUMN_PEAK_VAR: return &site->peak.variance;
	default: return NULL;
	}
}

static bool read_figure(struct site *site, int column, const json_t *v)
{
	uint64_t *number = figure(site, column);
	double *real = variance(site, column);

	if (real) {
		*real = json_number_value(v);
		return json_is_number(v) && *real >= 0 && isfinite(*real);
	}
	if (number) {
		*number = (uint64_t)series_whole(v);
		return series_whole(v) >= 0;
	}
	if (column == COLUMN_LIFETIMES) {
		memset(site->lifetimes, 0, sizeof(site->lifetimes));
		for (size_t i = 0; i < LIFETIME_BUCKETS && i < json_array_size(v); i++)
			if (!series_id(json_array_get(v, i), UINT32_MAX, &site->lifetimes[i]))
				return false;
		return json_is_array(v);
	}
	return true;
}

static bool read_key(const struct series *s, const json_t *row, struct site *key)
{
	bool good = json_is_array(row);

	for (size_t i = 0; i < s->column_count && i < json_array_size(row) && good; i++) {
		const json_t *v = json_array_get(row, i);

		if (s->columns[i] == COLUMN_STACK)
			good = series_id(v, names_stacks(s->names), &key->stack);
		else if (s->columns[i] == COLUMN_THREAD)
			good = series_id(v, UINT32_MAX, &key->thread);
		else if (s->columns[i] == COLUMN_DOMAIN)
			good = series_id(v, DOMAIN_COUNT - 1, &key->domain);
	}
	return good;
}

static int put_site(struct series *s, const struct site *site, struct err *e)
{
	size_t at;
	int r = sites_find(&s->sites, site->stack, site->thread, site->domain, &at, e);

	if (r < 0)
		return r;
	if (s->changed_count == s->changed_room) {
		size_t room = s->changed_room ? s->changed_room * 2 : 256;
		uint32_t *changed = realloc(s->changed, room * sizeof(*changed));

		if (!changed)
			return err_set(e, ENOMEM, "out of memory for %zu sites", room);
		s->changed = changed;
		s->changed_room = room;
	}
	s->changed[s->changed_count++] = (uint32_t)at;
	s->sites.at[at] = *site;
	return 0;
}

/* A row says all figures of a site; columns missing at its end are 0. */
static int read_site(struct series *s, const json_t *row, size_t number, struct err *e)
{
	struct site site = { 0 };

	if (!read_key(s, row, &site))
		return series_bad(s, e, "site %zu has a stack, thread or domain that is not known", number + 1);
	for (size_t i = 0; i < s->column_count && i < json_array_size(row); i++)
		if (!read_figure(&site, s->columns[i], json_array_get(row, i)))
			return series_bad(s, e, "%s of site %zu is not a number from 0 on", site_columns[s->columns[i]],
					  number + 1);
	return put_site(s, &site, e);
}

static int read_parsed_sites(struct series *s, const json_t *list, struct err *e)
{
	const json_t *row;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, row) {
		r = read_site(s, row, i, e);
		if (r < 0)
			break;
	}
	return r;
}

/* What read_key and read_figure do, with a row of plain numbers. false: let them judge. */
static bool take_row(const struct series *s, const struct number_row *row, struct site *site)
{
	for (size_t i = 0; i < s->column_count && i < row->count; i++) {
		const int column = s->columns[i];
		const uint64_t v = row->numbers[i];
		uint64_t *number = figure(site, column);
		double *real = number ? NULL : variance(site, column);

		if (number)
			*number = v;
		else if (real)
			*real = (double)v;
		else if (column == COLUMN_STACK && v <= names_stacks(s->names))
			site->stack = (uint32_t)v;
		else if (column == COLUMN_THREAD && v <= UINT32_MAX)
			site->thread = (uint32_t)v;
		else if (column == COLUMN_DOMAIN && v < DOMAIN_COUNT)
			site->domain = (uint32_t)v;
		else if (column != COLUMN_FREED_BYTES && column != -1)
			return false;
	}
	if (row->has_ages && (row->count >= s->column_count || s->columns[row->count] != COLUMN_LIFETIMES))
		return false;
	for (size_t i = 0; row->has_ages && i < row->age_count; i++) {
		if (row->ages[i] > UINT32_MAX)
			return false;
		site->lifetimes[i] = (uint32_t)row->ages[i];
	}
	return true;
}

enum { NOT_SUCH = 1 };

/* Rows as memspy writes them, read where they lie: ten times as quick as by way of a list of lists. */
static int read_rows(struct series *s, const struct span *rows, struct err *e)
{
	const char *at = rows->at, *end = rows->at + rows->length;
	struct number_row row;

	for (;;) {
		struct site site = { 0 };
		int r;

		at = number_row_read(at, end, &row);
		if (!at || !take_row(s, &row, &site))
			return NOT_SUCH;
		r = put_site(s, &site, e);
		if (r < 0 || at == end)
			return r;
		if (*at++ != ',')
			return NOT_SUCH;
	}
}

static int read_sites(struct series *s, const json_t *tick, const struct span *rows, struct err *e)
{
	json_auto_t *parsed = NULL;
	const json_t *list = NULL;
	int r = rows->length ? read_rows(s, rows, e) : series_list(s, tick, "sites", &list, e);

	if (r == NOT_SUCH) {
		/* Again from the first row, by the book: that knows every number, and what to say. */
		list = parsed = json_loadb(rows->at - 1, rows->length + 2, 0, NULL);
		r = list ? 0 : series_bad(s, e, "not a tick: its sites are no list");
	}
	if (r == 0)
		r = read_parsed_sites(s, list, e);
	s->sample.sites = s->sites.at;
	s->sample.site_count = s->sites.count;
	return r;
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

int series_tick(struct series *s, const json_t *tick, const struct span *sites, struct err *e)
{
	const json_t *t = json_object_get(tick, "t");
	double seconds = json_number_value(t);
	int r;

	if (!json_is_number(t) || !(seconds >= s->seconds) || seconds > 1e10)
		return series_bad(s, e, "t is not a time, or goes back");
	s->seconds = seconds;
	s->sample.time_ns = (uint64_t)(seconds * 1e9);
	s->changed_count = 0;
	r = read_scalars(s, tick, e);
	if (r == 0)
		r = series_names_of(s, tick, e);
	return r == 0 && !s->skips_sites ? read_sites(s, tick, sites, e) : r;
}
