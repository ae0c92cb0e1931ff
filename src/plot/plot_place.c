/* Where things of a chart are in its scene, and the marks that all of it is made of. */
#include <math.h>

#include "plot_draw_private.h"

double draw_x(const struct drawing *d, double t)
{
	double share = (t - d->chart->from) / (d->chart->to - d->chart->from);

	return d->left + fmin(1, fmax(0, share)) * (d->right - d->left);
}

double draw_y(const struct drawing *d, double bytes)
{
	return d->bottom - fmin(1, fmax(0, bytes / d->chart->top)) * (d->bottom - d->top);
}

enum paint draw_paint(size_t colour)
{
	return colour >= 1000 ? PAINT_MUTED : (enum paint)(PAINT_SERIES + colour % PAINT_SERIES_COUNT);
}

void draw_text(const struct drawing *d, double x, double y, double size, enum paint paint, enum anchor anchor, bool bold,
	       const char *words)
{
	struct scene_point at = { x, y };

	if (*words)
		scene_add(d->scene, &(struct mark){ .kind = MARK_TEXT, .paint = paint, .width = size, .anchor = anchor, .bold = bold,
						    .points = &at, .count = 1, .text = (char *)words });
}

void draw_rule(const struct drawing *d, double x0, double y0, double x1, double y1, enum paint paint)
{
	struct scene_point ends[] = { { x0, y0 }, { x1, y1 } };

	scene_add(d->scene,
		  &(struct mark){ .kind = MARK_LINE, .paint = paint, .width = 1, .points = ends, .count = 2 });
}
