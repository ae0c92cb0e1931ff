/* How far the figures can be trusted, and what to do to see better. */
#include "memspy/units.h"
#include "summary_private.h"

/* Half of the heap's interval, as a share of it. */
static double heap_error(const struct summary *s)
{
	return s->live.bytes ? (double)(s->live_sure.high - s->live_sure.low) / 2 / (double)s->live.bytes : 0;
}

/* Of the samples there were to be taken. */
static double lost_share(const struct summary *s)
{
	const struct losses *lost = &report_sample(s->r)->lost;
	double dropped = (double)lost->contention + (double)lost->full, taken = 0;

	for (size_t i = 0; i < report_sample(s->r)->site_count; i++)
		taken += (double)report_sample(s->r)->sites[i].alloc.samples;
	return dropped + taken > 0 ? dropped / (dropped + taken) : 0;
}

/* Without Python is no fault of the stacks: there is none. */
static double broken_stacks(const struct summary *s)
{
	return s->stacks.cut + s->stacks.merged + s->stacks.nameless;
}

const char *summary_word(const struct summary *s)
{
	double worst = heap_error(s) / 2; /* 10 % here is as bad as 5 % of the stacks */

	worst = broken_stacks(s) > worst ? broken_stacks(s) : worst;
	worst = lost_share(s) > worst ? lost_share(s) : worst;
	return worst <= 0.05 ? "good" : worst <= 0.2 ? "fair" : "poor";
}

static void of_sampling(const struct summary *s, struct buf *to)
{
	const struct sample *now = report_sample(s->r);
	uint64_t asked = series_about(s->r->moments.series)->sample_bytes;

	if (now->sample_bytes > asked) {
		buf_printf(to, "the table in the target got full and sampling coarser (every %s",
			   units_bytes(now->sample_bytes).text);
		buf_printf(to, " instead of %s): record with a larger --table-size\n",
			   asked ? units_bytes(asked).text : "every byte");
	}
	if (now->sample_bytes && s->live.bytes && heap_error(s) > 0.1)
		buf_printf(to, "few samples are live (%llu), so figures are rough: record with --sample-bytes %s, or --exact\n",
			   (unsigned long long)s->live.samples, units_size_option(now->sample_bytes / 8 ? now->sample_bytes / 8 : 1).text);
	if (s->gap_seconds > 5 * series_about(s->r->moments.series)->interval_s && s->ticks > 2 &&
	    series_about(s->r->moments.series)->interval_s > 0)
		buf_printf(to, "%s passed between two ticks: the recording was thinned (a larger --max-size keeps more), or memspy "
			   "did not get the processor\n", units_seconds(s->gap_seconds).text);
}

static void of_losses(const struct summary *s, struct buf *to)
{
	const struct losses *lost = &report_sample(s->r)->lost;

	if (lost->frees)
		buf_printf(to, "%llu frees were missed: as much may look like leaks and is none\n",
			   (unsigned long long)lost->frees);
	if (lost->full)
		buf_printf(to, "%llu samples were dropped because the table was full: record with a larger --table-size\n",
			   (unsigned long long)lost->full);
	if (lost_share(s) > 0.01 && lost->contention > lost->full)
		buf_printf(to, "%.1f %% of the samples were dropped because threads stood in each other's way: record with a larger "
			   "--sample-bytes\n", lost_share(s) * 100);
}

static void of_stacks(const struct summary *s, struct buf *to)
{
	if (s->stacks.merged + s->stacks.nameless > 0.01)
		buf_printf(to, "%.1f %% of what was allocated has no stack or no names of its own: there was no room; record with a "
			   "larger --table-size\n", (s->stacks.merged + s->stacks.nameless) * 100);
	if (s->stacks.cut > 0.01)
		buf_printf(to, "%.1f %% of what was allocated has stacks deeper than what is kept: own figures are right, totals of the "
			   "outermost callers are too small\n", s->stacks.cut * 100);
	if (s->stacks.without > 0.3)
		buf_printf(to, "%.1f %% of what was allocated has no Python behind it: libraries do that in threads of their own, "
			   "which memspy does not tell apart\n", s->stacks.without * 100);
}

void summary_advice(const struct summary *s, struct buf *to)
{
	const struct sample *now = report_sample(s->r);
	uint64_t before = series_about(s->r->moments.series)->rss_at_attach;

	of_sampling(s, to);
	of_losses(s, to);
	of_stacks(s, to);
	if (before > now->memory.rss / 2)
		buf_printf(to, "%s were mapped before memspy came, more than half of RSS: memspy record -- PROGRAM sees it from the "
			   "start\n", units_bytes(before).text);
}
