/* The difference for people: what is compared, how much it changed in all, then the rows, the largest change first. */
#include <string.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "diff_private.h"

enum { FIGURE_COLUMNS = 56, CALLERS_MOST = 6 };

/* "before.json at 22 s" */
static void say_where(struct buf *to, const struct diff_end *end)
{
	text_path(to, end->path, 48);
	buf_printf(to, " at %s", end->seconds > 0 ? units_seconds(end->seconds).text : "0 s");
}

static size_t where_columns(const struct diff_end *end)
{
	_cleanup_(buf_done) struct buf where = { 0 };

	say_where(&where, end);
	return where.data ? text_columns(where.data) : 0;
}

static void add_end(struct buf *to, const char *what, const struct diff_end *end, size_t columns)
{
	const struct recording_about *about = series_about(end->report->moments.series);
	time_t at = (time_t)((double)about->wall_ns / 1e9 + end->seconds);
	struct tm local;
	char when[32];

	buf_printf(to, "%-8s", what);
	say_where(to, end);
	text_pad(to, columns - where_columns(end) + 3);
	text_escape(to, *about->name ? about->name : *about->cmdline ? about->cmdline : "process");
	buf_printf(to, " (pid %d, CPython ", about->pid);
	text_escape(to, *about->python ? about->python : "?");
	buf_putc(to, ')');
	if (about->wall_ns && localtime_r(&at, &local) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local))
		buf_printf(to, "   %s", when);
	buf_putc(to, '\n');
}

/* "between -1.5 MiB and +18.6 MiB" */
static void add_interval(struct buf *to, const struct difference *c)
{
	if (c->low == c->high) {
		buf_puts(to, "exact");
		return;
	}
	buf_printf(to, "between %s and ", units_signed_bytes(c->low).text);
	buf_puts(to, units_signed_bytes(c->high).text);
}

static void add_sums(struct buf *to, const struct diff *d)
{
	struct difference change = diff_sum_interval(d);
	uint64_t lost = d->before.lost + d->after.lost;

	buf_printf(to, "%-8s%10s ->", report_view_names[d->view], units_bytes(d->rows.sum_before.bytes).text);
	buf_printf(to, "%11s", units_bytes(d->rows.sum.bytes).text);
	buf_printf(to, "   %s, ", units_signed_bytes(change.bytes).text);
	add_interval(to, &change);
	if (change.low != change.high && change.low <= 0 && change.high >= 0)
		buf_puts(to, ": this may be chance");
	buf_printf(to, "\nRSS     %10s ->", units_bytes(d->before.rss).text);
	buf_printf(to, "%11s   ", units_bytes(d->after.rss).text);
	buf_printf(to, "%s\n", units_signed_bytes((int64_t)(d->after.rss - d->before.rss)).text);
	if (lost) {
		buf_puts(to, "lost    ");
		text_number(to, lost, 0);
		buf_puts(to, " samples: how many of them each side lost is in memspy report\n");
	}
}

static const char *bytes_or_none(uint64_t bytes, struct units_text *t)
{
	*t = units_bytes(bytes);
	return bytes ? t->text : "-";
}

static void add_place(struct buf *to, const struct row *row, size_t room)
{
	size_t before = to->length;

	text_place(to, row, room);
	if (to->length > before)
		buf_puts(to, *row->function ? "  " : "");
}

static void add_row(struct buf *to, const struct diff *d, const struct row *row, size_t room, bool below)
{
	struct difference c = diff_interval(d, row);
	struct units_text t;
	bool sure;
	const char *state = diff_state(row, &c, &sure);

	buf_printf(to, "%12s", units_signed_bytes(c.bytes).text);
	buf_printf(to, "%12s", bytes_or_none(((uint64_t)c.high - (uint64_t)c.low) / 2, &t));
	buf_printf(to, "%12s", bytes_or_none(row->before.bytes, &t));
	buf_printf(to, "%12s  ", bytes_or_none(row->own.bytes, &t));
	buf_printf(to, "%s%-*s", state, (int)(8 - strlen(state)), sure ? "" : "?");
	buf_puts(to, below ? "\n    " : "");
	if (d->by == BY_MODULE)
		text_escape(to, row->module);
	else
		add_place(to, row, d->by == BY_FILE ? room : room * 2 / 3);
	text_escape(to, row->function);
	buf_putc(to, '\n');
}

static void add_callers(struct buf *to, const struct diff *d, const struct row *row, size_t room, bool below)
{
	const struct names *n = d->names;
	uint32_t leaf = rows_leaf(n, row->stack), stack = row->stack;
	size_t more = 0, said = 0;

	while (stack && names_stack_at(n, stack).frame != leaf)
		stack = names_stack_at(n, stack).parent;
	for (stack = names_stack_at(n, stack).parent; stack; stack = names_stack_at(n, stack).parent) {
		uint32_t frame = names_stack_at(n, stack).frame;
		struct frame f = names_frame_at(n, frame);
		struct row caller = { .file = names_text(n, f.file), .line = f.line, .function = rows_function(n, frame) };

		if (said >= CALLERS_MOST) {
			more++;
			continue;
		}
		text_pad(to, below ? 8 : FIGURE_COLUMNS + 4);
		add_place(to, &caller, room / 2);
		text_escape(to, caller.function);
		buf_putc(to, '\n');
		said++;
	}
	if (more) {
		text_pad(to, below ? 8 : FIGURE_COLUMNS + 4);
		buf_printf(to, "… %zu more callers\n", more);
	}
}

/* Rows that did not change at all are counted only. */
static size_t count_changed(const struct diff *d)
{
	size_t n = 0;

	while (n < d->rows.count && row_bytes(&d->rows.at[n]) != 0)
		n++;
	return n;
}

void diff_table(const struct diff *d, const struct diff_look *look, struct buf *to)
{
	const size_t width = look->width ? look->width : 100, changed = count_changed(d);
	/* A terminal too narrow for both has the place below the figures. */
	const bool below = width >= FIGURE_COLUMNS && width < FIGURE_COLUMNS + 36;
	const size_t room = below ? width - 4 : width > FIGURE_COLUMNS + 24 ? width - FIGURE_COLUMNS : 24;
	const size_t shown = look->most_rows && look->most_rows < changed ? look->most_rows : changed;
	const size_t before = where_columns(&d->before), after = where_columns(&d->after);
	_cleanup_(buf_done) struct buf facts = { 0 };
	int64_t rest = 0;
	bool doubt = false;

	add_end(&facts, "before", &d->before, before > after ? before : after);
	add_end(&facts, "after", &d->after, before > after ? before : after);
	add_sums(&facts, d);
	text_fold(to, &facts, look->width, 8);
	buf_printf(to, "\n      change           ±      before       after%swhere (%s, own, by %s)\n", below ? "\n    " : "          ", report_view_names[d->view],
		   rows_by_names[d->by]);
	for (size_t i = 0; i < shown; i++) {
		struct difference c = diff_interval(d, &d->rows.at[i]);

		doubt |= c.low <= 0 && c.high >= 0;
		add_row(to, d, &d->rows.at[i], room, below);
		if (d->by == BY_STACK)
			add_callers(to, d, &d->rows.at[i], room, below);
	}
	for (size_t i = shown; i < changed; i++)
		rest += row_bytes(&d->rows.at[i]);
	if (changed == 0)
		buf_puts(to, "           -  nothing changed\n");
	if (shown < changed)
		buf_printf(to, "%zu more %ss, %s in all (--all)\n", changed - shown, rows_by_names[d->by],
			   units_signed_bytes(rest).text);
	if (doubt)
		buf_puts(to, "? the interval holds 0: this change may be chance\n");
}
