/* A chart as a scene: axes, areas, intervals, lines, and figures where the lines end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "plot_draw_private.h"

enum { LEFT = 76, RIGHT = 204, TOP = 70, BOTTOM = 58, LANE = 20 };

static void draw_axes(const struct drawing *d)
{
	struct axis_mark marks[AXIS_MOST];
	size_t count = axis_bytes(d->chart->top, (size_t)((d->bottom - d->top) / 55) + 2, marks);

	for (size_t i = 0; i < count; i++) {
		double y = round(draw_y(d, marks[i].at)) + 0.5;

		draw_rule(d, d->left, y, d->right, y, i ? PAINT_GRID : PAINT_MUTED);
		draw_text(d, d->left - 8, y + 4, 12, PAINT_MUTED, ANCHOR_END, false, marks[i].text);
	}
	count = axis_time(d->chart->from, d->chart->to, d->chart->wall, (size_t)((d->right - d->left) / 90) + 1, marks);
	for (size_t i = 0; i < count; i++) {
		double x = round(draw_x(d, marks[i].at)) + 0.5;

		draw_rule(d, x, d->bottom, x, d->bottom + 4, PAINT_MUTED);
		draw_text(d, x, d->bottom + 19, 12, PAINT_MUTED, ANCHOR_MIDDLE, false, marks[i].text);
	}
}

/* ---- curves ---- */

/* Between low and high (an interval), or between low and y (a part of a pile). */
static void draw_area(const struct drawing *d, const struct curve *c, double opacity)
{
	_cleanup_(freep) struct scene_point *points = calloc(2 * c->count + 1, sizeof(*points));
	const bool pile = c->kind == CURVE_AREA;

	if (!points) {
		d->scene->failed = true;
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		double x = draw_x(d, c->spots[i].t);

		points[i] = (struct scene_point){ x, draw_y(d, pile ? c->spots[i].y : c->spots[i].high) };
		points[2 * c->count - 1 - i] = (struct scene_point){ x, draw_y(d, c->spots[i].low) };
	}
	scene_add(d->scene, &(struct mark){ .kind = MARK_AREA, .paint = draw_paint(c->colour), .opacity = opacity, .points = points,
					    .count = 2 * c->count, .text = c->name });
}

/* One side of an interval, where a filled one would hide what is under it. */
static void draw_edge(const struct drawing *d, const struct curve *c, bool low)
{
	_cleanup_(freep) struct scene_point *points = calloc(c->count + 1, sizeof(*points));

	if (!points) {
		d->scene->failed = true;
		return;
	}
	for (size_t i = 0; i < c->count; i++)
		points[i] = (struct scene_point){ draw_x(d, c->spots[i].t), draw_y(d, low ? c->spots[i].low : c->spots[i].high) };
	scene_add(d->scene, &(struct mark){ .kind = MARK_LINE, .paint = draw_paint(c->colour), .opacity = 0.45, .width = 1, .points = points,
					    .count = c->count });
}

static void draw_line(const struct drawing *d, const struct curve *c)
{
	_cleanup_(freep) struct scene_point *points = calloc(c->count + 1, sizeof(*points));

	if (!points) {
		d->scene->failed = true;
		return;
	}
	for (size_t i = 0; i < c->count; i++)
		points[i] = (struct scene_point){ draw_x(d, c->spots[i].t), draw_y(d, c->spots[i].y) };
	scene_add(d->scene, &(struct mark){ .kind = MARK_LINE, .paint = draw_paint(c->colour), .points = points, .count = c->count,
					    .width = c->kind == CURVE_DASHED ? 1.5 : c->thin ? 1.2 : 2,
					    .opacity = c->kind == CURVE_DASHED ? 0.75 : c->thin ? 0.8 : 1,
					    .dashed = c->kind == CURVE_DASHED, .text = c->name });
}

static void draw_curves(const struct drawing *d)
{
	const struct chart *c = d->chart;

	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].kind == CURVE_AREA)
			draw_area(d, &c->curves[i], c->curves[i].colour >= 1000 ? 0.22 : 0.6);
		else if (c->curves[i].has_interval && !c->curves[i].is_above)
			draw_area(d, &c->curves[i], c->curves[i].thin ? 0.10 : 0.18);
		else if (c->curves[i].has_interval)
			for (int low = 0; low < 2; low++)
				draw_edge(d, &c->curves[i], low);
	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].kind != CURVE_AREA)
			draw_line(d, &c->curves[i]);
	if (c->has_most) {
		struct scene_point at = { draw_x(d, c->most.t), draw_y(d, c->most.y) };
		bool late = at.x > (d->left + d->right) / 2;
		_cleanup_(buf_done) struct buf words = { 0 };

		buf_printf(&words, "%s at most", units_bytes((uint64_t)c->most.y).text);
		scene_add(d->scene, &(struct mark){ .kind = MARK_DOT, .paint = PAINT_SERIES, .width = 3.5, .points = &at, .count = 1 });
		draw_text(d, at.x + (late ? -8 : 8), at.y - 7, 12, PAINT_MUTED, late ? ANCHOR_END : ANCHOR_START, false,
		     words.data ? words.data : "");
	}
}

/* ---- when functions were there ---- */

static void draw_lanes(const struct drawing *d, double top)
{
	for (size_t i = 0; i < d->chart->lane_count; i++) {
		const struct lane *l = &d->chart->lanes[i];
		double y = top + LANE * (double)i;

		draw_rule(d, d->left, y + 5.5, d->right, y + 5.5, PAINT_GRID);
		for (size_t k = 0; k < l->count; k++) {
			double from = draw_x(d, l->bars[k].from), to = draw_x(d, l->bars[k].to);
			struct scene_point corners[] = { { from, y }, { fmax(to, from + 2), y + 11 } };

			scene_add(d->scene, &(struct mark){ .kind = MARK_RECT, .paint = draw_paint(l->colour), .opacity = 0.85, .width = 2,
							    .points = corners, .count = 2, .text = l->name });
		}
		draw_text(d, d->right + 14, y + 10, 12, PAINT_MUTED, ANCHOR_START, false, l->name);
	}
}

/* A title of so many columns has room in so many pixels; what is cut is its end. */
static void heading(const struct drawing *d, const char *words, double y, double size, enum paint paint)
{
	size_t room = (size_t)((d->scene->width - 48) / (size * 0.56)), columns = 0;
	_cleanup_(buf_done) struct buf cut = { 0 };

	for (const char *p = words; *p && columns <= room; p++) {
		columns += ((unsigned char)*p & 0xc0) != 0x80;
		if (columns <= room)
			buf_putc(&cut, *p);
	}
	if (columns > room)
		buf_puts(&cut, "…");
	draw_text(d, 24, y, size, paint, ANCHOR_START, paint == PAINT_INK, cut.data ? cut.data : "");
}

static int draw(struct scene *s, const struct chart *c)
{
	struct drawing d = {
		.chart = c, .scene = s, .left = LEFT, .right = s->width - RIGHT,
		.top = TOP + LANE * (double)c->lane_count, .bottom = s->height - BOTTOM,
	};
	struct scene_point all[] = { { 0, 0 }, { s->width, s->height } };

	s->title = strdup(c->title);
	s->about = strdup(c->about);
	scene_add(s, &(struct mark){ .kind = MARK_RECT, .paint = PAINT_BACK, .points = all, .count = 2 });
	heading(&d, c->title, 30, 17, PAINT_INK);
	heading(&d, c->about, 50, 12.5, PAINT_MUTED);
	draw_axes(&d);
	draw_lanes(&d, TOP);
	draw_curves(&d);
	draw_labels(&d);
	heading(&d, c->note, s->height - 14, 11.5, PAINT_MUTED);
	return s->title && s->about && !s->failed ? 0 : -ENOMEM;
}

static int make(struct scene *s, const struct plot *p, const struct plot_look *look, struct err *e)
{
	s->width = look->width ? look->width : 960;
	s->height = (look->height ? look->height : 480) + (look->height ? 0 : LANE * (double)p->chart.lane_count);
	return draw(s, &p->chart) < 0 ? err_set(e, ENOMEM, "out of memory for a picture") : 0;
}

int plot_svg(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e)
{
	_cleanup_(scene_done) struct scene s = { 0 };
	int r = make(&s, p, look, e);

	return r < 0 ? r : scene_svg(&s, look->theme, to, e);
}

int plot_png(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e)
{
	_cleanup_(scene_done) struct scene s = { 0 };
	int r = make(&s, p, look, e);

	return r < 0 ? r : scene_png(&s, look->theme, to, e);
}
