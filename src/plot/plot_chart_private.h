/*
 * plot_chart_private: the parts of making a chart. Serves plot_curve.c, plot_chart.c, plot_each.c,
 * plot_together.c and plot_limit.c only.
 */
#pragma once

#include "plot_private.h"

enum { COLOUR_OTHER = 1000 }; /* of what has no name of its own */

int chart_curve(struct chart *c, struct curve **ret, enum curve_kind kind, size_t colour, const char *name, struct err *e);
int curve_spot(struct curve *c, const struct spot *s, struct err *e);
/* "31.3 MiB ± 26 %" */
void curve_figure(struct curve *c, const struct level *l);
/* A dashed line through the spots of curve number `of`, and its rise in a minute beside the figure of that. */
int chart_slope(struct chart *c, size_t of, struct err *e);

/* The curves of tracks side by side, and of tracks put together. `begin` of a track is its place on the axis. */
int chart_each(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e);
int chart_together(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e);
/* The limits of their memory, over what the curves reach to: bounds are known. */
int chart_limits(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e);
