/* The report for people: what the process holds, how sure that is, what it does not cover; then the rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/units.h"
#include "report_private.h"

enum { FIGURE_COLUMNS = 44, CALLERS_MOST = 6 };

static const char *const column_names[VIEW_COUNT] = {
	[VIEW_LIVE] = "live bytes", [VIEW_ALLOCATED] = "allocated", [VIEW_PEAK] = "peak bytes",
	[VIEW_LEAKS] = "kept bytes",
};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* "21.6" where the figure beside it is in MiB. */
static struct units_text in_unit_of(uint64_t bytes, uint64_t unit_of)
{
	struct units_text t;
	double value = (double)bytes, size = (double)unit_of;

	for (; size >= 1023.95; size /= 1024)
		value /= 1024;
	snprintf(t.text, sizeof(t.text), unit_of < 1024 ? "%.0f" : "%.1f", value);
	return t;
}

static void add_title(struct buf *to, const struct report *r)
{
	const struct recording_about *about = series_about(r->series);
	uint64_t every = series_sample(r->series)->sample_bytes;
	time_t at = (time_t)(about->wall_ns / 1000000000u);
	struct tm local;
	char when[32];

	text_escape(to, *about->name ? about->name : *about->cmdline ? about->cmdline : "process");
	buf_printf(to, " (pid %d, CPython ", about->pid);
	text_escape(to, *about->python ? about->python : "?");
	buf_puts(to, ")   ");
	if (about->wall_ns && localtime_r(&at, &local) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local))
		buf_printf(to, "%s, ", when);
	buf_printf(to, "%s, ", units_seconds(r->seconds).text);
	if (every && every % 1024 == 0 && every < 1024 * 1024)
		buf_printf(to, "sampled every %llu KiB\n", (unsigned long long)every / 1024);
	else if (every)
		buf_printf(to, "sampled every %s\n", units_bytes(every).text);
	else
		buf_puts(to, "every allocation counted\n");
}

static void add_losses(struct buf *to, const struct losses *l)
{
	const struct {
		const char *what;
		uint64_t count;
	} kinds[] = {
		{ "allocations dropped: table busy", l->contention },
		{ "allocations dropped: table full", l->full },
		{ "frees missed: may look like leaks", l->frees },
		{ "without a stack of their own: no room", l->merged },
		{ "functions without a name: no room", l->text },
		{ "stacks cut", l->truncated },
		{ "entries torn at the last tick", l->torn },
	};
	const char *comma = "";

	if (losses_total(l) == 0)
		buf_puts(to, ", nothing lost");
	buf_putc(to, '\n');
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].count == 0)
			continue;
		buf_puts(to, *comma ? comma : losses_total(l) ? "lost     " : "note     ");
		text_number(to, kinds[i].count, 0);
		buf_printf(to, " %s", kinds[i].what);
		comma = "; ";
	}
	if (*comma)
		buf_putc(to, '\n');
}

static void add_heap(struct buf *to, const struct sample *s)
{
	struct estimate live = sample_live(s);
	struct interval sure = estimate_interval(&live, s->sample_bytes);

	buf_printf(to, "heap %13s   ", units_bytes(live.bytes).text);
	if (sure.high > sure.low)
		buf_printf(to, "± %s (", in_unit_of((sure.high - sure.low) / 2, live.bytes).text);
	else
		buf_puts(to, "exact (");
	text_number(to, live.samples, 0);
	buf_puts(to, " live samples)          allocated since attach\n");
}

/* The four lines add up to RSS; what the heap's estimate has too much is taken from what it cannot explain. */
static void add_summary(struct buf *to, const struct report *r)
{
	const struct sample *s = series_sample(r->series);
	uint64_t rss = s->memory.rss, rest = less(rss, sample_live(s).bytes);
	uint64_t before = series_about(r->series)->rss_at_attach;

	before = before < less(rest, s->table_bytes) ? before : less(rest, s->table_bytes);
	buf_printf(to, "RSS  %13s   at the end; ", units_bytes(rss).text);
	buf_printf(to, "%s at the start, ", units_bytes(r->first_rss).text);
	buf_printf(to, "%s at most\n", units_bytes(r->most_rss).text);
	if (s->sites || s->has_heap)
		add_heap(to, s);
	else
		buf_puts(to, "heap  not recorded\n");
	buf_printf(to, "before %11s   mapped before memspy came: not attributed\n", units_bytes(before).text);
	buf_printf(to, "other %12s   libraries, stacks, allocator slack", units_bytes(rest - before).text);
	buf_printf(to, "; our table is %s of it", units_bytes(s->table_bytes).text);
	add_losses(to, &s->lost);
	if (!series_end(r->series))
		buf_puts(to, series_is_torn(r->series) ?
			     "cut      the last line of the file is incomplete; all before it is here\n" :
			     "cut      the recording was not ended: it goes on, or memspy was killed\n");
}

static void add_moment(struct buf *to, const struct report *r)
{
	switch (r->view) {
	case VIEW_ALLOCATED:
		buf_printf(to, "allocated in %.1f s", r->seconds);
		break;
	case VIEW_PEAK:
		buf_puts(to, "live when the heap was largest");
		break;
	case VIEW_LEAKS:
		buf_printf(to, "live at %.1f s and still at %.1f s", r->mark_seconds, r->seconds);
		break;
	default:
		buf_printf(to, "live at %.1f s", r->seconds);
	}
}

static void add_callers(struct buf *to, const struct report *r, const struct row *row, size_t room)
{
	const struct names *n = series_names(r->series);
	uint32_t leaf = rows_leaf(n, row->stack), stack = row->stack;
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
		text_pad(to, FIGURE_COLUMNS + 2);
		text_place(to, &caller, room / 2);
		buf_puts(to, caller.file[0] ? "  " : "");
		text_escape(to, rows_function(n, names_stack_at(n, stack).frame));
		buf_putc(to, '\n');
		said++;
	}
	if (more) {
		text_pad(to, FIGURE_COLUMNS + 2);
		buf_printf(to, "… %zu more callers\n", more);
	}
}

static void add_where(struct buf *to, const struct report *r, const struct row *row, size_t place_columns,
		      size_t place_room)
{
	_cleanup_(buf_done) struct buf place = { 0 };
	size_t columns;

	text_place(&place, row, place_room);
	columns = place.data ? text_columns(place.data) : 0;
	if (r->by == BY_FUNCTION || columns == 0) {
		text_escape(to, row->function);
		buf_puts(to, columns ? "   " : "");
		buf_puts(to, columns ? place.data : "");
		return;
	}
	buf_puts(to, place.data);
	if (*row->function) {
		text_pad(to, place_columns > columns ? place_columns - columns + 3 : 3);
		text_escape(to, row->function);
	}
}

static void add_row(struct buf *to, const struct report *r, const struct row *row, size_t place_columns,
		    size_t place_room)
{
	struct interval sure = estimate_interval(&row->own, series_sample(r->series)->sample_bytes);
	uint64_t sum = r->rows.sum.bytes;

	buf_printf(to, "%11s", units_bytes(row->own.bytes).text);
	text_percent(to, row->own.bytes, sure, 8);
	text_number(to, row->own.blocks, 10);
	buf_printf(to, "%8.1f  ", sum ? (double)row->own.bytes / (double)sum * 100 : 0);
	add_where(to, r, row, place_columns, place_room);
	buf_putc(to, '\n');
}

static size_t widest_place(const struct report *r, size_t rows, size_t room)
{
	size_t widest = 0;

	for (size_t i = 0; i < rows; i++) {
		_cleanup_(buf_done) struct buf place = { 0 };
		size_t columns;

		text_place(&place, &r->rows.at[i], room);
		columns = place.data ? text_columns(place.data) : 0;
		widest = columns > widest ? columns : widest;
	}
	return widest;
}

void report_table(const struct report *r, const struct report_look *look, struct buf *to)
{
	const size_t width = look->width ? look->width : 100;
	const size_t room = width > FIGURE_COLUMNS + 30 ? width - FIGURE_COLUMNS : 30;
	const size_t place_room = r->by == BY_FILE ? room : room * 2 / 3;
	size_t own = 0, shown, widest;
	uint64_t rest = 0;

	/* Rows that only call others have no bytes of their own: they are in the JSON. */
	while (own < r->rows.count && r->rows.at[own].own.bytes)
		own++;
	shown = look->most_rows && look->most_rows < own ? look->most_rows : own;
	add_title(to, r);
	add_summary(to, r);
	buf_printf(to, "\n%11s       ±    blocks  %s  where (", column_names[r->view],
		   r->view == VIEW_LIVE ? "% heap" : " % all");
	add_moment(to, r);
	buf_printf(to, ", own, by %s)\n", rows_by_names[r->by]);
	widest = widest_place(r, shown, place_room);
	for (size_t i = 0; i < shown; i++) {
		add_row(to, r, &r->rows.at[i], widest, place_room);
		if (r->by == BY_STACK)
			add_callers(to, r, &r->rows.at[i], room);
	}
	for (size_t i = shown; i < own; i++)
		rest += r->rows.at[i].own.bytes;
	if (own == 0)
		buf_puts(to, "          -  nothing that was sampled\n");
	else if (shown < own)
		buf_printf(to, "%zu more %ss, %s (--all)\n", own - shown, rows_by_names[r->by], units_bytes(rest).text);
}
