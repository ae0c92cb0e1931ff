/* What a view tells of a row beside its bytes. */
#include "memspy/more.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/report_figures.h"

/*
 * A sampled block is known from its birth to its end, so what was live at the beginning and what was freed since are of the same
 * blocks, with the same weights. Even if all that was freed was of those that were live then, the rest of them still is.
 */
static uint64_t certain(const struct report *r, size_t site)
{
	uint64_t before = report_before(r, site)->live.bytes, freed = report_freed(r, site).bytes;

	return before > freed ? before - freed : 0;
}

static void add_site(struct more *to, const struct report *r, size_t i)
{
	const struct site *now = &report_sample(r)->sites[i], *then = report_before(r, i);
	const struct site *middle = moments_middle(&r->moments, i);
	struct estimate allocated = report_allocated(r, i), freed = report_freed(r, i), came = now->alloc;

	estimate_subtract(&came, &middle->alloc);
	estimate_add(&to->live, &now->live);
	estimate_add(&to->middle, &middle->live);
	estimate_add(&to->came, &came);
	estimate_add(&to->allocated, &allocated);
	estimate_add(&to->freed, &freed);
	to->certain_bytes += certain(r, i);
	for (int b = 0; b < LIFETIME_BUCKETS; b++)
		if (now->lifetimes[b] > then->lifetimes[b])
			to->lifetimes[b] += now->lifetimes[b] - then->lifetimes[b];
	for (size_t k = 0; k < r->moments.trend_count; k++)
		to->trend[k] += moments_live_at(&r->moments, k, i);
}

int more_new(struct more **ret, const struct report *r, struct err *e)
{
	struct more *more = NULL;

	more = calloc(r->rows.count + 1, sizeof(*more));
	if (!more)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < r->part_count; i++)
		if (r->rows.of_part[i] != ROWS_NONE)
			add_site(&more[r->rows.of_part[i]], r, i);
	*ret = more;
	return 0;
}

struct difference more_growth(const struct report *r, const struct more *m)
{
	double minutes = (r->moments.to_seconds - r->moments.middle_seconds) / 60;
	struct difference d = { 0 };

	if (minutes < 1.0 / 60) /* of a minute nothing can be said */
		return d;
	d = estimate_growth(&m->middle, &m->live, &m->came, report_sample(r)->sample_bytes);
	d.bytes = (int64_t)((double)d.bytes / minutes);
	d.low = (int64_t)((double)d.low / minutes);
	d.high = (int64_t)((double)d.high / minutes);
	return d;
}

/* What is live now and is older than a moment was live at every moment since: the least of them is the most it can be. */
double more_age(const struct report *r, const struct more *m)
{
	const struct moments *all = &r->moments;
	uint64_t least = m->live.bytes;
	double since = all->to_seconds;

	if (m->live.bytes == 0)
		return 0;
	for (size_t k = all->trend_count; k-- > 0;) {
		least = m->trend[k] < least ? m->trend[k] : least;
		if (least < m->live.bytes / 2 + m->live.bytes % 2)
			return all->to_seconds - all->trend[k].seconds;
		since = all->to_seconds - all->trend[k].seconds;
	}
	return since;
}

const char *more_verdict(const struct report *r, const struct row *row, const struct more *m)
{
	enum { SAMPLES_LEAST = 5 };
	struct difference growth = more_growth(r, m);
	bool stays = m->certain_bytes >= row->own.bytes / 2;
	double minutes;

	if (row->own.samples < SAMPLES_LEAST)
		return "unclear";
	if (growth.high < 0)
		return "shrinks";
	if (growth.low > 0)
		return stays ? "suspect" : "grows";
	if (stays)
		return "stays";
	/* What may be none and may as well be half of all of it is not known to be no growth. */
	minutes = (r->moments.to_seconds - r->moments.middle_seconds) / 60;
	return growth.bytes > 0 && (double)growth.high * minutes > (double)row->own.bytes / 2 ? "unclear" : "turns over";
}

int more_lifetime(const struct more *m, double share)
{
	uint64_t all = 0, so_far = 0;

	for (int b = 0; b < LIFETIME_BUCKETS; b++)
		all += m->lifetimes[b];
	for (int b = 0; all && b < LIFETIME_BUCKETS; b++) {
		so_far += m->lifetimes[b];
		if ((double)so_far >= share * (double)all)
			return b;
	}
	return LIFETIME_BUCKETS;
}

/* ---- for programs ---- */

static int64_t certain_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return (int64_t)m->certain_bytes;
}

static int64_t growth(const struct report *r, const struct row *row, const struct more *m)
{
	(void)row;
	return more_growth(r, m).bytes;
}

static int64_t growth_low(const struct report *r, const struct row *row, const struct more *m)
{
	(void)row;
	return more_growth(r, m).low;
}

static int64_t growth_high(const struct report *r, const struct row *row, const struct more *m)
{
	(void)row;
	return more_growth(r, m).high;
}

static int64_t age(const struct report *r, const struct row *row, const struct more *m)
{
	(void)row;
	return (int64_t)ceil(more_age(r, m));
}

static int64_t live_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return (int64_t)m->live.bytes;
}

static int64_t allocated_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return (int64_t)m->allocated.bytes;
}

static int64_t freed_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return (int64_t)m->freed.bytes;
}

static int64_t bytes_per_s(const struct report *r, const struct row *row, const struct more *m)
{
	(void)m;
	return (int64_t)report_a_second(r, row->own.bytes);
}

static int64_t blocks_per_s(const struct report *r, const struct row *row, const struct more *m)
{
	(void)m;
	return (int64_t)report_a_second(r, row->own.blocks);
}

static int64_t before_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)m;
	return (int64_t)row->before.bytes;
}

static int64_t after_bytes(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)m;
	return (int64_t)row->own.bytes;
}

static int64_t upper_ms(int bucket)
{
	return bucket < LIFETIME_BUCKETS - 1 ? (int64_t)1 << bucket : -1; /* no bound, or nothing was freed */
}

static int64_t median_most_ms(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return upper_ms(more_lifetime(m, 0.5));
}

static int64_t p90_most_ms(const struct report *r, const struct row *row, const struct more *m)
{
	(void)r;
	(void)row;
	return upper_ms(more_lifetime(m, 0.9));
}

const struct column *columns_of(enum report_view view)
{
	static const struct column none[] = { { 0 } };
	static const struct column leaks[] = {
		{ "certain_bytes", certain_bytes }, { "growth_per_min", growth }, { "growth_low", growth_low },
		{ "growth_high", growth_high }, { "age_most_s", age }, { 0 },
	};
	static const struct column temporary[] = { { "allocated_bytes", allocated_bytes }, { 0 } };
	static const struct column growing[] = { { "before_bytes", before_bytes }, { "after_bytes", after_bytes }, { 0 } };
	static const struct column churn[] = {
		{ "bytes_per_s", bytes_per_s }, { "blocks_per_s", blocks_per_s }, { "freed_bytes", freed_bytes },
		{ "live_bytes", live_bytes }, { 0 },
	};
	static const struct column lifetimes[] = {
		{ "allocated_bytes", allocated_bytes }, { "live_bytes", live_bytes }, { "median_most_ms", median_most_ms },
		{ "p90_most_ms", p90_most_ms }, { 0 },
	};

	switch (view) {
	case VIEW_LEAKS: return leaks;
	case VIEW_TEMPORARY: return temporary;
	case VIEW_GROWTH: return growing;
	case VIEW_CHURN: return churn;
	case VIEW_LIFETIMES: return lifetimes;
	default: return none;
	}
}
