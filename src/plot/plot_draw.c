/* A chart as a scene: axes, areas, intervals, lines, and figures where the lines end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "plot_private.h"
#include "plot_scene.h"

enum { LEFT = 76, RIGHT = 204, TOP = 70, BOTTOM = 58, LANE = 20, LABEL = 16, LABELS_MOST = 48 };

struct drawing {
	const struct chart *chart;
	struct scene *scene;
	double left, right, top, bottom; /* of the plot itself */
};

static double x_of(const struct drawing *d, double t)
{
	double share = (t - d->chart->from) / (d->chart->to - d->chart->from);

	return d->left + fmin(1, fmax(0, share)) * (d->right - d->left);
}

static double y_of(const struct drawing *d, double bytes)
{
	return d->bottom - fmin(1, fmax(0, bytes / d->chart->top)) * (d->bottom - d->top);
}

static enum paint paint_of(size_t colour)
{
	return colour >= 1000 ? PAINT_MUTED : (enum paint)(PAINT_SERIES + colour % PAINT_SERIES_COUNT);
}

static void text(const struct drawing *d, double x, double y, double size, enum paint paint, enum anchor anchor, bool bold,
		 const char *words)
{
	struct scene_point at = { x, y };

	if (*words)
		scene_add(d->scene, &(struct mark){ .kind = MARK_TEXT, .paint = paint, .width = size, .anchor = anchor, .bold = bold,
						    .points = &at, .count = 1, .text = (char *)words });
}

static void line(const struct drawing *d, double x0, double y0, double x1, double y1, enum paint paint)
{
	struct scene_point ends[] = { { x0, y0 }, { x1, y1 } };

	scene_add(d->scene,
		  &(struct mark){ .kind = MARK_LINE, .paint = paint, .width = 1, .points = ends, .count = 2 });
}

static void draw_axes(const struct drawing *d)
{
	struct axis_mark marks[AXIS_MOST];
	size_t count = axis_bytes(d->chart->top, (size_t)((d->bottom - d->top) / 55) + 2, marks);

	for (size_t i = 0; i < count; i++) {
		double y = round(y_of(d, marks[i].at)) + 0.5;

		line(d, d->left, y, d->right, y, i ? PAINT_GRID : PAINT_MUTED);
		text(d, d->left - 8, y + 4, 12, PAINT_MUTED, ANCHOR_END, false, marks[i].text);
	}
	count = axis_time(d->chart->from, d->chart->to, d->chart->wall, (size_t)((d->right - d->left) / 90) + 1, marks);
	for (size_t i = 0; i < count; i++) {
		double x = round(x_of(d, marks[i].at)) + 0.5;

		line(d, x, d->bottom, x, d->bottom + 4, PAINT_MUTED);
		text(d, x, d->bottom + 19, 12, PAINT_MUTED, ANCHOR_MIDDLE, false, marks[i].text);
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
		double x = x_of(d, c->spots[i].t);

		points[i] = (struct scene_point){ x, y_of(d, pile ? c->spots[i].y : c->spots[i].high) };
		points[2 * c->count - 1 - i] = (struct scene_point){ x, y_of(d, c->spots[i].low) };
	}
	scene_add(d->scene, &(struct mark){ .kind = MARK_AREA, .paint = paint_of(c->colour), .opacity = opacity, .points = points,
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
		points[i] = (struct scene_point){ x_of(d, c->spots[i].t), y_of(d, low ? c->spots[i].low : c->spots[i].high) };
	scene_add(d->scene, &(struct mark){ .kind = MARK_LINE, .paint = paint_of(c->colour), .opacity = 0.45, .width = 1, .points = points,
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
		points[i] = (struct scene_point){ x_of(d, c->spots[i].t), y_of(d, c->spots[i].y) };
	scene_add(d->scene, &(struct mark){ .kind = MARK_LINE, .paint = paint_of(c->colour), .points = points, .count = c->count,
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
		struct scene_point at = { x_of(d, c->most.t), y_of(d, c->most.y) };
		bool late = at.x > (d->left + d->right) / 2;
		_cleanup_(buf_done) struct buf words = { 0 };

		buf_printf(&words, "%s at most", units_bytes((uint64_t)c->most.y).text);
		scene_add(d->scene, &(struct mark){ .kind = MARK_DOT, .paint = PAINT_SERIES, .width = 3.5, .points = &at, .count = 1 });
		text(d, at.x + (late ? -8 : 8), at.y - 7, 12, PAINT_MUTED, late ? ANCHOR_END : ANCHOR_START, false,
		     words.data ? words.data : "");
	}
}

/* ---- figures at the right, each as near to its line as the others let it ---- */

struct label {
	const struct curve *curve;
	double y, height;
};

static int higher(const void *one, const void *other)
{
	const struct label *a = one, *b = other;

	if (a->y != b->y)
		return a->y < b->y ? -1 : 1;
	return a->curve > b->curve ? -1 : 1; /* later ones lie upon earlier ones */
}

/* Where a curve ends; a part of a pile: where it last had some height. */
static struct scene_point end_of(const struct drawing *d, const struct curve *c)
{
	size_t last = c->count - 1;

	while (c->kind == CURVE_AREA && last && c->spots[last].y <= c->spots[last].low)
		last--;
	return (struct scene_point){
		x_of(d, c->spots[last].t),
		c->kind == CURVE_AREA ? (y_of(d, c->spots[last].y) + y_of(d, c->spots[last].low)) / 2 : y_of(d, c->spots[last].y),
	};
}

/* Down from the top, then up from the bottom: no two meet as long as there is room for all. */
static void spread(struct label *labels, size_t count, double top, double bottom)
{
	for (size_t i = 0; i < count; i++)
		labels[i].y = fmax(labels[i].y, i ? labels[i - 1].y + labels[i - 1].height : top);
	for (size_t i = count; i-- > 0;)
		labels[i].y = fmin(labels[i].y,
				   i + 1 < count ? labels[i + 1].y - labels[i].height : bottom - labels[i].height);
}

static void draw_label(const struct drawing *d, const struct label *l)
{
	const struct curve *c = l->curve;
	const struct scene_point end = end_of(d, c);
	double x = d->right + 14;

	if (end.x > d->right - 2)
		line(d, d->right + 2, end.y, d->right + 10, l->y + 8, PAINT_GRID);
	text(d, x, l->y + 12, 13, paint_of(c->colour), ANCHOR_START, true, c->figure);
	text(d, x, l->y + 27, 12, PAINT_MUTED, ANCHOR_START, false, c->name);
	text(d, x, l->y + 42, 12, PAINT_MUTED, ANCHOR_START, false, c->more);
}

static void draw_labels(const struct drawing *d)
{
	struct label labels[LABELS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < d->chart->curve_count && count < LABELS_MOST; i++) {
		const struct curve *c = &d->chart->curves[i];

		if (c->count == 0 || !*c->figure || (c->thin && d->chart->curve_count > 6))
			continue;
		labels[count++] = (struct label){ c, end_of(d, c).y - 8, *c->more ? 3 * LABEL : 2 * LABEL + 3 };
	}
	qsort(labels, count, sizeof(*labels), higher);
	spread(labels, count, d->top - 12, d->bottom + 30);
	for (size_t i = 0; i < count; i++)
		if (labels[i].y >= 0) /* so many that they do not fit: the first are left out */
			draw_label(d, &labels[i]);
}

/* ---- when functions were there ---- */

static void draw_lanes(const struct drawing *d, double top)
{
	for (size_t i = 0; i < d->chart->lane_count; i++) {
		const struct lane *l = &d->chart->lanes[i];
		double y = top + LANE * (double)i;

		line(d, d->left, y + 5.5, d->right, y + 5.5, PAINT_GRID);
		for (size_t k = 0; k < l->count; k++) {
			double from = x_of(d, l->bars[k].from), to = x_of(d, l->bars[k].to);
			struct scene_point corners[] = { { from, y }, { fmax(to, from + 2), y + 11 } };

			scene_add(d->scene, &(struct mark){ .kind = MARK_RECT, .paint = paint_of(l->colour), .opacity = 0.85, .width = 2,
							    .points = corners, .count = 2, .text = l->name });
		}
		text(d, d->right + 14, y + 10, 12, PAINT_MUTED, ANCHOR_START, false, l->name);
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
	text(d, 24, y, size, paint, ANCHOR_START, paint == PAINT_INK, cut.data ? cut.data : "");
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
