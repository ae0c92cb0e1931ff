/* A stretch of what was seen: only its moments are drawn. */
#include <errno.h>
#include <math.h>

#include "plot_private.h"

enum { HAIRS_PER_SECOND = 2000000 }; /* a tick's time has microseconds */

bool plot_has_window(const struct plot_ask *ask)
{
	return ask->from.kind != MOMENT_NOT_GIVEN || ask->to.kind != MOMENT_NOT_GIVEN;
}

static void cut_lane(struct lane *l, double from, double to)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct bar bar = { fmax(l->bars[i].from, from), fmin(l->bars[i].to, to) };

		if (bar.from <= bar.to)
			l->bars[kept++] = bar;
	}
	l->count = kept;
}

void track_cut(struct track *t, double from, double to)
{
	const double hair = 1.0 / HAIRS_PER_SECOND;
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->ticks[i].t >= from - hair && t->ticks[i].t <= to + hair)
			t->ticks[kept++] = t->ticks[i];
	t->count = kept;
	for (size_t i = 0; i < t->lane_count; i++)
		cut_lane(&t->lanes[i], from, to);
}

int tracks_cut(struct tracks *all, size_t first, const char *path, const struct plot_ask *ask, struct err *e)
{
	const double begin = all->at[first].begin;
	double last = 0, from, to;

	for (size_t i = first; i < all->count; i++)
		if (all->at[i].count)
			last = fmax(last, all->at[i].begin - begin + all->at[i].ticks[all->at[i].count - 1].t);
	to = moment_seconds(&ask->to, last, last);
	from = moment_seconds(&ask->from, last, ask->from.kind == MOMENT_NOT_GIVEN ? 0 : to);
	if (from > to)
		return err_set(e, EINVAL, "the stretch of %s begins at %.1f s, after it ends at %.1f s", path, from, to);
	for (size_t i = first; i < all->count; i++)
		track_cut(&all->at[i], from + begin - all->at[i].begin, to + begin - all->at[i].begin);
	if (all->at[first].count == 0)
		return err_set(e, EINVAL, "%s has no moment of its process between %.1f and %.1f s; it is %.1f s long", path, from, to,
			       last);
	return 0;
}
