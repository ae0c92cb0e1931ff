/* A summary for people. */
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/report_head.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "summary_private.h"

enum { FIGURES = 44, TOP = 5, TOP_OF_STATS = 10 };

static size_t top_of(bool stats, const struct report_look *look)
{
	return look->most_rows ? look->most_rows : stats ? TOP_OF_STATS : TOP;
}

/* Where a row is, and its end. The figures of the line are in `line`, which is empty again behind this. */
static void add_place(struct buf *to, struct buf *line, const struct row *row, const struct report_look *look)
{
	const size_t width = look->width ? look->width : 100, room = width > FIGURES + 40 ? (width - FIGURES) * 2 / 3 : 30;
	size_t before;

	buf_puts(line, "  ");
	before = line->length;
	if (*row->module)
		text_name(line, row->module);
	else
		text_place(line, row, room);
	if (*row->function && !*row->module) {
		buf_puts(line, line->length > before ? "  " : "");
		text_name(line, row->function);
	}
	text_line(to, line, look->width > FIGURES + 30 ? look->width : 0);
	buf_reset(line);
}

static void add_share(struct buf *to, const struct summary *s, const struct estimate *e)
{
	struct interval sure = estimate_interval(e, report_sample(s->r)->sample_bytes);

	buf_printf(to, "%11s", units_bytes(e->bytes).text);
	text_percent(to, e->bytes, sure, 8);
	text_number(to, e->blocks, 12);
	buf_printf(to, "%8.1f", s->live.bytes ? (double)e->bytes / (double)s->live.bytes * 100 : 0);
}

static void add_rows(struct buf *to, const struct summary *s, const char *title, const struct rows *rows, size_t most,
		     const struct report_look *look)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	buf_printf(to, "\n live bytes       ±      blocks  %% heap  %s\n", title);
	for (size_t i = 0; i < rows->count && i < most && rows->at[i].own.bytes; i++) {
		add_share(&line, s, &rows->at[i].own);
		add_place(to, &line, &rows->at[i], look);
	}
}

static void add_by_blocks(struct buf *to, const struct summary *s, size_t most, const struct report_look *look)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	buf_printf(to, "\n     blocks   mean size  live bytes         most blocks (by %s)\n", rows_by_names[s->r->by]);
	for (size_t i = 0; i < s->r->rows.count && i < most; i++) {
		const struct row *row = &s->r->rows.at[s->by_blocks[i]];

		if (row->own.blocks == 0)
			break;
		text_number(&line, row->own.blocks, 11);
		buf_printf(&line, "%12s", units_bytes(row->own.bytes / row->own.blocks).text);
		buf_printf(&line, "%12s%6s", units_bytes(row->own.bytes).text, "");
		add_place(to, &line, row, look);
	}
}

static void add_growing(struct buf *to, const struct summary *s, const struct report_look *look)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	if (s->growing_count)
		buf_printf(to, "\n growth/min    at least     at most       growing since %.0f s (by %s)\n",
			   s->r->moments.middle_seconds, rows_by_names[s->r->by]);
	for (size_t i = 0; i < s->growing_count; i++) {
		const struct difference *d = &s->growing[i].a_minute;

		buf_printf(&line, "%11s", units_signed_bytes(d->bytes).text);
		buf_printf(&line, "%12s", units_signed_bytes(d->low).text);
		buf_printf(&line, "%12s%4s", units_signed_bytes(d->high).text, "");
		add_place(to, &line, &s->r->rows.at[s->growing[i].row], look);
	}
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole * 100 : 0;
}

static void add_turnover(struct buf *to, const struct summary *s)
{
	buf_printf(to, "turned %11s   allocated in %s; ", units_bytes(s->allocated.bytes).text,
		   units_seconds(s->r->moments.to_seconds).text);
	buf_printf(to, "%.1f %% of it freed again, ", percent(s->freed.bytes, s->allocated.bytes));
	buf_printf(to, "%.1f %% at once\n", percent(s->temporary.bytes, s->allocated.bytes));
	buf_printf(to, "peak %13s   the most that was live at once, of what memspy saw\n",
		   units_bytes(s->peak_bytes).text);
}

/* Each sentence on its own lines, with its mark. */
static void add_advice(struct buf *to, const struct summary *s)
{
	_cleanup_(buf_done) struct buf advice = { 0 };

	summary_advice(s, &advice);
	for (const char *at = advice.data; at && *at; at = strchr(at, '\n') + 1)
		buf_printf(to, "  → %.*s\n", (int)strcspn(at, "\n"), at);
}

static void add_quality(struct buf *to, const struct summary *s)
{
	const struct sample *now = report_sample(s->r);

	buf_printf(to, "\nhow sure: %s\n", summary_word(s));
	buf_puts(to, "  samples ");
	text_number(to, s->live.samples, 0);
	buf_puts(to, " live, ");
	text_number(to, s->allocated.samples, 0);
	if (now->sample_bytes)
		buf_printf(to, " in all; lines from %s on are known to 20 %%\n", units_bytes(s->known_bytes).text);
	else
		buf_puts(to, " in all: every allocation counted\n");
	buf_printf(to, "  stacks  %.1f %% whole, %.1f %% cut, %.1f %% merged, %.1f %% without names, %.1f %% without Python\n",
		   s->stacks.whole * 100, s->stacks.cut * 100, s->stacks.merged * 100, s->stacks.nameless * 100,
		   s->stacks.without * 100);
	buf_printf(to, "  ticks   %zu, the longest gap %s; ", s->ticks, units_seconds(s->gap_seconds).text);
	buf_printf(to, "our table holds %s in the target\n", units_bytes(now->table_bytes).text);
	add_advice(to, s);
}

/* ---- stats only ---- */

static void add_domains(struct buf *to, const struct summary *s)
{
	static const char *const what[DOMAIN_COUNT] = {
		[DOMAIN_MALLOC] = "malloc: C, numpy, large Python objects", [DOMAIN_MEM] = "mem: PyMem, buffers of lists and dicts",
		[DOMAIN_OBJ] = "obj: PyObject, small Python objects", [DOMAIN_MMAP] = "mmap: mappings, arenas of others",
	};

	buf_puts(to, "\n live bytes       ±      blocks  % heap   allocated  mean size  allocator\n");
	for (int d = 0; d < DOMAIN_COUNT; d++) {
		const struct summary_domain *domain = &s->domains[d];

		if (domain->allocated.samples == 0 && domain->live.samples == 0)
			continue;
		add_share(to, s, &domain->live);
		buf_printf(to, "%12s", units_bytes(domain->allocated.bytes).text);
		buf_printf(to, "%11s  %s\n", domain->allocated.blocks ?
			   units_bytes(domain->allocated.bytes / domain->allocated.blocks).text : "-", what[d]);
	}
}

static void add_bar(struct buf *to, uint64_t part, uint64_t most)
{
	enum { COLUMNS = 24 };
	size_t eighths = most ? (size_t)((double)part / (double)most * COLUMNS * 8 + 0.5) : 0;
	static const char *const rest[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

	eighths = part && eighths == 0 ? 1 : eighths;
	buf_puts(to, "  ");
	for (size_t i = 0; i < eighths / 8; i++)
		buf_puts(to, "█");
	buf_puts(to, rest[eighths % 8]);
	buf_putc(to, '\n');
}

static void add_sizes(struct buf *to, const struct summary *s)
{
	uint64_t most = 0;

	for (int b = 0; b < SIZE_BUCKETS; b++)
		most = s->sizes[b].live_bytes > most ? s->sizes[b].live_bytes : most;
	buf_puts(to, "\n  mean size  live bytes      blocks   allocated blocks  sizes\n");
	for (int b = 0; b < SIZE_BUCKETS; b++) {
		const struct summary_size *size = &s->sizes[b];

		if (size->allocated_blocks == 0 && size->live_bytes == 0)
			continue;
		buf_printf(to, "< %9s", units_bytes(1ull << b).text);
		buf_printf(to, "%12s", units_bytes(size->live_bytes).text);
		text_number(to, size->live_blocks, 12);
		text_number(to, size->allocated_blocks, 19);
		add_bar(to, size->live_bytes, most);
	}
	buf_puts(to,
		 "Sizes of single blocks are not recorded: the blocks of a stack count with the mean of that stack.\n");
}

static void add_ages(struct buf *to, const struct summary *s)
{
	uint64_t all = 0, most = 0;

	for (int b = 0; b < LIFETIME_BUCKETS; b++) {
		all += s->lifetimes[b];
		most = s->lifetimes[b] > most ? s->lifetimes[b] : most;
	}
	buf_puts(to, "\n freed after     samples   % all  ages\n");
	for (int b = 0; b < LIFETIME_BUCKETS && all; b++) {
		uint64_t upper = 1u << (b < LIFETIME_BUCKETS - 1 ? b : b - 1);

		if (s->lifetimes[b] == 0)
			continue;
		buf_printf(to, "%c%8llu %s", b < LIFETIME_BUCKETS - 1 ? '<' : '>', (unsigned long long)(upper < 1000 ? upper : upper / 1000),
			   upper < 1000 ? "ms" : "s ");
		text_number(to, s->lifetimes[b], 12);
		buf_printf(to, "%8.1f", percent(s->lifetimes[b], all));
		add_bar(to, s->lifetimes[b], most);
	}
	if (all == 0)
		buf_puts(to, "          -  nothing that was sampled was freed\n");
}

static void add_threads(struct buf *to, const struct summary *s, size_t most)
{
	buf_puts(to, "\n live bytes       ±      blocks  % heap  threads\n");
	for (size_t i = 0; i < s->threads.count && i < most && s->threads.at[i].own.bytes; i++) {
		const struct row *row = &s->threads.at[i];

		add_share(to, s, &row->own);
		if (row->thread)
			buf_printf(to, "  thread %u%s\n", row->thread,
				   (int)row->thread == series_about(s->r->moments.series)->pid ? " (main)" : "");
		else
			buf_puts(to, "  several threads\n");
	}
}

void summary_text(const struct summary *s, bool stats, const struct report_look *look, struct buf *to)
{
	const size_t most = top_of(stats, look);
	_cleanup_(buf_done) struct buf facts = { 0 };
	char title[40];

	report_head(s->r, look->width, to);
	add_turnover(&facts, s);
	add_quality(&facts, s);
	text_fold(to, &facts, look->width, 10);
	snprintf(title, sizeof(title), "largest (by %s)", rows_by_names[s->r->by]);
	add_rows(to, s, title, &s->r->rows, most, look);
	add_by_blocks(to, s, most, look);
	add_rows(to, s, "modules", &s->modules, most, look);
	add_growing(to, s, look);
	if (!stats)
		return;
	add_domains(to, s);
	add_sizes(to, s);
	add_ages(to, s);
	add_threads(to, s, most);
}
