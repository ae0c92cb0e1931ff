/* The figures at the right of a chart. */
#include <math.h>
#include <stdlib.h>

#include "plot_draw_private.h"

enum { LABEL = 16, LABELS_MOST = 48 };

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
		draw_x(d, c->spots[last].t),
		c->kind == CURVE_AREA ? (draw_y(d, c->spots[last].y) + draw_y(d, c->spots[last].low)) / 2 : draw_y(d, c->spots[last].y),
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
		draw_rule(d, d->right + 2, end.y, d->right + 10, l->y + 8, PAINT_GRID);
	draw_text(d, x, l->y + 12, 13, draw_paint(c->colour), ANCHOR_START, true, c->figure);
	draw_text(d, x, l->y + 27, 12, PAINT_MUTED, ANCHOR_START, false, c->name);
	draw_text(d, x, l->y + 42, 12, PAINT_MUTED, ANCHOR_START, false, c->more);
}

void draw_labels(const struct drawing *d)
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
