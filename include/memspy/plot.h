/*
 * plot: memory over time, of one or several processes, as a picture or in a terminal.
 *
 * It reads recordings of memspy and what mprof writes (.dat). Whoever asks says how several go together; where they ran
 * at the same time they are placed by the clock, else each begins at 0. The heap has its 95 % interval as a band.
 * A picture is one scene, written as SVG (light and dark, names as tooltips) or as PNG, which needs cairo.
 *
 * Paths and texts are lent until plot_new returns. It knows nothing of processes or of where the output goes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/moments.h"

enum plot_many {
	PLOT_EACH,  /* every process for itself */
	PLOT_STACK, /* RSS of one upon that of the other */
	PLOT_SUM,   /* one process, as it were */
};

enum { PLOT_FILES_MOST = 64, PLOT_LINES_MOST = 8 };

struct plot_ask {
	const char *const *paths;
	size_t path_count;   /* 1 .. PLOT_FILES_MOST */
	enum plot_many many;
	const char *function; /* whose live bytes to show, and when there were any; NULL: none */
	size_t lines;	      /* so many of the largest lines, stacked; up to PLOT_LINES_MOST; of one recording */
	struct moment from, to; /* of each file; not given: all of it */
	bool slope;	      /* a straight line through RSS and heap, with what it rises in a minute */
	bool wall;	      /* the time of day on the axis, and every process where it was */
};

enum plot_theme { PLOT_AUTO, PLOT_LIGHT, PLOT_DARK, PLOT_THEME_COUNT };
extern const char *const plot_theme_names[PLOT_THEME_COUNT]; /* "auto" "light" "dark" */

struct plot_look {
	unsigned width, height; /* pixels, or columns and rows; 0: what is usual */
	enum plot_theme theme;	/* of a picture. auto: as the reader's system has it; of a PNG: light */
	bool colour, unicode;	/* of a terminal */
};

struct plot;

int plot_new(struct plot **ret, const struct plot_ask *ask, struct err *e);
void plot_free(struct plot *p);

/* Each appends to `to`. -ENOMEM; of a PNG also -ENOTSUP: memspy was built without cairo. */
int plot_svg(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e);
int plot_png(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e);
int plot_terminal(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e);
