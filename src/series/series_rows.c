/* What one tick says of sites: a row each, whatever wrote it. A figure is a number or a fault. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "series_private.h"

/* Where the figure of a column goes; what is not there is read by name (the key, lifetimes) or not at all. */
static const struct place {
	enum { PLACE_NONE, PLACE_WHOLE, PLACE_REAL } kind;
	size_t offset;
} places[COLUMN_COUNT] = {
	[COLUMN_LIVE_BYTES] = { PLACE_WHOLE, offsetof(struct site, live.bytes) },
	[COLUMN_LIVE_BLOCKS] = { PLACE_WHOLE, offsetof(struct site, live.blocks) },
	[COLUMN_LIVE_N] = { PLACE_WHOLE, offsetof(struct site, live.samples) },
	[COLUMN_LIVE_SURE] = { PLACE_WHOLE, offsetof(struct site, live.sure_bytes) },
	[COLUMN_LIVE_VAR] = { PLACE_REAL, offsetof(struct site, live.variance) },
	[COLUMN_ALLOC_BYTES] = { PLACE_WHOLE, offsetof(struct site, alloc.bytes) },
	[COLUMN_ALLOC_BLOCKS] = { PLACE_WHOLE, offsetof(struct site, alloc.blocks) },
	[COLUMN_ALLOC_N] = { PLACE_WHOLE, offsetof(struct site, alloc.samples) },
	[COLUMN_ALLOC_SURE] = { PLACE_WHOLE, offsetof(struct site, alloc.sure_bytes) },
	[COLUMN_ALLOC_VAR] = { PLACE_REAL, offsetof(struct site, alloc.variance) },
	[COLUMN_PEAK_BYTES] = { PLACE_WHOLE, offsetof(struct site, peak.bytes) },
	[COLUMN_PEAK_BLOCKS] = { PLACE_WHOLE, offsetof(struct site, peak.blocks) },
	[COLUMN_PEAK_N] = { PLACE_WHOLE, offsetof(struct site, peak.samples) },
	[COLUMN_PEAK_SURE] = { PLACE_WHOLE, offsetof(struct site, peak.sure_bytes) },
	[COLUMN_PEAK_VAR] = { PLACE_REAL, offsetof(struct site, peak.variance) },
	[COLUMN_TEMP_BYTES] = { PLACE_WHOLE, offsetof(struct site, temporary.bytes) },
	[COLUMN_TEMP_BLOCKS] = { PLACE_WHOLE, offsetof(struct site, temporary.blocks) },
	[COLUMN_TEMP_N] = { PLACE_WHOLE, offsetof(struct site, temporary.samples) },
	/* freed_bytes is alloc less live */
};

static struct place place_of(int column)
{
	return column >= 0 ? places[column] : (struct place){ 0 };
}

static uint64_t *figure(struct site *site, struct place place)
{
	return place.kind == PLACE_WHOLE ? (uint64_t *)((char *)site + place.offset) : NULL;
}

static double *variance(struct site *site, struct place place)
{
	return place.kind == PLACE_REAL ? (double *)((char *)site + place.offset) : NULL;
}

static bool read_figure(struct site *site, int column, const json_t *v)
{
	uint64_t *number = figure(site, place_of(column));
	double *real = variance(site, place_of(column));

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
	const struct site_key key = { site->stack, site->thread, site->domain };
	size_t at;
	int r = series_place(s, &key, &at, e);

	if (r == 0)
		r = series_change(s, at, e);
	if (r < 0)
		return r;
	late_forget(s, at);
	s->sites.at[at] = *site;
	return 0;
}

/* A row says all figures of a site; columns missing at its end are 0. */
static int judge_site(const struct series *s, const json_t *row, size_t number, struct site *ret, struct err *e)
{
	if (!read_key(s, row, ret))
		return series_bad(s, e, "site %zu has a stack, thread or domain that is not known", number + 1);
	for (size_t i = 0; i < s->column_count && i < json_array_size(row); i++)
		if (!read_figure(ret, s->columns[i], json_array_get(row, i)))
			return series_bad(s, e, "%s of site %zu is not a number from 0 on", site_columns[s->columns[i]],
					  number + 1);
	return 0;
}

static int read_site(struct series *s, const json_t *row, size_t number, struct err *e)
{
	struct site site = { 0 };
	int r = judge_site(s, row, number, &site, e);

	return r == 0 ? put_site(s, &site, e) : r;
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
		uint64_t *number = figure(site, place_of(column));
		double *real = variance(site, place_of(column));

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

		series_expect(s, at);
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

/* Rows that are not read before somebody wants to know: only whose they are, and where they end. */
static int keep_rows(struct series *s, const struct span *rows, struct err *e)
{
	const char *at = rows->at, *end = rows->at + rows->length, *next;

	for (;;) {
		struct site_key key;
		int r;

		next = late_key(s, at, end, &key);
		if (!next || (next < end && *next != ','))
			return NOT_SUCH;
		r = late_keep(s, &key, at, (size_t)(next - at), e);
		if (r < 0 || next == end)
			return r;
		at = next + 1;
	}
}

int series_row(struct series *s, const char *text, size_t length, struct site *ret, struct err *e)
{
	json_auto_t *parsed = NULL;
	struct number_row row;

	*ret = (struct site){ 0 };
	if (number_row_read(text, text + length, &row) == text + length && take_row(s, &row, ret))
		return 0;
	*ret = (struct site){ 0 };
	parsed = json_loadb(text, length, 0, NULL);
	return parsed ? judge_site(s, parsed, 0, ret, e) : series_bad(s, e, "a site of it is no list of numbers");
}

int series_rows(struct series *s, const struct tick *tick, struct err *e)
{
	const struct span *rows = &tick->lists[LIST_SITES];
	json_auto_t *parsed = NULL;
	const json_t *list = NULL;
	int r;

	if (!rows->length)
		r = series_list(s, tick->rest, "sites", &list, e);
	else
		r = s->is_late ? keep_rows(s, rows, e) : read_rows(s, rows, e);

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
