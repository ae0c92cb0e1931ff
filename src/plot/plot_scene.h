/*
 * plot_scene: a drawing as a list of marks, for whoever can put marks on something.
 *
 * Coordinates are pixels from the upper left. Colours are roles; a theme says what a role looks like. The scene takes
 * copies; when memory runs out it remembers it (failed) and takes nothing more: check once, at the end. Serves this
 * folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/plot.h"

enum paint {
	PAINT_BACK, PAINT_INK, PAINT_MUTED, PAINT_GRID,
	PAINT_SERIES, /* and so many more, by number */
	PAINT_SERIES_COUNT = 8,
	PAINT_COUNT = PAINT_SERIES + PAINT_SERIES_COUNT,
};

enum mark_kind { MARK_LINE, MARK_AREA, MARK_RECT, MARK_TEXT, MARK_DOT };
enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

struct scene_point {
	double x, y;
};

struct mark {
	enum mark_kind kind;
	enum paint paint;
	double opacity;
	double width; /* of a line; radius of a dot; size of a text */
	bool dashed, bold;
	enum anchor anchor;
	struct scene_point *points; /* line and area: all; rect: two corners; text and dot: one */
	size_t count;
	char *text; /* of a text; else what a pointer on it is told, may be NULL. UTF-8 without control characters */
};

struct scene {
	double width, height;
	char *title, *about; /* for those who cannot see it */
	struct mark *marks;
	size_t count, room;
	bool failed;
};

void scene_done(struct scene *s);
/* Takes a copy of everything in `mark`. */
void scene_add(struct scene *s, const struct mark *mark);

uint32_t paint_rgb(enum paint p, bool dark); /* 0xrrggbb */

int scene_svg(const struct scene *s, enum plot_theme theme, struct buf *to, struct err *e);
int scene_png(const struct scene *s, enum plot_theme theme, struct buf *to, struct err *e);
