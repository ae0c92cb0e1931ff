/*
 * plot_draw_private: a chart on its way into a scene. Serves plot_draw.c, plot_labels.c and plot_place.c only.
 */
#pragma once

#include "plot_private.h"
#include "plot_scene.h"

struct drawing {
	const struct chart *chart;
	struct scene *scene;
	double left, right, top, bottom; /* of the plot itself */
};

/* Where it is, in pixels of the scene. */
double draw_x(const struct drawing *d, double t);
double draw_y(const struct drawing *d, double bytes);
enum paint draw_paint(size_t colour);
void draw_text(const struct drawing *d, double x, double y, double size, enum paint paint, enum anchor anchor, bool bold,
	       const char *words);
void draw_rule(const struct drawing *d, double x0, double y0, double x1, double y1, enum paint paint);

/* Figures at the right, each as near to its line as the others let it. */
void draw_labels(const struct drawing *d);
