/* Several processes as one: RSS of one upon that of the other, or the sum of all. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "plot_chart_private.h"

enum { TIMES_MOST = 2048 };

struct times {
	double *at;
	size_t count;
};

static void times_done(struct times *t)
{
	free(t->at);
}

static int up(const void *one, const void *other)
{
	const double a = *(const double *)one, b = *(const double *)other;

	return a < b ? -1 : a > b;
}

/* Every time at which some process was looked at; a moment after each end too, where it is gone. */
static int all_times(struct times *ret, const struct tracks *t, struct err *e)
{
	size_t room = 0, kept = 0, every;

	for (size_t i = 0; i < t->count; i++)
		room += t->at[i].count + 2;
	ret->at = calloc(room, sizeof(*ret->at));
	if (!ret->at)
		return err_set(e, ENOMEM, "out of memory for a plot");
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < t->at[i].count; k++)
			ret->at[ret->count++] = t->at[i].begin + t->at[i].ticks[k].t;
	qsort(ret->at, ret->count, sizeof(*ret->at), up);
	every = ret->count / TIMES_MOST + 1;
	for (size_t i = 0; i < ret->count; i++)
		if (i % every == 0 || i + 1 == ret->count)
			ret->at[kept++] = ret->at[i];
	ret->count = kept;
	return 0;
}

/* Of those that were watched to the end the last moments differ, by no more than moments are apart. */
static bool is_there_at_the_end(const struct track *t, const struct times *times)
{
	const double last = t->ticks[t->count - 1].t;

	return t->count > 1 && times->at[times->count - 1] - (t->begin + last) <= (last - t->ticks[0].t) / (double)(t->count - 1);
}

/* The moment in force at a time; NULL: the process was not there, or not watched. *at goes forward from call to call. */
static const struct tick *tick_at(const struct track *t, const struct times *times, double time, size_t *at)
{
	const double here = time - t->begin;

	/* A microsecond: what adding and taking off the time of day may lose. */
	if (here < t->ticks[0].t - 1e-6 || (here > t->ticks[t->count - 1].t + 1e-6 && !is_there_at_the_end(t, times)))
		return NULL;
	while (*at + 1 < t->count && t->ticks[*at + 1].t <= here)
		++*at;
	return &t->ticks[*at];
}

static int add_stacked(struct chart *c, const struct tracks *t, const struct times *times, struct err *e)
{
	_cleanup_(freep) double *below = calloc(times->count + 1, sizeof(*below));
	int r = below ? 0 : err_set(e, ENOMEM, "out of memory for a plot");

	for (size_t i = 0; r == 0 && i < t->count; i++) {
		struct curve *area;
		size_t at = 0;
		double last = 0;

		r = chart_curve(c, &area, CURVE_AREA, i, t->at[i].file, e);
		for (size_t k = 0; r == 0 && k < times->count; k++) {
			const struct tick *m = tick_at(&t->at[i], times, times->at[k], &at);
			double rss = m ? (double)m->rss : 0;

			last = m ? rss : last;
			r = curve_spot(area,
				       &(struct spot){ .t = times->at[k], .low = below[k], .y = below[k] + rss }, e);
			below[k] += rss;
		}
		if (r == 0)
			curve_figure(area, &(struct level){ (uint64_t)last, (uint64_t)last, (uint64_t)last });
	}
	return r;
}

/* A sum of independent estimates: what the parts may be off adds up by squares. */
struct sum {
	double rss, heap, below, above;
	bool has_heap;
};

static void add(struct sum *s, const struct tick *m)
{
	double below = (double)(m->heap.is - m->heap.low), above = (double)(m->heap.high - m->heap.is);

	s->rss += (double)m->rss;
	s->has_heap |= m->has_heap;
	s->heap += (double)m->heap.is;
	s->below += below * below;
	s->above += above * above;
}

/* Sums of lies may be larger than any number of bytes. */
static uint64_t whole(double bytes)
{
	return (uint64_t)fmax(0, fmin(9e18, bytes));
}

static struct level heap_of(const struct sum *s)
{
	return (struct level){ whole(s->heap), whole(s->heap - sqrt(s->below)), whole(s->heap + sqrt(s->above)) };
}

static int add_summed(struct chart *c, const struct tracks *t, const struct times *times, struct err *e)
{
	_cleanup_(freep) size_t *at = calloc(t->count, sizeof(*at));
	struct curve *heap, *rss;
	struct level level = { 0 };
	uint64_t last = 0;
	int r = at ? chart_curve(c, &heap, CURVE_LINE, 1, "heap, summed", e) : err_set(e, ENOMEM, "out of memory for a plot");

	if (r == 0)
		r = chart_curve(c, &rss, CURVE_LINE, 0, "RSS, summed", e);
	for (size_t k = 0; r == 0 && k < times->count; k++) {
		struct sum sum = { 0 };

		for (size_t i = 0; i < t->count; i++) {
			const struct tick *m = tick_at(&t->at[i], times, times->at[k], &at[i]);

			if (m)
				add(&sum, m);
		}
		heap = &c->curves[0];
		rss = &c->curves[1];
		last = whole(sum.rss);
		r = curve_spot(rss, &(struct spot){ times->at[k], sum.rss, sum.rss, sum.rss }, e);
		if (r < 0 || !sum.has_heap)
			continue;
		level = heap_of(&sum);
		heap->has_interval |= level.high > level.low;
		r = curve_spot(heap,
			       &(struct spot){ times->at[k], sum.heap, (double)level.low, (double)level.high }, e);
	}
	if (r < 0)
		return r;
	curve_figure(rss, &(struct level){ last, last, last });
	if (heap->count)
		curve_figure(heap, &level);
	return 0;
}

int chart_together(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	_cleanup_(times_done) struct times times = { 0 };
	int r = all_times(&times, t, e);

	if (r < 0)
		return r;
	if (ask->many == PLOT_STACK)
		return add_stacked(c, t, &times, e);
	r = add_summed(c, t, &times, e);
	if (r == 0 && ask->slope)
		r = chart_slope(c, 1, e);
	return r == 0 && ask->slope && c->curves[0].count ? chart_slope(c, 0, e) : r;
}
