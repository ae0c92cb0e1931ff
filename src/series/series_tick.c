/* What one tick adds to a series. An id is checked against what came before it, a figure is a number or a fault. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

/* A whole number from 0 on; -1 where there is none. */
static json_int_t whole(const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
}

/* An id from 0 to most; false where it is not. */
static bool id(const json_t *v, uint64_t most, uint32_t *ret)
{
	json_int_t n = whole(v);

	if (n < 0 || (uint64_t)n > most)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static int read_number(const struct series *s, const json_t *object, const char *key, uint64_t *ret, struct err *e)
{
	const json_t *v = json_object_get(object, key);

	*ret = 0;
	if (!v || json_is_null(v))
		return 0;
	if (whole(v) < 0)
		return series_bad(s, e, "%s is not a whole number from 0 on", key);
	*ret = (uint64_t)whole(v);
	return 0;
}

static int read_list(const struct series *s, const json_t *tick, const char *key, const json_t **ret, struct err *e)
{
	*ret = json_object_get(tick, key);
	if (*ret && !json_is_array(*ret))
		return series_bad(s, e, "%s is not a list", key);
	return 0;
}

/*
 * Ids count up, so each string must be new. Two names that were not UTF-8 may have become the same text when they were
 * written: the second gets its number behind it.
 */
static int read_string(struct series *s, const json_t *v, struct err *e)
{
	uint32_t expected = names_strings(s->names) + 1, got = 0;
	char *numbered;
	int r;

	if (!json_is_string(v))
		return series_bad(s, e, "string %u is not text", expected);
	r = names_string(s->names, json_string_value(v), json_string_length(v), &got, e);
	if (r == 0 && got != expected) {
		if (asprintf(&numbered, "%s#%u", json_string_value(v), expected) < 0)
			return err_set(e, ENOMEM, "out of memory for names");
		r = names_string(s->names, numbered, strlen(numbered), &got, e);
		free(numbered);
	}
	if (r == 0 && got != expected)
		return series_bad(s, e, "string %u is said twice", expected);
	return r;
}

static int read_frame(struct series *s, const json_t *row, struct err *e)
{
	uint32_t expected = names_frames(s->names) + 1, strings = names_strings(s->names), line, got = 0;
	struct frame f = { 0 };
	int r;

	if (!id(json_array_get(row, 0), strings, &f.function) || !id(json_array_get(row, 1), strings, &f.file) ||
	    !id(json_array_get(row, 2), INT32_MAX, &line) || !id(json_array_get(row, 3), UINT32_MAX, &f.kind))
		return series_bad(s, e, "frame %u is not [function, file, line, kind] with strings that were named",
				  expected);
	f.line = (int32_t)line;
	r = names_frame(s->names, &f, &got, e);
	return r == 0 && got != expected ? series_bad(s, e, "frame %u is said twice", expected) : r;
}

static int read_stack(struct series *s, const json_t *row, struct err *e)
{
	uint32_t known = names_stacks(s->names), parent, frame, got = 0;
	int r;

	if (!id(json_array_get(row, 0), known, &parent) ||
	    !id(json_array_get(row, 1), names_frames(s->names), &frame) || frame == 0)
		return series_bad(s, e, "stack %u is not [parent, frame] of what was named before it", known + 1);
	if (parent && s->depths[parent - 1] >= DEPTH_MOST)
		return series_bad(s, e, "stack %u is deeper than %d frames", known + 1, DEPTH_MOST);
	if (known == s->depth_room) {
		size_t room = s->depth_room ? s->depth_room * 2 : 256;
		uint16_t *depths = realloc(s->depths, room * sizeof(*depths));

		if (!depths)
			return err_set(e, ENOMEM, "out of memory for names");
		s->depths = depths;
		s->depth_room = room;
	}
	r = names_stack(s->names, parent, frame, &got, e);
	if (r == 0 && got != known + 1)
		return series_bad(s, e, "stack %u is said twice", known + 1);
	if (r == 0)
		s->depths[known] = (uint16_t)((parent ? s->depths[parent - 1] : 0) + 1);
	return r;
}

static int read_names(struct series *s, const json_t *tick, struct err *e)
{
	static const struct {
		const char *key;
		int (*read)(struct series *s, const json_t *v, struct err *e);
	} kinds[] = { { "strings", read_string }, { "frames", read_frame }, { "stacks", read_stack } };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const json_t *list, *v;
		size_t i;
		int r = read_list(s, tick, kinds[k].key, &list, e);

		if (r < 0)
			return r;
		json_array_foreach(list, i, v) {
			r = kinds[k].read(s, v, e);
			if (r < 0)
				return r;
		}
	}
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
		*number = (uint64_t)whole(v);
		return whole(v) >= 0;
	}
	if (column == COLUMN_LIFETIMES) {
		memset(site->lifetimes, 0, sizeof(site->lifetimes));
		for (size_t i = 0; i < LIFETIME_BUCKETS && i < json_array_size(v); i++)
			if (!id(json_array_get(v, i), UINT32_MAX, &site->lifetimes[i]))
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
			good = id(v, names_stacks(s->names), &key->stack);
		else if (s->columns[i] == COLUMN_THREAD)
			good = id(v, UINT32_MAX, &key->thread);
		else if (s->columns[i] == COLUMN_DOMAIN)
			good = id(v, DOMAIN_COUNT - 1, &key->domain);
	}
	return good;
}

static int put_site(struct series *s, const struct site *site, struct err *e)
{
	size_t at;
	int r = sites_find(&s->sites, site->stack, site->thread, site->domain, &at, e);

	if (r == 0)
		s->sites.at[at] = *site;
	return r;
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
	int r = rows->length ? read_rows(s, rows, e) : read_list(s, tick, "sites", &list, e);

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
	r = read_scalars(s, tick, e);
	if (r == 0)
		r = read_names(s, tick, e);
	return r == 0 ? read_sites(s, tick, sites, e) : r;
}
