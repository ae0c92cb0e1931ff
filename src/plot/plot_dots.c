#include "plot_dots.h"

#include <math.h>
#include <stdlib.h>

void dots_init(struct dots *c, size_t columns, size_t rows, bool unicode)
{
	*c = (struct dots){ .columns = columns, .rows = rows, .unicode = unicode,
			      .across = columns * (unicode ? 2 : 1), .down = rows * (unicode ? 4 : 1) };
	c->cells = calloc(columns * rows + 1, sizeof(*c->cells));
}

void dots_done(struct dots *c)
{
	free(c->cells);
	*c = (struct dots){ 0 };
}

void dots_put(struct dots *c, long x, long y, size_t colour, char letter)
{
	static const uint8_t bits[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
	struct dots_cell *cell;

	if (!c->cells || x < 0 || y < 0 || (size_t)x >= c->across || (size_t)y >= c->down)
		return;
	cell = &c->cells[(size_t)y / (c->unicode ? 4 : 1) * c->columns + (size_t)x / (c->unicode ? 2 : 1)];
	cell->dots |= c->unicode ? bits[y % 4][x % 2] : 1;
	cell->colour = (uint8_t)(colour % 200 + 1);
	cell->letter = letter;
}

void dots_line(struct dots *c, double x0, double y0, double x1, double y1, size_t colour, char letter)
{
	double steps = fmax(1, ceil(fmax(fabs(x1 - x0), fabs(y1 - y0))));

	for (double i = 0; i <= steps; i++)
		dots_put(c, lround(x0 + (x1 - x0) * i / steps), lround(y0 + (y1 - y0) * i / steps), colour, letter);
}

const char *dots_colour(size_t colour)
{
	/* Those that can be read on light and dark ground; red is for what is wrong. */
	static const char *const codes[] = { "\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m", "\033[93m", "\033[95m", "\033[96m" };

	return colour >= 199 ? "\033[2m" : codes[colour % (sizeof(codes) / sizeof(codes[0]))];
}

void dots_row(const struct dots *c, size_t row, bool with_colour, struct buf *to)
{
	unsigned last = 0;

	for (size_t i = 0; i < c->columns && c->cells; i++) {
		const struct dots_cell *cell = &c->cells[row * c->columns + i];
		unsigned colour = cell->dots ? cell->colour : 0;

		if (with_colour && colour != last)
			buf_puts(to, colour ? dots_colour(colour - 1) : "\033[m");
		last = colour;
		if (!cell->dots)
			buf_putc(to, ' ');
		else if (!c->unicode)
			buf_putc(to, cell->letter);
		else /* U+2800 and eight bits, as UTF-8 */
			buf_add(to, (const char[]){ (char)0xe2, (char)(0xa0 | cell->dots >> 6), (char)(0x80 | (cell->dots & 0x3f)) }, 3);
	}
	if (with_colour && last)
		buf_puts(to, "\033[m");
}
