/* The report for people: what it is of, then the rows, each with what its view has to say and where it is. */
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/more.h"
#include "memspy/report_figures.h"
#include "memspy/report_head.h"
#include "memspy/series.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "format_private.h"
#include "format_private.h"

enum { CALLERS_MOST = 6 };

static const struct more nothing;

static const struct more *more_of(const struct report *r, const struct row *row)
{
	return r->more ? &r->more[row - r->rows.at] : &nothing;
}

/* ---- the figures of each view ---- */

static void add_bytes(struct buf *to, const struct report *r, const struct row *row)
{
	struct difference own = report_interval(r, row);

	buf_printf(to, "%11s", units_bytes(row->own.bytes).text);
	text_percent(to, row->own.bytes, (struct interval){ (uint64_t)own.low, (uint64_t)own.high }, 8);
}

static void add_share(struct buf *to, uint64_t part, uint64_t whole, int columns)
{
	if (whole)
		buf_printf(to, "%*.1f", columns, (double)part / (double)whole * 100);
	else
		buf_printf(to, "%*s", columns, "-");
}

static void plain_figures(struct buf *to, const struct report *r, const struct row *row)
{
	add_bytes(to, r, row);
	text_number(to, row->own.blocks, 12);
	add_share(to, row->own.bytes, r->rows.sum.bytes, 8);
}

static void temporary_figures(struct buf *to, const struct report *r, const struct row *row)
{
	plain_figures(to, r, row);
	add_share(to, row->own.bytes, more_of(r, row)->allocated.bytes, 8);
}

static void leak_figures(struct buf *to, const struct report *r, const struct row *row)
{
	const struct more *m = more_of(r, row);
	double minutes = (r->moments.to_seconds - r->moments.middle_seconds) / 60, age = more_age(r, m);
	char percent[16];

	add_bytes(to, r, row);
	snprintf(percent, sizeof(percent), "%.0f %%", (double)m->certain_bytes / (double)row->own.bytes * 100);
	buf_printf(to, "%9s", percent);
	buf_printf(to, "%13s", minutes < 1.0 / 60 ? "-" : units_signed_bytes(more_growth(r, m).bytes).text);
	text_growth_percent(to, more_growth(r, m), 8);
	/* From the first tick on: it may be older than that. */
	buf_printf(to, "%8s%s", units_seconds(age).text, r->moments.trend_count && age >= r->moments.to_seconds ? "+" : " ");
	buf_printf(to, "  %-10s", more_verdict(r, row, m));
}

static void growth_figures(struct buf *to, const struct report *r, const struct row *row)
{
	struct difference own = report_interval(r, row);

	buf_printf(to, "%11s", units_signed_bytes(own.bytes).text);
	buf_printf(to, "%12s", units_signed_bytes(own.low).text);
	buf_printf(to, "%12s", units_signed_bytes(own.high).text);
	buf_printf(to, "%12s", units_bytes(row->before.bytes).text);
}

static uint64_t a_second(const struct report *r, uint64_t figure)
{
	double seconds = r->moments.to_seconds - (r->since_attach ? 0 : r->moments.from_seconds);

	return seconds > 0 ? (uint64_t)((double)figure / seconds + 0.5) : 0;
}

static void churn_figures(struct buf *to, const struct report *r, const struct row *row)
{
	struct difference own = report_interval(r, row);

	buf_printf(to, "%11s", units_bytes(a_second(r, row->own.bytes)).text);
	text_percent(to, row->own.bytes, (struct interval){ (uint64_t)own.low, (uint64_t)own.high }, 8);
	text_number(to, a_second(r, row->own.blocks), 12);
	buf_printf(to, "%12s", units_bytes(row->own.bytes).text);
	add_share(to, more_of(r, row)->freed.bytes, row->own.bytes, 8);
}

static struct units_text bucket_text(int bucket)
{
	struct units_text t = { "-" };

	if (bucket == LIFETIME_BUCKETS - 1)
		snprintf(t.text, sizeof(t.text), ">%d s", (1 << (bucket - 1)) / 1000);
	else if (bucket < 10)
		snprintf(t.text, sizeof(t.text), "%d ms", 1 << bucket);
	else if (bucket < LIFETIME_BUCKETS)
		snprintf(t.text, sizeof(t.text), "%d s", (1 << bucket) / 1000);
	return t;
}

/* A bar for each bucket; the fullest is the tallest, and what is not empty is seen. */
static void add_bars(struct buf *to, const uint64_t *v, size_t count)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = v[i] > most ? v[i] : most;
	for (size_t i = 0; i < count; i++)
		buf_puts(to, v[i] ? bars[(size_t)((double)v[i] / (double)most * 7 + 0.5)] : "·");
}

static void lifetime_figures(struct buf *to, const struct report *r, const struct row *row)
{
	const struct more *m = more_of(r, row);

	add_bytes(to, r, row);
	buf_printf(to, "%9s", bucket_text(more_lifetime(m, 0.5)).text);
	buf_printf(to, "%9s  ", bucket_text(more_lifetime(m, 0.9)).text);
	add_bars(to, m->lifetimes, LIFETIME_BUCKETS);
	buf_printf(to, "%12s", units_bytes(m->live.bytes).text);
}

static const struct {
	const char *head; /* as wide as the figures */
	void (*figures)(struct buf *to, const struct report *r, const struct row *row);
} views[VIEW_COUNT] = {
	[VIEW_LIVE] = { " live bytes       ±      blocks  % heap", plain_figures },
	[VIEW_ALLOCATED] = { "  allocated       ±      blocks   % all", plain_figures },
	[VIEW_PEAK] = { " peak bytes       ±      blocks   % all", plain_figures },
	[VIEW_LEAKS] = { " kept bytes       ±  certain   growth/min       ±     age≤  verdict   ", leak_figures },
	[VIEW_TEMPORARY] = { "  temporary       ±      blocks   % all  % own", temporary_figures },
	[VIEW_GROWTH] = { "     growth    at least     at most      before", growth_figures },
	[VIEW_CHURN] = { "    bytes/s       ±    blocks/s   allocated % freed", churn_figures },
	[VIEW_LIFETIMES] = { "freed bytes       ±   median      90%  <1ms········>16s  still live", lifetime_figures },
};

void report_moment(const struct report *r, struct buf *to)
{
	const struct moments *m = &r->moments;
	char stretch[64];

	if (r->since_attach)
		snprintf(stretch, sizeof(stretch), "in %.1f s", m->to_seconds);
	else
		snprintf(stretch, sizeof(stretch), "from %.1f s to %.1f s", m->from_seconds, m->to_seconds);
	switch (r->view) {
	case VIEW_ALLOCATED:
	case VIEW_CHURN:
		buf_printf(to, "allocated %s", stretch);
		break;
	case VIEW_PEAK:
		buf_puts(to, "live when the heap was largest");
		if (r->peak_is_tick)
			buf_printf(to, " from %.1f s on, as ticks saw it: at %.1f s", m->from_seconds, m->to_seconds);
		break;
	case VIEW_LEAKS:
		buf_printf(to, "live at %.1f s and still at %.1f s", m->from_seconds, m->to_seconds);
		break;
	case VIEW_TEMPORARY:
		if (r->temporary_bucket < 0)
			buf_printf(to, "freed by its thread before its next sample, %s", stretch);
		else
			buf_printf(to, "freed within %s, %s", bucket_text(r->temporary_bucket).text, stretch);
		break;
	case VIEW_GROWTH:
		buf_printf(to, "live at %.1f s less live at %.1f s", m->to_seconds, m->from_seconds);
		break;
	case VIEW_LIFETIMES:
		buf_printf(to, "freed %s", stretch);
		break;
	default:
		buf_printf(to, "live at %.1f s", m->to_seconds);
	}
}

/* ---- rows ---- */

struct columns {
	size_t figures, room, place_room, widest_place;
	size_t width; /* that lines must not pass; 0: any */
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
		text_pad(&line, c->figures + 4);
		text_place(&line, &caller, c->place_room);
		buf_puts(&line, caller.file[0] ? "  " : "");
		text_name(&line, rows_function(n, names_stack_at(n, stack).frame));
		text_line(to, &line, c->width);
		said++;
	}
	if (more) {
		text_pad(to, c->figures + 4);
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

	views[r->view].figures(&line, r, row);
	buf_puts(&line, "  ");
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
	struct columns c = { .figures = text_columns(views[r->view].head) };
	size_t own = 0, less, shown;

	(void)e;
	/* A place cut off says nothing: a terminal too narrow for one turns lines over. */
	c.width = look->width >= c.figures + 36 ? look->width : 0;
	c.room = width > c.figures + 32 ? width - c.figures - 2 : 30;
	c.place_room = r->by == BY_FILE ? c.room : c.room * 2 / 3;
	/* Rows that only call others have no bytes of their own: they are in the JSON. */
	while (own < r->rows.count && row_bytes(&r->rows.at[own]) > 0)
		own++;
	for (less = own; less < r->rows.count && row_bytes(&r->rows.at[less]) == 0;)
		less++;
	shown = look->most_rows && look->most_rows < own ? look->most_rows : own;
	report_head(r, to);
	buf_printf(to, "\n%s  where (", views[r->view].head);
	report_moment(r, to);
	buf_printf(to, ", own%s, by %s)\n", r->own_names ? " code" : "", rows_by_names[r->by]);
	measure(&c, r, 0, shown);
	for (size_t i = 0; i < shown; i++)
		add_row(to, r, &r->rows.at[i], &c);
	if (own == 0 && less == r->rows.count)
		buf_puts(to, "          -  nothing that was sampled\n");
	add_rest(to, r, shown, own);
	add_shrunk(to, r, &c, less, look->most_rows);
	return 0;
}
