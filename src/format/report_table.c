/* The report for people: what it is of, then the rows, each with what its view has to say and where it is. */
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/report_figures.h"
#include "memspy/report_head.h"
#include "memspy/series.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "format_private.h"

enum { CALLERS_MOST = 6, BELOW = 4 };

struct columns {
	size_t figures, room, place_room, widest_place;
	size_t width; /* that lines must not pass; 0: any */
	bool below;   /* a terminal too narrow for both has the place below the figures */
};

static void add_callers(struct buf *to, const struct report *r, const struct row *row, const struct columns *c)
{
	const struct names *n = report_names(r);
	uint32_t leaf = rows_leaf(n, row->stack), stack = row->stack;
	_cleanup_(buf_done) struct buf line = { 0 };
	size_t more = 0, said = 0;

	while (stack && names_stack_at(n, stack).frame != leaf)
		stack = names_stack_at(n, stack).parent;
	for (stack = names_stack_at(n, stack).parent; stack; stack = names_stack_at(n, stack).parent) {
		struct frame f = names_frame_at(n, names_stack_at(n, stack).frame);
		struct row caller = { .file = names_text(n, f.file), .line = f.line };

		if (said >= CALLERS_MOST) {
			more++;
			continue;
		}
		buf_reset(&line);
		text_pad(&line, c->below ? 2 * BELOW : c->figures + BELOW);
		text_place(&line, &caller, c->place_room);
		buf_puts(&line, caller.file[0] ? "  " : "");
		text_name(&line, rows_function(n, names_stack_at(n, stack).frame));
		text_line(to, &line, c->width);
		said++;
	}
	if (more) {
		text_pad(to, c->below ? 2 * BELOW : c->figures + BELOW);
		buf_printf(to, "… %zu more callers\n", more);
	}
}

static void add_thread(struct buf *to, const struct report *r, const struct row *row)
{
	if (row->thread == 0)
		buf_puts(to, "several threads");
	else
		buf_printf(to, "thread %u%s", row->thread,
			   (int)row->thread == series_about(r->moments.series)->pid ? " (main)" : "");
}

static void add_where(struct buf *to, const struct report *r, const struct row *row, const struct columns *c)
{
	_cleanup_(buf_done) struct buf place = { 0 };
	size_t columns;

	if (r->by == BY_THREAD) {
		add_thread(to, r, row);
		return;
	}
	if (r->by == BY_MODULE) {
		text_name(to, row->module);
		return;
	}
	text_place(&place, row, c->place_room);
	columns = place.data ? text_columns(place.data) : 0;
	if (r->by == BY_FUNCTION || columns == 0) {
		text_name(to, row->function);
		buf_puts(to, columns ? "   " : "");
		buf_puts(to, columns ? place.data : "");
		return;
	}
	buf_puts(to, place.data);
	if (*row->function) {
		text_pad(to, c->widest_place > columns ? c->widest_place - columns + 3 : 3);
		text_name(to, row->function);
	}
}

static void add_row(struct buf *to, const struct report *r, const struct row *row, const struct columns *c)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	table_views[r->view].figures(&line, r, row);
	if (c->below) {
		text_line(to, &line, c->width);
		buf_reset(&line);
	}
	text_pad(&line, c->below ? BELOW : 2);
	add_where(&line, r, row, c);
	text_line(to, &line, c->width);
	if (r->by == BY_STACK)
		add_callers(to, r, row, c);
}

static void measure(struct columns *c, const struct report *r, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		_cleanup_(buf_done) struct buf place = { 0 };
		size_t columns;

		text_place(&place, &r->rows.at[i], c->place_room);
		columns = place.data ? text_columns(place.data) : 0;
		c->widest_place = columns > c->widest_place ? columns : c->widest_place;
	}
}

static void add_rest(struct buf *to, const struct report *r, size_t first, size_t end)
{
	uint64_t rest = 0;

	for (size_t i = first; i < end; i++)
		rest += (uint64_t)llabs((long long)row_bytes(&r->rows.at[i]));
	if (first < end)
		buf_printf(to, "%zu more %s%s, %s (--all)\n", end - first, rows_by_names[r->by], end - first == 1 ? "" : "s",
			   units_bytes(rest).text);
}

/* What shrank most stands first. */
static void add_shrunk(struct buf *to, const struct report *r, const struct columns *c, size_t first, size_t most)
{
	size_t count = r->rows.count - first, shown = most && most < count ? most : count;

	if (count == 0)
		return;
	buf_puts(to, "\nless than before:\n");
	for (size_t i = 0; i < shown; i++)
		add_row(to, r, &r->rows.at[r->rows.count - 1 - i], c);
	add_rest(to, r, first, r->rows.count - shown);
}

int report_table(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	const size_t width = look->width ? look->width : 100;
	_cleanup_(buf_done) struct buf titles = { 0 };
	struct columns c = { .figures = text_columns(table_views[r->view].head) };
	size_t own = 0, less, shown;

	(void)e;
	/* A place cut off says nothing; a terminal too narrow even for the figures turns lines over. */
	c.width = look->width >= c.figures ? look->width : 0;
	c.below = c.width && c.width < c.figures + 36;
	c.room = c.below ? width - BELOW : width > c.figures + 32 ? width - c.figures - 2 : 30;
	c.place_room = r->by == BY_FILE ? c.room : c.room * 2 / 3;
	/* Rows that only call others have no bytes of their own: they are in the JSON. */
	while (own < r->rows.count && row_bytes(&r->rows.at[own]) > 0)
		own++;
	for (less = own; less < r->rows.count && row_bytes(&r->rows.at[less]) == 0;)
		less++;
	shown = look->most_rows && look->most_rows < own ? look->most_rows : own;
	report_head(r, look->width, to);
	buf_printf(&titles, c.below ? "\n%s\n    where (" : "\n%s  where (", table_views[r->view].head);
	report_moment(r, &titles);
	buf_printf(&titles, ", own%s, by %s)\n", r->own_names ? " code" : "", rows_by_names[r->by]);
	text_fold(to, &titles, look->width, BELOW);
	measure(&c, r, 0, shown);
	for (size_t i = 0; i < shown; i++)
		add_row(to, r, &r->rows.at[i], &c);
	if (own == 0 && less == r->rows.count)
		buf_puts(to, "          -  nothing that was sampled\n");
	add_rest(to, r, shown, own);
	add_shrunk(to, r, &c, less, look->most_rows);
	return 0;
}
