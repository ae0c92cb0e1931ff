/* What stands above the rows of a report for people: what the process holds, how sure that is, what it does not cover. */
#include "memspy/report_head.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/report_figures.h"
#include "memspy/series.h"
#include "memspy/text.h"
#include "memspy/units.h"

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
	const struct recording_about *about = series_about(r->moments.series);
	uint64_t every = report_sample(r)->sample_bytes;
	time_t at = (time_t)(about->wall_ns / 1000000000u);
	struct tm local;
	char when[32];

	text_name(to, *about->name ? about->name : *about->cmdline ? about->cmdline : "process");
	buf_printf(to, " (pid %d, CPython ", about->pid);
	text_escape(to, *about->python ? about->python : "?");
	buf_puts(to, ")   ");
	if (about->wall_ns && localtime_r(&at, &local) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local))
		buf_printf(to, "%s, ", when);
	buf_printf(to, "%s, ", units_seconds(r->moments.to_seconds).text);
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

/* How it ended, when nobody asked for that. */
static void add_end(struct buf *to, const struct series *s)
{
	const char *end = series_end(s);

	if (!end) {
		buf_puts(to, series_is_torn(s) ? "cut      the last line of the file is incomplete; all before it is here\n" :
						 "cut      the recording was not ended: it goes on, or memspy was killed\n");
	} else if (strncmp(end, "target killed", 13) == 0) {
		buf_puts(to, "ended    ");
		text_escape(to, end + 7);
		buf_putc(to, '\n');
	}
}

/* The four lines add up to RSS; what the heap's estimate has too much is taken from what it cannot explain. */
static void add_head(struct buf *to, const struct report *r)
{
	const struct sample *s = report_sample(r);
	uint64_t rss = s->memory.rss, rest = less(rss, sample_live(s).bytes);
	const struct recording_about *about = series_about(r->moments.series);
	const uint64_t then = about->rss_at_attach;
	uint64_t before;

	add_title(to, r);
	before = then < less(rest, s->table_bytes) ? then : less(rest, s->table_bytes); /* RSS has no room for more */
	buf_printf(to, "RSS  %13s   at the end; ", units_bytes(rss).text);
	buf_printf(to, "%s at the start, ", units_bytes(r->moments.rss_first).text);
	buf_printf(to, "%s at most", units_bytes(r->moments.rss_most).text);
	if (about->memory_limit)
		buf_printf(to, "; its cgroup may have %s", units_bytes(about->memory_limit).text);
	buf_putc(to, '\n');
	if (s->sites || s->has_heap)
		add_heap(to, s);
	else
		buf_puts(to, "heap  not recorded\n");
	buf_printf(to, "before %11s   mapped before memspy came", units_bytes(before).text);
	if (before < then)
		buf_printf(to, " (%s then)", units_bytes(then).text);
	buf_puts(to, ": not attributed\n");
	buf_printf(to, "other %12s   libraries, stacks, allocator slack", units_bytes(rest - before).text);
	buf_printf(to, "; our table is %s%s", units_bytes(s->table_bytes).text, rest - before < s->table_bytes ? "" : " of it");
	add_losses(to, &s->lost);
	if (r->moments.is_whole)
		add_end(to, r->moments.series);
}

void report_head(const struct report *r, size_t width, struct buf *to)
{
	enum { MARGIN = 9 };
	_cleanup_(buf_done) struct buf head = { 0 };

	add_head(&head, r);
	text_fold(to, &head, width, MARGIN);
}
