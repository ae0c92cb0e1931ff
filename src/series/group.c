#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording_private.h"

enum { ROW_MOST = 160 /* bytes, of nearly all that were added up */ };

void group_done(struct group *g)
{
	buf_done(&g->head);
	for (int i = 0; i < LIST_CHANGES; i++)
		buf_done(&g->lists[i]);
	buf_done(&g->rows);
	sites_done(&g->sites);
	changes_done(&g->changes);
	told_done(&g->told);
	free(g->touched);
	free(g->is_touched);
	*g = (struct group){ 0 };
}

static int bad(struct err *e)
{
	return err_set(e, EBADMSG, "a tick of it does not read back");
}

static int room_for_touched(struct group *g, struct err *e)
{
	const size_t room = g->sites.room;
	uint32_t *touched;
	bool *is_touched;

	if (g->touched_room >= g->sites.count)
		return told_room(&g->told, &g->sites, e);
	touched = realloc(g->touched, room * sizeof(*touched));
	if (touched)
		g->touched = touched;
	is_touched = touched ? realloc(g->is_touched, room) : NULL;
	if (!is_touched)
		return err_set(e, ENOMEM, "out of memory for %zu sites", room);
	memset(is_touched + g->touched_room, 0, room - g->touched_room);
	g->is_touched = is_touched;
	g->touched_room = room;
	return told_room(&g->told, &g->sites, e);
}

static int add_sites(struct group *g, const struct span *rows, struct err *e)
{
	const char *at = rows->at, *end = span_end(rows);
	struct number_row row;
	size_t site, known;
	int r = 0;

	while (r == 0 && at < end) {
		at = number_row_read(at, end, &row);
		if (!at || row.count != 3 || (at < end && *at++ != ','))
			return bad(e);
		known = g->sites.count;
		r = sites_find(&g->sites, (uint32_t)row.numbers[0], (uint32_t)row.numbers[1], (uint32_t)row.numbers[2],
			       &site, e);
		if (r == 0 && site != known)
			r = bad(e);
	}
	return r == 0 ? room_for_touched(g, e) : r;
}

static int add_amounts(struct group *g, const struct span *rows, struct err *e)
{
	const char *at = rows->at, *end = span_end(rows);
	struct amount amount;
	int r = 0;

	while (r == 0 && at < end) {
		at = amount_read(at, end, &amount);
		if (!at || (at < end && *at++ != ','))
			return bad(e);
		r = amounts_add(&g->changes.amounts, &amount, e);
	}
	return r;
}

static int add_changes(struct group *g, const struct span *rows, bool at_peak, struct err *e)
{
	const char *at = rows->at, *end = span_end(rows);
	struct change c;
	int r = changes_begin(&g->changes, &g->sites, at_peak, e);

	while (r == 0 && at < end) {
		at = change_read(at, end, &g->changes.amounts, g->sites.count, &c);
		if (!at || (at < end && *at++ != ','))
			return bad(e);
		r = changes_take(&g->changes, &g->sites, &c, at_peak, e);
		if (r == -EBADMSG)
			return bad(e);
	}
	for (size_t i = 0; r == 0 && i < g->changes.changed_count; i++) {
		const uint32_t site = g->changes.changed[i];

		if (!g->is_touched[site])
			g->touched[g->touched_count++] = site;
		g->is_touched[site] = true;
	}
	return r;
}

/* Whether the peak is said of all sites at once is decided anew for the merged tick. */
static size_t without_at_peak(const char *line, size_t head, bool *ret)
{
	const size_t length = strlen(RECORDING_AT_PEAK);

	*ret = head >= length && memcmp(line + head - length, RECORDING_AT_PEAK, length) == 0;
	return *ret ? head - length : head;
}

/* Its figures alone. */
static int take_tick(struct group *g, const char *line, size_t length, struct tick_text *tick, struct err *e)
{
	bool at_peak;
	int r;

	if (!tick_text_split(line, length, tick))
		return bad(e);
	tick->head = without_at_peak(line, tick->head, &at_peak);
	r = add_sites(g, &tick->lists[LIST_SITES], e);
	if (r == 0)
		r = add_amounts(g, &tick->lists[LIST_AMOUNTS], e);
	return r == 0 ? add_changes(g, &tick->lists[LIST_CHANGES], at_peak, e) : r;
}

/* What was added is told. */
static void keep_told(struct group *g)
{
	for (size_t i = 0; i < g->touched_count; i++) {
		g->told.at[g->touched[i]] = g->sites.at[g->touched[i]];
		g->is_touched[g->touched[i]] = false;
	}
	g->touched_count = 0;
}

int group_pass(struct group *g, const char *line, size_t length, struct err *e)
{
	struct tick_text tick;
	int r = take_tick(g, line, length, &tick, e);

	keep_told(g);
	return r;
}

int group_add(struct group *g, const char *line, size_t length, struct err *e)
{
	struct tick_text tick;
	int r = take_tick(g, line, length, &tick, e);

	if (r < 0)
		return r;
	buf_reset(&g->head);
	buf_add(&g->head, line, tick.head);
	for (int i = 0; i < LIST_CHANGES; i++) {
		if (!tick.lists[i].length)
			continue;
		if (g->lists[i].length)
			buf_putc(&g->lists[i], ',');
		buf_add(&g->lists[i], tick.lists[i].at, tick.lists[i].length);
	}
	g->ticks_bytes += tick.head + tick.lists[LIST_CHANGES].length;
	g->ticks++;
	return 0;
}

static int add_row(struct group *g, uint32_t site, struct err *e)
{
	return told_row(&g->told, &g->rows, site, &g->sites.at[site], g->at_peak, &g->changes.amounts, 0, e);
}

static int make_rows(struct group *g, struct err *e)
{
	const struct changes *c = &g->changes;
	size_t peaks = 0, apart = 0;
	int r = 0;

	for (size_t i = 0; i < g->touched_count; i++) {
		const struct site *now = &g->sites.at[g->touched[i]], *told = &g->told.at[g->touched[i]];

		peaks += memcmp(&now->peak, &told->peak, sizeof(now->peak)) != 0;
	}
	for (size_t i = 0; i < c->apart_count && apart < peaks; i++)
		apart += !site_is_at_peak(&g->sites.at[c->apart[i]]);
	g->at_peak = apart < peaks;
	g->rows_of = g->ticks;
	buf_reset(&g->rows);
	for (size_t i = 0; i < g->touched_count && r == 0; i++)
		r = add_row(g, g->touched[i], e);
	for (size_t i = 0; g->at_peak && i < c->apart_count && r == 0; i++)
		if (!g->is_touched[c->apart[i]])
			r = add_row(g, c->apart[i], e);
	return r;
}

int group_is_whole(struct group *g, size_t more, bool *ret, struct err *e)
{
	size_t bytes = g->head.length + more;
	int r;

	*ret = false;
	if (g->ticks == 0)
		return 0;
	for (int i = 0; i < LIST_CHANGES; i++)
		bytes += g->lists[i].length;
	if (bytes + g->touched_count * ROW_MOST > GROUP_LINE_MOST || g->ticks_bytes > GROUP_ROWS_MOST) {
		*ret = true;
		return 0;
	}
	/* Rows of few ticks are made in vain: it is tried when there are a quarter more than last time. */
	if (g->ticks < 2 || g->ticks < g->rows_of + g->rows_of / 4 + 1)
		return 0;
	r = make_rows(g, e);
	*ret = g->head.length + g->rows.length <= g->ticks_bytes / 2;
	return r;
}

int group_write(struct group *g, struct buf *to, struct err *e)
{
	int r = g->rows_of == g->ticks ? 0 : make_rows(g, e);
	bool failed = g->head.failed || g->rows.failed;

	buf_add(to, g->head.data, g->head.length);
	buf_puts(to, g->at_peak ? RECORDING_AT_PEAK : "");
	for (int i = 0; i < LIST_COUNT; i++) {
		const struct buf *list = i == LIST_CHANGES ? &g->rows : &g->lists[i];

		failed |= list->failed;
		if (!list->length)
			continue;
		buf_puts(to, tick_list_keys[i]);
		buf_add(to, list->data, list->length);
		buf_putc(to, ']');
	}
	buf_putc(to, '}');
	for (int i = 0; i < LIST_CHANGES; i++)
		buf_reset(&g->lists[i]);
	buf_reset(&g->rows);
	keep_told(g);
	g->ticks_bytes = g->ticks = g->rows_of = 0;
	if (r < 0)
		return r;
	return failed || to->failed ? err_set(e, ENOMEM, "out of memory") : 0;
}
