/* What a tick adds to the figures of sites. Version 2; series_tick.c has the rows of version 1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

enum { PARTS = 6 }; /* of a row that we know */

/* [stack, thread, domain] */
static int take_site(struct series *s, const struct list_row *row, struct err *e)
{
	uint32_t stack, thread, domain;
	size_t at, known = s->sites.count;
	int r;

	if (!list_id(row, 0, names_stacks(s->names), &stack) || !list_id(row, 1, UINT32_MAX, &thread) ||
	    !list_id(row, 2, DOMAIN_COUNT - 1, &domain))
		return series_bad(s, e, "site %zu has a stack, thread or domain that is not known", known + 1);
	r = sites_find(&s->sites, stack, thread, domain, &at, e);
	return r == 0 && at != known ? series_bad(s, e, "site %zu is said twice", known + 1) : r;
}

static int take_amount(struct series *s, const struct list_row *row, struct err *e)
{
	struct amount amount = { 0 };

	for (size_t i = 0; i < row->count; i++) {
		amount.figures[i] = row->numbers[i];
		if (row->numbers[i] == INT64_MIN)
			return series_bad(s, e, "amount %zu is not a list of whole numbers", s->changes.amounts.count + 1);
	}
	return amounts_add(&s->changes.amounts, &amount, e);
}

/* number: of the row in its tick, from 1. */
static int take(struct series *s, const struct change *c, bool at_peak, size_t number, struct err *e)
{
	int r = changes_take(&s->changes, &s->sites, c, at_peak, e);

	return r == -EBADMSG ? series_bad(s, e, "change %zu leads to a figure below 0, or too large", number) : r;
}

/* A row as a parser took it: by way of the text that memspy would have written. */
static const char *as_written(const json_t *row, size_t sites, const struct amounts *a, struct change *ret)
{
	json_auto_t *known = json_copy((json_t *)row);
	const char *end = NULL;
	char *text;

	while (json_array_size(known) > PARTS)
		json_array_remove(known, PARTS);
	text = json_is_array(known) ? json_dumps(known, JSON_COMPACT) : NULL;
	if (text)
		end = change_read(text, text + strlen(text), a, sites, ret);
	free(text);
	return end;
}

static int read_parsed(struct series *s, const json_t *list, size_t from, bool at_peak, struct err *e)
{
	for (size_t i = from; i < json_array_size(list); i++) {
		struct change c;
		int r;

		if (!as_written(json_array_get(list, i), s->sites.count, &s->changes.amounts, &c))
			return series_bad(s, e, "change %zu is not of a site and of amounts that were named before it", i + 1);
		r = take(s, &c, at_peak, i + 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sites are many and far apart: a row is read some time before it is added, and meanwhile the memory of its site comes near. */
struct ahead {
	struct change rows[8];
	size_t read, taken;
};

enum { AHEAD = sizeof(((struct ahead *)0)->rows) / sizeof(struct change) };

static void expect(const struct series *s, uint32_t site)
{
	for (size_t i = 0; i < sizeof(struct site); i += 64)
		__builtin_prefetch((const char *)&s->sites.at[site] + i, 1);
}

/* Adds the oldest rows until no more than `left` wait. */
static int take_ahead(struct series *s, struct ahead *a, size_t left, bool at_peak, struct err *e)
{
	int r = 0;

	for (; r == 0 && a->read - a->taken > left; a->taken++)
		r = take(s, &a->rows[a->taken % AHEAD], at_peak, a->taken + 1, e);
	return r;
}

/* Rows as memspy writes them, read where they lie; from the first that is not such a parser of JSON judges. */
static int read_rows(struct series *s, const struct span *rows, bool at_peak, struct err *e)
{
	const char *at = rows->at, *end = rows->at + rows->length;
	json_auto_t *parsed = NULL;
	struct ahead a = { .read = 0 };
	int r = 0;

	while (at && at < end && r == 0) {
		struct change *c = &a.rows[a.read % AHEAD];

		at = change_read(at, end, &s->changes.amounts, s->sites.count, c);
		if (!at || (at < end && *at != ','))
			break;
		expect(s, c->site);
		a.read++;
		r = take_ahead(s, &a, AHEAD - 1, at_peak, e);
		if (at < end && ++at == end)
			at = NULL; /* a comma too many */
	}
	if (r == 0)
		r = take_ahead(s, &a, 0, at_peak, e);
	if (r < 0 || at == end)
		return r;
	parsed = json_loadb(rows->at - 1, rows->length + 2, 0, NULL);
	return parsed ? read_parsed(s, parsed, a.read, at_peak, e) : series_bad(s, e, "not a tick: its changes are no list");
}

int series_changes(struct series *s, const struct tick *tick, struct err *e)
{
	const bool at_peak = json_is_true(json_object_get(tick->rest, "at_peak"));
	const struct span *rows = &tick->lists[LIST_CHANGES];
	const json_t *list = NULL;
	int r = changes_begin(&s->changes, &s->sites, at_peak, e);

	if (r == 0)
		r = series_each(s, tick, LIST_SITES, "sites", take_site, e);
	if (r == 0)
		r = series_each(s, tick, LIST_AMOUNTS, "amounts", take_amount, e);
	if (r == 0)
		r = rows->length ? read_rows(s, rows, at_peak, e) : series_list(s, tick->rest, "changes", &list, e);
	if (r == 0)
		r = read_parsed(s, list, 0, at_peak, e);
	s->sample.sites = s->sites.at;
	s->sample.site_count = s->sites.count;
	return r;
}
