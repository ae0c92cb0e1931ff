/* From tracks to curves: who stands where, on whom, in what colour, and with which figure at its end. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "plot_private.h"
#include "plot_chart_private.h"

enum { TICKS_SHOWN = 2048, LANES_SHOWN = 6 };

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a plot");
}

/* ---- who stands where ---- */

static double begin_of(const struct tracks *t)
{
	double begin = t->at[0].begin;

	for (size_t i = 1; i < t->count; i++)
		begin = fmin(begin, t->at[i].begin);
	return begin;
}

static double end_of(const struct track *t)
{
	return t->begin + t->ticks[t->count - 1].t;
}

/* Whether each ran while some other did. */
static bool overlap(const struct tracks *t)
{
	for (size_t i = 0; i < t->count; i++) {
		bool meets = false;

		for (size_t k = 0; k < t->count && !meets; k++)
			meets = k != i && t->at[i].begin <= end_of(&t->at[k]) && t->at[k].begin <= end_of(&t->at[i]);
		if (!meets)
			return false;
	}
	return true;
}

/* `begin` of a track becomes the place of its first moment on the axis. */
static int place(struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	double zero = begin_of(t);
	bool known = true;

	for (size_t i = 0; i < t->count; i++)
		known &= t->at[i].begin > 0;
	if (ask->wall && !known)
		return err_set(e, EINVAL, "%s does not say when it was made: there is no time of day to show",
			       ask->paths[0]);
	if (ask->wall)
		return 0;
	known &= ask->many != PLOT_EACH || overlap(t);
	for (size_t i = 0; i < t->count; i++)
		t->at[i].begin = known ? t->at[i].begin - zero : 0;
	return 0;
}

static void drop_empty(struct tracks *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct track whole = t->at[i];

		/* Swapped, not copied: each is freed once. */
		t->at[i] = t->at[kept];
		t->at[kept] = whole;
		kept += whole.count > 0;
	}
	for (size_t i = kept; i < t->count; i++) {
		struct tracks one = { calloc(1, sizeof(struct track)), 1 };

		if (!one.at)
			return;
		one.at[0] = t->at[i];
		t->at[i] = (struct track){ 0 };
		tracks_done(&one);
	}
	t->count = kept;
}

/* ---- the frame ---- */

static void find_bounds(struct chart *c)
{
	double most = 1, with_interval = 1;
	bool any = false;

	for (size_t i = 0; i < c->curve_count; i++)
		for (size_t k = 0; k < c->curves[i].count; k++) {
			const struct spot *s = &c->curves[i].spots[k];

			c->from = any ? fmin(c->from, s->t) : s->t;
			c->to = any ? fmax(c->to, s->t) : s->t;
			any = true;
			most = fmax(most, s->y);
			with_interval = fmax(with_interval, c->curves[i].has_interval ? s->high : 0);
		}
	/* One sample has an interval of five times its size: it may leave the picture rather than fill it. */
	c->top = 1.06 * fmax(most, fmin(with_interval, 1.25 * most));
	if (!(c->to > c->from))
		c->to = c->from + 1;
}

static double lasts(const struct lane *l)
{
	double sum = 0;

	for (size_t i = 0; i < l->count; i++)
		sum += l->bars[i].to - l->bars[i].from;
	return sum;
}

static int longest_first(const void *one, const void *other)
{
	double a = lasts(one), b = lasts(other);

	return a < b ? 1 : a > b ? -1 : strcmp(((const struct lane *)one)->name, ((const struct lane *)other)->name);
}

/* The lanes of a track move into the chart. */
static int take_lanes(struct chart *c, struct track *t, size_t colour, struct err *e)
{
	struct lane *lanes = realloc(c->lanes, (c->lane_count + t->lane_count + 1) * sizeof(*lanes));

	if (!lanes)
		return no_memory(e);
	c->lanes = lanes;
	if (t->lane_count)
		qsort(t->lanes, t->lane_count, sizeof(*t->lanes), longest_first);
	for (size_t i = 0; i < t->lane_count && c->lane_count < LANES_SHOWN; i++) {
		struct lane *l = &lanes[c->lane_count++];

		*l = t->lanes[i];
		t->lanes[i] = (struct lane){ 0 };
		l->colour = colour + i;
		for (size_t k = 0; k < l->count; k++) {
			l->bars[k].from += t->begin;
			l->bars[k].to += t->begin;
		}
	}
	return 0;
}

static int say_titles(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	static const char *const how[] = { "", ", one upon the other", ", summed" };
	_cleanup_(buf_done) struct buf title = { 0 };
	_cleanup_(buf_done) struct buf note = { 0 };
	uint64_t lost = 0;
	bool heap = false;

	for (size_t i = 0; i < t->count; i++) {
		lost += t->at[i].lost;
		for (size_t k = 0; k < t->at[i].count; k++)
			heap |= t->at[i].ticks[k].has_heap;
	}
	if (t->count == 1)
		buf_puts(&title, *t->at[0].name ? t->at[0].name : t->at[0].file);
	else
		buf_printf(&title, "%zu processes%s", t->count, how[ask->many]);
	if (heap && ask->many != PLOT_STACK)
		buf_printf(&note, "heap: allocated since memspy came and not freed, with its 95 %% interval%s",
			   lost ? "" : "; nothing lost");
	if (lost)
		buf_printf(&note, "%s%llu samples lost", note.length ? "; " : "", (unsigned long long)lost);
	if (ask->many != PLOT_EACH)
		buf_printf(&note, "%spages that processes share count once for each", note.length ? "; " : "");
	c->title = title.failed ? NULL : TAKE(title.data);
	c->about = strdup(t->count == 1 ? t->at[0].about : "");
	c->note = note.failed ? NULL : note.data ? TAKE(note.data) : strdup("");
	return c->title && c->about && c->note ? 0 : no_memory(e);
}

int chart_make(struct chart *ret, struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	_cleanup_(chart_done) struct chart c = { .wall = ask->wall };
	int r;

	drop_empty(t);
	r = place(t, ask, e);
	for (size_t i = 0; r == 0 && i < t->count; i++)
		track_thin(&t->at[i], TICKS_SHOWN);
	if (r == 0)
		r = say_titles(&c, t, ask, e);
	if (r == 0)
		r = ask->many == PLOT_EACH ? chart_each(&c, t, ask, e) : chart_together(&c, t, ask, e);
	for (size_t i = 0, colour = 2 + ask->lines; r == 0 && i < t->count && ask->many == PLOT_EACH; i++) {
		r = take_lanes(&c, &t->at[i], t->count > 1 ? i : colour, e);
		colour += t->at[i].lane_count;
	}
	if (r < 0)
		return r;
	find_bounds(&c);
	r = chart_limits(&c, t, ask, e);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct chart){ 0 };
	return 0;
}
