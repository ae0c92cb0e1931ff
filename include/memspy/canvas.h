/*
 * canvas: a page of characters with their styles, drawn in memory.
 *
 * Whoever draws needs no terminal, and a test reads what was drawn as text; stage.h shows it to people. What is put
 * outside of the page is cut off. Whatever bytes are put, a cell holds one harmless character.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"

enum style {
	STYLE_PLAIN,
	STYLE_DIM,   /* what is there to be found, not to be read first */
	STYLE_BOLD,
	STYLE_HEAD,  /* titles */
	STYLE_GROWS,
	STYLE_RSS,   /* the line of RSS */
	STYLE_HEAP,  /* the area of the heap */
	STYLE_STATE, /* paused, marked, recording: not as usual, but as asked for */
	STYLE_WRONG, /* nothing else is red */
	STYLE_COUNT,
};

struct cell {
	char text[11];	 /* one character of UTF-8, and marks that belong to it; "": the right half of a wide one */
	uint8_t style;	 /* enum style */
	bool is_selected;
};

struct canvas {
	int rows, columns;
	bool has_unicode; /* without it every other character than ASCII is put as '?' */
	struct cell *cells;
};

int canvas_init(struct canvas *c, int rows, int columns, bool has_unicode, struct err *e);
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* Puts text before column `end`, with a "…" where it does not fit. The column behind it. */
int canvas_put(struct canvas *c, int row, int column, int end, enum style style, const char *text);
int canvas_printf(struct canvas *c, int row, int column, int end, enum style style, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* Ends before column `end`. The column it begins at. */
int canvas_put_right(struct canvas *c, int row, int end, enum style style, const char *text);
void canvas_select(struct canvas *c, int row);
/* One glyph where there is Unicode, another where not. */
const char *canvas_glyph(const struct canvas *c, const char *unicode, const char *ascii);
int canvas_width(const char *text); /* columns it takes */

/* Lines, without the spaces at their ends. */
void canvas_text(const struct canvas *c, struct buf *to);
