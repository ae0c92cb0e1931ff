/*
 * graph: RSS as a line and the heap as an area under it, over time, in dots of braille; in letters where there is no Unicode.
 *
 * Both from 0, on one scale. The newest moment is at the right.
 */
#pragma once

#include "memspy/canvas.h"
#include "memspy/history.h"

/* In the rectangle that begins at row, column. */
void graph_draw(struct canvas *c, int row, int column, int rows, int columns, const struct history *h);
/* RSS alone in one row, from its least to its most, but never so that a hundredth of it looks like all. */
void graph_line(struct canvas *c, int row, int column, int columns, const struct history *h);
/* What the top of graph_draw stands for. */
uint64_t graph_most(const struct history *h);
