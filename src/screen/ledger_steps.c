/* What a ledger's sites were: in the last minute, when we began to look, and at the mark. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger_private.h"

enum { STEP_SECONDS = 10, MINUTE = 60 };
enum { LEAST_OF_GROWTH = 5, LEAST_OF_RATE = 3 }; /* seconds; less is more noise than figure */

/* Compared as bytes: no padding. */
_Static_assert(sizeof(struct ledger_then) == 4 * sizeof(uint64_t) + 2 * sizeof(double) + 2 * sizeof(uint32_t), "ledger_then has holes");

struct ledger_then ledger_now(const struct ledger_site *s)
{
	return (struct ledger_then){ s->live.bytes, s->live.sure_bytes, s->alloc.bytes, s->alloc.sure_bytes, s->live.variance,
				     s->alloc.variance, (uint32_t)s->live.samples, (uint32_t)s->alloc.samples };
}

static bool is_same(const struct ledger_then *a, const struct ledger_then *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Most sites of most programs do not change for hours: only those that do have steps. */
int ledger_keep_changed(struct ledger *l, struct err *e)
{
	for (size_t i = 0; i < l->count; i++) {
		struct ledger_site *s = &l->sites[i];
		struct ledger_then now = ledger_now(s);

		if (s->steps || is_same(&now, &s->settled))
			continue;
		s->steps = calloc(LEDGER_STEPS, sizeof(*s->steps));
		if (!s->steps)
			return err_set(e, ENOMEM, "out of memory for the last minute of %zu sites", l->count);
		for (int k = 0; k < LEDGER_STEPS; k++)
			s->steps[k] = s->settled;
	}
	return 0;
}

void ledger_begin_step(struct ledger *l)
{
	struct ledger_private *p = l->private;

	if (p->steps && l->seconds - p->step_at[p->newest] < STEP_SECONDS)
		return;
	p->newest = p->steps ? (p->newest + 1) % LEDGER_STEPS : 0;
	p->steps += p->steps < LEDGER_STEPS;
	p->step_at[p->newest] = l->seconds;
	for (size_t i = 0; i < l->count; i++) {
		struct ledger_site *s = &l->sites[i];
		int same = 0;

		if (!s->steps)
			continue;
		s->steps[p->newest] = s->settled = ledger_now(s);
		while (same < LEDGER_STEPS && is_same(&s->steps[same], &s->settled))
			same++;
		if (same == LEDGER_STEPS) {
			free(s->steps);
			s->steps = NULL;
		}
	}
}

/* The oldest step of the last minute, or the newest that is old enough. */
static bool find_step(const struct ledger *l, bool oldest, double *ret_seconds, int *ret_step)
{
	const struct ledger_private *p = l->private;
	const double least = oldest ? LEAST_OF_GROWTH : LEAST_OF_RATE;

	for (int k = 0; k < p->steps; k++) {
		int newer = (p->newest + LEDGER_STEPS - k) % LEDGER_STEPS;
		double ago = l->seconds - p->step_at[newer];

		if (ago >= least && (!oldest || k == p->steps - 1 || ago >= MINUTE)) {
			*ret_seconds = ago;
			*ret_step = newer;
			return true;
		}
	}
	return false;
}

bool ledger_growth(const struct ledger *l, double *ret_minutes, int *ret_step)
{
	double seconds;

	if (!find_step(l, true, &seconds, ret_step))
		return false;
	*ret_minutes = seconds / MINUTE;
	return true;
}

bool ledger_rate(const struct ledger *l, double *ret_seconds, int *ret_step)
{
	return find_step(l, false, ret_seconds, ret_step);
}

const struct ledger_then *ledger_step(const struct ledger_site *s, int step)
{
	return s->steps ? &s->steps[step] : &s->settled;
}

const struct ledger_then *ledger_start(const struct ledger *l, const struct ledger_site *s)
{
	return l->marked >= 0 ? &s->marked : &s->first;
}

void ledger_add_since(struct turnover *to, const struct ledger_site *s, const struct ledger_then *then)
{
	const struct estimate before = { .bytes = then->live_bytes, .samples = then->live_samples, .sure_bytes = then->live_sure,
					 .variance = then->live_variance };
	const struct estimate allocated = { .bytes = then->alloc_bytes, .sure_bytes = then->alloc_sure, .variance = then->alloc_variance };
	struct estimate came = s->alloc;

	estimate_subtract(&came, &allocated);
	came.samples = (uint32_t)s->alloc.samples - then->alloc_samples;
	estimate_turnover_add(to, &before, &s->live, &came);
}

void ledger_mark(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->sites[i].marked = ledger_now(&l->sites[i]);
	l->marked = l->seconds;
}

void ledger_unmark(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->sites[i].marked = (struct ledger_then){ 0 };
	l->marked = -1;
}
