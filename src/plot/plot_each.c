/* Every process for itself: RSS, heap with its interval, the largest lines below it, a function. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "plot_chart_private.h"

enum { PROCESS_COLUMNS = 24 };
enum { COLOUR_RSS, COLOUR_HEAP, COLOUR_MORE };

/* What of a moment a curve shows; false: nothing at this one. */
typedef bool pick(const struct tick *m, struct level *ret);

static bool pick_rss(const struct tick *m, struct level *ret)
{
	*ret = (struct level){ m->rss, m->rss, m->rss };
	return true;
}

static bool pick_heap(const struct tick *m, struct level *ret)
{
	*ret = m->heap;
	return m->has_heap;
}

static bool pick_function(const struct tick *m, struct level *ret)
{
	*ret = m->function;
	return m->has_heap;
}

void curve_figure(struct curve *c, const struct level *l)
{
	double half = l->is ? (double)(l->high - l->low) / 2 / (double)l->is * 100 : 0;
	int n = snprintf(c->figure, sizeof(c->figure), "%s", l->is ? units_bytes(l->is).text : "0");

	if (l->high > l->low && l->is)
		snprintf(c->figure + n, sizeof(c->figure) - (size_t)n,
			 half >= 999.5 ? " ± >999 %%" : " ± %.0f %%", half);
}

int chart_slope(struct chart *c, size_t of, struct err *e)
{
	const struct curve *from = &c->curves[of];
	double n = (double)from->count, t0 = n > 0 ? from->spots[0].t : 0, st = 0, sy = 0, stt = 0, sty = 0, rise, base;
	struct curve *line;
	int r;

	/* Under a second nothing can be said of a minute. */
	if (from->count < 3 || from->spots[from->count - 1].t - t0 < 1)
		return 0;
	for (size_t i = 0; i < from->count; i++) {
		double t = from->spots[i].t - t0, y = from->spots[i].y;

		st += t;
		sy += y;
		stt += t * t;
		sty += t * y;
	}
	if (!(n * stt - st * st > 0))
		return 0;
	rise = (n * sty - st * sy) / (n * stt - st * st);
	base = (sy - rise * st) / n;
	snprintf(c->curves[of].more, sizeof(c->curves[of].more), "%s/min",
		 units_signed_bytes((int64_t)fmax(-9e18, fmin(9e18, rise * 60))).text);
	r = chart_curve(c, &line, CURVE_DASHED, from->colour, "slope", e);
	for (int end = 0; r == 0 && end < 2; end++) {
		double t = end ? c->curves[of].spots[c->curves[of].count - 1].t : t0;
		double y = fmax(0, base + rise * (t - t0));

		r = curve_spot(line, &(struct spot){ t, y, y, y }, e);
	}
	return r;
}

static int add_curve(struct chart *c, const struct track *t, pick *what, size_t colour, const char *name, struct err *e)
{
	struct curve *curve;
	struct level l = { 0 };
	int r = chart_curve(c, &curve, CURVE_LINE, colour, name, e);

	for (size_t i = 0; r == 0 && i < t->count; i++) {
		if (!what(&t->ticks[i], &l))
			continue;
		curve->has_interval |= l.high > l.low;
		r = curve_spot(curve, &(struct spot){ t->begin + t->ticks[i].t, (double)l.is, (double)l.low, (double)l.high }, e);
	}
	if (r == 0 && curve->count) {
		what(&t->ticks[t->count - 1], &l);
		curve_figure(curve, &l);
	}
	return r;
}

static void note_most(struct chart *c, const struct track *t)
{
	const struct tick *most = &t->ticks[0], *last = &t->ticks[t->count - 1];

	for (size_t i = 1; i < t->count; i++)
		if (t->ticks[i].rss > most->rss)
			most = &t->ticks[i];
	c->has_most = (double)most->rss > 1.03 * (double)last->rss;
	c->most = (struct spot){ .t = t->begin + most->t, .y = (double)most->rss };
}

/* What it is at the end, and what it once was if that was more. */
static void say_end(struct curve *c, uint64_t last, uint64_t most)
{
	if (!*c->figure)
		snprintf(c->figure, sizeof(c->figure), "%s", last ? units_bytes(last).text : "0");
	if ((double)most > 1.1 * (double)last)
		snprintf(c->more, sizeof(c->more), "%s at most", units_bytes(most).text);
}

/* ---- the largest lines, one upon the other, and what is left up to the heap ---- */

static int add_area(struct chart *c, const struct track *t, size_t line, struct err *e)
{
	const bool other = line == PLOT_LINES_MOST || !t->lines[line];
	struct curve *area;
	uint64_t last = 0, most = 0;
	int r = chart_curve(c, &area, CURVE_AREA, other ? COLOUR_OTHER : COLOUR_MORE + line,
			    other ? "other lines" : t->lines[line], e);

	for (size_t i = 0; r == 0 && i < t->count; i++) {
		const struct tick *m = &t->ticks[i];
		uint64_t below = 0;

		for (size_t k = 0; k < line; k++)
			below += m->lines[k];
		last = other ? (m->heap.is > below ? m->heap.is - below : 0) : m->lines[line];
		most = last > most ? last : most;
		if (m->has_heap)
			r = curve_spot(area, &(struct spot){ .t = t->begin + m->t, .low = (double)below, .y = (double)(below + last) }, e);
	}
	if (r == 0 && most)
		say_end(area, last, most);
	return r;
}

static int add_areas(struct chart *c, const struct track *t, struct err *e)
{
	size_t lines = 0;
	int r = 0;

	for (; r == 0 && lines < PLOT_LINES_MOST && t->lines[lines]; lines++)
		r = add_area(c, t, lines, e);
	return r == 0 && lines ? add_area(c, t, lines, e) : r;
}

/* ---- */

static int add_function(struct chart *c, const struct track *t, size_t colour, struct err *e)
{
	uint64_t most = 0;
	int r = add_curve(c, t, pick_function, colour, t->function, e);

	for (size_t i = 0; i < t->count; i++)
		most = t->ticks[i].function.is > most ? t->ticks[i].function.is : most;
	if (r == 0)
		say_end(&c->curves[c->curve_count - 1], t->ticks[t->count - 1].function.is, most);
	return r;
}

static int add_track(struct chart *c, const struct track *t, size_t number, bool alone, const struct plot_ask *ask,
		     struct err *e)
{
	size_t colour = alone ? COLOUR_RSS : number, rss, heap = c->curve_count;
	bool has_heap = false;
	int r;

	for (size_t i = 0; i < t->count; i++)
		has_heap |= t->ticks[i].has_heap;
	r = ask->lines ? add_areas(c, t, e) : 0;
	if (r == 0 && has_heap) {
		heap = c->curve_count;
		r = add_curve(c, t, pick_heap, alone ? COLOUR_HEAP : colour, alone ? "heap" : "its heap", e);
		c->curves[heap].thin = !alone;
		c->curves[heap].is_above = ask->lines > 0;
	}
	if (r == 0 && t->function && has_heap)
		r = add_function(c, t, alone ? COLOUR_MORE + ask->lines : colour, e);
	rss = c->curve_count;
	if (r == 0)
		r = add_curve(c, t, pick_rss, colour, alone ? "RSS" : t->file, e);
	if (r == 0 && !alone && *t->name) {
		_cleanup_(freep) char *name = text_end(t->name, PROCESS_COLUMNS);

		snprintf(c->curves[rss].more, sizeof(c->curves[rss].more), "%s", name && strlen(name) < sizeof(c->curves[rss].more) ? name : "");
	}
	if (r == 0 && alone)
		note_most(c, t);
	if (r == 0 && ask->slope)
		r = chart_slope(c, rss, e);
	return r == 0 && ask->slope && has_heap ? chart_slope(c, heap, e) : r;
}

int chart_each(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->count; i++)
		r = add_track(c, &t->at[i], i, t->count == 1, ask, e);
	return r;
}
