/*
 * plot_dots: dots in a terminal: eight in each cell by Braille, or one by ASCII.
 *
 * Dots are counted from the upper left. A cell has one colour, that of its last dot. When memory ran out the page has no
 * cells, and takes nothing. Serves this folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"

struct dots {
	size_t columns, rows;	/* cells */
	size_t across, down;	/* dots */
	bool unicode;
	struct dots_cell {
		uint8_t dots;
		uint8_t colour; /* 0: none; else so many plus one */
		char letter;	/* what stands there in ASCII */
	} *cells;
};

void dots_init(struct dots *c, size_t columns, size_t rows, bool unicode);
void dots_done(struct dots *c);
void dots_put(struct dots *c, long x, long y, size_t colour, char letter);
void dots_line(struct dots *c, double x0, double y0, double x1, double y1, size_t colour, char letter);
/* One row of cells; with_colour: escapes of a terminal. */
void dots_row(const struct dots *c, size_t row, bool with_colour, struct buf *to);
/* "\033[36m" */
const char *dots_colour(size_t colour);
