/*
 * plot_page: a chart on its way into a terminal. Serves plot_terminal.c and plot_around.c only.
 */
#pragma once

#include <math.h>

#include "plot_dots.h"
#include "plot_private.h"

enum { AXIS_COLUMNS = 11, LABELS_MOST = 32 };

struct row_label {
	const struct curve *curve;
	long row, rows; /* two where "+75.4 MiB/min" does not fit beside the name */
};

struct page {
	const struct chart *chart;
	const struct plot_look *look;
	struct dots dots;
	size_t width, columns, rows, label_columns;
	bool wraps; /* headings may take more than a line */
	struct row_label labels[LABELS_MOST];
	size_t label_count;
	struct axis_mark bytes[AXIS_MOST], times[AXIS_MOST];
	size_t byte_count, time_count;
};

static inline size_t hue_of(size_t colour)
{
	return colour >= 199 ? 199 : colour;
}

/* Of ASCII: which curve it is. */
static inline char letter_of(const struct curve *c)
{
	return c->colour >= 1000 ? '-' : "*o+x%@&$"[c->colour % 8];
}

static inline double x_of(const struct page *p, double t)
{
	return (t - p->chart->from) / (p->chart->to - p->chart->from) * (double)(p->dots.across - 1);
}

static inline double y_of(const struct page *p, double bytes)
{
	return (1 - fmin(1, bytes / p->chart->top)) * (double)(p->dots.down - 1);
}

/* Figures in the rows where their lines end, or as near as the others let them. */
void around_place_labels(struct page *p);
/* What people read, from the top down; a heading of no text is no line. */
void around_heading(const struct page *p, const char *text, struct buf *to);
void around_lanes(const struct page *p, struct buf *to);
void around_rows(const struct page *p, struct buf *to); /* the dots, with an axis at their left and labels at their right */
void around_time_axis(const struct page *p, struct buf *to);
