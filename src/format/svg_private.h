/*
 * svg_private: a flame graph as a picture, in the making. Serves this folder only.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/call_tree.h"
#include "flame_colours.h"

enum {
	WIDTH = 1200, MARGIN = 10, INNER = WIDTH - 2 * MARGIN, /* pixels */
	HEAD = 84, ROW = 18, BASELINE = 13, FOOT = 10,
	LETTER_TENTHS = 67,	/* of a letter of 11 px of any monospace font */
	RECTS_MOST = 8000, DEPTH_MOST = 250,
	TITLE_COLUMNS = 400,	/* of each line in a tooltip */
	LEGEND_COLUMNS = 24, WHERE_LEAST = 8,
};

struct picture {
	const struct report *r;
	const struct call_tree *t;
	const struct flame_colours *colours;
	struct buf *to;
	uint64_t narrowest; /* bytes that a frame must have to be drawn */
	uint64_t next[DEPTH_MOST + 2]; /* by depth: where the next frame begins, in bytes from the left */
};

/* Escaped text for XML, in at most so many columns; wide letters count twice. */
void svg_text(struct buf *to, const struct buf *escaped, size_t columns);
/* What stands around the frames: all up to the first, for so many rows of them; and which colour is which module. */
void svg_head(const struct picture *p, uint32_t rows);
void svg_legend(const struct picture *p);
