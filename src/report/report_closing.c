/* What record ends with. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/report.h"
#include "memspy/report_figures.h"
#include "memspy/text.h"
#include "memspy/units.h"

enum { CLOSING_ROWS = 5, FIGURE_COLUMNS = 38 };

static void report_freep(struct report **r)
{
	report_free(*r);
}

enum figures { LIVE_NOW, CHANGE, PEAK };

static int rows_of(const struct report *r, enum figures which, struct rows *ret, struct err *e)
{
	const struct sample *s = report_sample(r);
	_cleanup_(freep) struct part *parts = calloc(s->site_count + 1, sizeof(*parts));

	if (!parts)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < s->site_count; i++) {
		const struct site *site = &s->sites[i], *then = moments_before(&r->moments, i);

		parts[i] = (struct part){ .stack = site->stack, .figures = which == PEAK ? site->peak : site->live };
		if (which != CHANGE)
			continue;
		parts[i].before = then->live;
		parts[i].came = site->alloc;
		estimate_subtract(&parts[i].came, &then->alloc);
	}
	return rows_build(ret, BY_LINE, report_names(r), parts, s->site_count, e);
}

static const struct row *find(const struct rows *rows, const struct row *like)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->at[i].line == like->line && strcmp(rows->at[i].file, like->file) == 0 &&
		    (like->line || strcmp(rows->at[i].function, like->function) == 0))
			return &rows->at[i];
	return NULL;
}

static int64_t a_minute(const struct report *r, int64_t bytes)
{
	return (int64_t)((double)bytes / ((r->moments.to_seconds - r->moments.from_seconds) / 60));
}

static void add_growth(struct buf *to, const struct report *r, const struct row *change)
{
	struct difference growth;

	/* Under a second nothing can be said of a minute. */
	if (!change || r->moments.to_seconds - r->moments.from_seconds < 1) {
		buf_printf(to, "%12s%7s", "-", "-");
		return;
	}
	growth = estimate_growth(&change->before, &change->own, &change->came, report_sample(r)->sample_bytes);
	buf_printf(to, "%12s", units_signed_bytes(a_minute(r, growth.bytes)).text);
	text_growth_percent(to, growth, 7);
}

/* change: of the stretch, the rows that growth is told from; NULL: it is not told. */
static void add_row(struct buf *to, const struct report *r, const struct row *row, const struct rows *change, size_t room)
{
	struct interval sure = estimate_interval(&row->own, report_sample(r)->sample_bytes);
	_cleanup_(buf_done) struct buf place = { 0 };

	buf_printf(to, "%11s", units_bytes(row->own.bytes).text);
	text_percent(to, row->own.bytes, sure, 6);
	if (change)
		add_growth(to, r, find(change, row));
	buf_puts(to, "  ");
	text_place(&place, row, room);
	if (place.length)
		buf_printf(to, "%s  ", place.data);
	text_name(to, row->function);
	buf_putc(to, '\n');
}

static const char *const counts[CLOSING_ROWS + 1] = {
	"no line", "line", "two lines", "three lines", "four lines", "five lines",
};

/* On a line of its own where a terminal has no room beside the sum. */
static void add_next(struct buf *to, size_t begin, const char *path, const char *view, unsigned width)
{
	_cleanup_(buf_done) struct buf next = { 0 };

	buf_puts(&next, "Next: memspy report ");
	text_escape(&next, path);
	buf_printf(&next, " --view %s\n", view);
	buf_puts(to, width && to->length - begin + 3 + next.length > width + 1 ? "\n   " : "   ");
	buf_puts(to, next.data ? next.data : "");
}

/* Of so few samples figures are rough, and whoever looks for the first time does not know what to do about that. */
static void add_advice(struct buf *to, const struct report *r, const struct estimate *all)
{
	const uint64_t every = report_sample(r)->sample_bytes;
	struct interval sure = estimate_interval(all, every);

	if (every < 8 || (double)(sure.high - sure.low) <= 0.5 * (double)all->bytes)
		return;
	buf_printf(to, "   Rough, of %llu samples: record for longer, or with --sample-bytes ", (unsigned long long)all->samples);
	buf_printf(to, "%s\n", units_size_option(every / 8).text);
}

static void add_rows(struct buf *to, const struct report *r, const struct rows *rows, const struct rows *change,
		     const char *path, unsigned width)
{
	const size_t columns = width ? width : 100;
	size_t shown = 0, room = columns > FIGURE_COLUMNS + 30 ? columns - FIGURE_COLUMNS : 30;
	uint64_t sum = 0;
	size_t begin;

	for (; shown < CLOSING_ROWS && shown < rows->count && rows->at[shown].own.bytes; shown++) {
		add_row(to, r, &rows->at[shown], change, room * 2 / 3);
		sum += rows->at[shown].own.bytes;
	}
	begin = to->length;
	buf_printf(to, "%11s of ", units_bytes(sum).text);
	buf_printf(to, "%s in the %s above.", units_bytes(rows->sum.bytes).text, counts[shown]);
	add_next(to, begin, path, change ? "leaks" : "peak", width);
	add_advice(to, r, &rows->sum);
}

/* A program that has ended gave everything back: what it held when it held most is the answer then. */
static int add_peak(struct buf *to, const struct report *r, const char *path, unsigned width, struct err *e)
{
	_cleanup_(rows_done) struct rows rows = { 0 };
	int code = rows_of(r, PEAK, &rows, e);

	if (code < 0)
		return code;
	if (rows.sum.bytes == 0) {
		buf_puts(to, "  nothing that was allocated since memspy came is live\n");
		return 0;
	}
	buf_puts(to, "    at peak     ±  where\n");
	add_rows(to, r, &rows, NULL, path, width);
	return 0;
}

int report_closing(const char *path, unsigned width, struct buf *to, struct err *e)
{
	_cleanup_(report_freep) struct report *r = calloc(1, sizeof(*r));
	_cleanup_(rows_done) struct rows now = { 0 };
	_cleanup_(rows_done) struct rows change = { 0 };
	int code;

	if (!r)
		return err_set(e, ENOMEM, "out of memory for a report");
	/* Growth is that of the newer half: what a program sets up when it starts is not what it grows by. */
	code = moments_open_ends(&r->moments, path, (struct moment){ MOMENT_SHARE, 0.5 }, (struct moment){ 0 }, e);
	if (code == 0)
		code = rows_of(r, LIVE_NOW, &now, e);
	if (code == 0)
		code = rows_of(r, CHANGE, &change, e);
	if (code < 0)
		return code;
	if (now.sum.bytes < report_sample(r)->peak_bytes / 10)
		return add_peak(to, r, path, width, e);
	if (now.sum.bytes == 0) {
		buf_puts(to, "  nothing that was allocated since memspy came is live\n");
		return 0;
	}
	buf_puts(to, "   live now     ±  growth/min      ±  where\n");
	add_rows(to, r, &now, &change, path, width);
	return 0;
}
