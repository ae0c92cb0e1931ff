/* What the keys do and what the columns say. */
#include <stdio.h>
#include <string.h>

#include "screen_private.h"

struct line {
	const char *left, *right; /* right NULL: a heading */
};

static const struct line lines[] = {
	{ "memspy top", NULL },
	{ "↑ ↓ j k", "select; page up, page down, home and end go further" },
	{ "⏎", "who called the selected row, and the source around it" },
	{ "l f F M t", "a row is a line, a function, a file, a module, a thread" },
	{ "s S", "sort by the next column; turn the order round" },
	{ "/", "show rows whose function, file or line match an expression" },
	{ "i", "own code: tell memory of the standard library by who called it" },
	{ "m u", "mark: show only what has grown since now; take the mark away" },
	{ "p", "pause the picture; memspy goes on looking" },
	{ "g", "the graph: RSS as a line, the heap as the area under it" },
	{ "w", "write a recording from now on, until w or q" },
	{ "tab 1-9", "the next process, that process; 0 lists them all" },
	{ "esc", "back" },
	{ "q", "quit; what memspy attached is detached" },
	{ "", "" },
	{ "The columns", NULL },
	{ "LIVE BYTES", "allocated since memspy came, by the line itself, and not freed" },
	{ "±", "half of the 95 % interval: figures, and growth, are estimates" },
	{ "TOTAL", "the same, with what was allocated in what the line called" },
	{ "SINCE START", "how LIVE BYTES changed since top began, or since the mark" },
	{ "GROWTH/MIN", "how they changed in the last minute" },
	{ "dim", "a change that may be noise: none at all is within its 95 % interval" },
	{ "ALLOC/S", "bytes allocated per second, freed or not, in the last seconds" },
	{ "BLOCKS", "live blocks" },
	{ "AGE", "for how long, seen by top, the row was never without live bytes" },
	{ "", "" },
	{ "heap", "the sum of LIVE BYTES; RSS holds more: what was there before, libraries, stacks, what allocators keep" },
	{ "one in", "one allocation in so many bytes is looked at, on average" },
	{ "lost", "samples that did not make it; they are missing in the figures" },
};
enum { LINES = sizeof(lines) / sizeof(lines[0]), RIGHT = 15 };

/* Words that do not fit go on in the next row. */
static int put_wrapped(struct canvas *c, int row, int end, const char *text)
{
	int column = RIGHT;

	while (*text && row < end) {
		size_t length = strcspn(text, " ");
		char word[40];

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (column > RIGHT && column + canvas_width(word) >= c->columns) {
			column = RIGHT;
			row++;
		}
		if (row < end)
			column = canvas_put(c, row, column, c->columns, STYLE_PLAIN, word) + 1;
		text += length + (text[length] == ' ');
	}
	return row + 1;
}

void draw_help(struct screen *s, struct canvas *c, int row, int end)
{
	s->help_top = s->help_top < LINES ? s->help_top : LINES - 1;
	s->page_rows = end - row;
	for (int i = s->help_top; i < LINES && row < end; i++) {
		const struct line *l = &lines[i];
		const char *left = c->has_unicode || (unsigned char)l->left[0] < 0x80 ? l->left :
				   i == 1 ? "up down j k" : i == 2 ? "enter" : "+-";

		canvas_put(c, row, 1, l->right ? RIGHT : c->columns, l->right ? STYLE_BOLD : STYLE_HEAD, left);
		row = l->right ? put_wrapped(c, row, end, l->right) : row + 1;
	}
}
