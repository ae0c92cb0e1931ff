/* What each view has to say of a row, in columns. */
#include <stdio.h>

#include "memspy/more.h"
#include "memspy/text.h"
#include "format_private.h"

static const struct more nothing;

static const struct more *more_of(const struct report *r, const struct row *row)
{
	return r->more ? &r->more[row - r->rows.at] : &nothing;
}

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

static void churn_figures(struct buf *to, const struct report *r, const struct row *row)
{
	struct difference own = report_interval(r, row);

	buf_printf(to, "%11s", units_bytes(report_a_second(r, row->own.bytes)).text);
	text_percent(to, row->own.bytes, (struct interval){ (uint64_t)own.low, (uint64_t)own.high }, 8);
	text_number(to, report_a_second(r, row->own.blocks), 12);
	buf_printf(to, "%12s", units_bytes(row->own.bytes).text);
	add_share(to, more_of(r, row)->freed.bytes, row->own.bytes, 8);
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
	buf_printf(to, "%9s", lifetime_text(more_lifetime(m, 0.5)).text);
	buf_printf(to, "%9s  ", lifetime_text(more_lifetime(m, 0.9)).text);
	add_bars(to, m->lifetimes, LIFETIME_BUCKETS);
	buf_printf(to, "%12s", units_bytes(m->live.bytes).text);
}

const struct table_view table_views[VIEW_COUNT] = {
	[VIEW_LIVE] = { " live bytes       ±      blocks  % heap", plain_figures },
	[VIEW_ALLOCATED] = { "  allocated       ±      blocks   % all", plain_figures },
	[VIEW_PEAK] = { " peak bytes       ±      blocks   % all", plain_figures },
	[VIEW_LEAKS] = { " kept bytes       ±  certain   growth/min       ±     age≤  verdict   ", leak_figures },
	[VIEW_TEMPORARY] = { "  temporary       ±      blocks   % all  % own", temporary_figures },
	[VIEW_GROWTH] = { "     growth    at least     at most      before", growth_figures },
	[VIEW_CHURN] = { "    bytes/s       ±    blocks/s   allocated % freed", churn_figures },
	[VIEW_LIFETIMES] = { "freed bytes       ±   median      90%  <1ms········>16s  still live", lifetime_figures },
};
