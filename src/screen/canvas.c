#include "memspy/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "memspy/text.h"

enum { TEXT_MOST = 1024 };

int canvas_init(struct canvas *c, int rows, int columns, bool has_unicode, struct err *e)
{
	*c = (struct canvas){ .rows = rows > 0 ? rows : 1, .columns = columns > 0 ? columns : 1, .has_unicode = has_unicode };
	c->cells = calloc((size_t)c->rows * (size_t)c->columns, sizeof(*c->cells));
	if (!c->cells)
		return err_set(e, ENOMEM, "out of memory for the screen");
	canvas_clear(c);
	return 0;
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){ 0 };
}

void canvas_clear(struct canvas *c)
{
	for (int i = 0; i < c->rows * c->columns; i++)
		c->cells[i] = (struct cell){ .text = " " };
}

/* The next character and its columns; what is not UTF-8 and what a terminal would obey is a '?'. */
static size_t next(const char *text, char to[8], int *columns)
{
	uint32_t code = 0;
	size_t bytes = text_character(text, &code);
	int width = 1;

	if (bytes == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
		strcpy(to, "?");
	} else {
		memcpy(to, text, bytes);
		to[bytes] = '\0';
		width = code < 0x80 ? 1 : wcwidth((wchar_t)code);
	}
	*columns = width < 0 ? 1 : width;
	return bytes ? bytes : 1;
}

int canvas_width(const char *text)
{
	int sum = 0;

	while (*text) {
		char one[8];
		int columns;

		text += next(text, one, &columns);
		sum += columns;
	}
	return sum;
}

static struct cell *at(const struct canvas *c, int row, int column)
{
	return row >= 0 && row < c->rows && column >= 0 && column < c->columns ? &c->cells[row * c->columns + column] : NULL;
}

static void put_one(struct canvas *c, int row, int column, int columns, enum style style, const char *one)
{
	struct cell *cell = at(c, row, column), *second = columns == 2 ? at(c, row, column + 1) : NULL;

	if (!cell || (columns == 2 && !second))
		return;
	cell->style = (uint8_t)style;
	snprintf(cell->text, sizeof(cell->text), "%s", one[0] & 0x80 && !c->has_unicode ? "?" : one);
	if (second) {
		*second = (struct cell){ .style = (uint8_t)style, .is_selected = second->is_selected };
		if (!c->has_unicode)
			strcpy(second->text, "?");
	}
}

/* A mark without a width stays with the character before it, if there is room. */
static void put_mark(struct canvas *c, int row, int column, const char *mark)
{
	struct cell *cell = at(c, row, column - 1);

	if (cell && cell->text[0] && c->has_unicode && strlen(cell->text) + strlen(mark) < sizeof(cell->text))
		strcat(cell->text, mark);
}

int canvas_put(struct canvas *c, int row, int column, int end, enum style style, const char *text)
{
	if (end > c->columns)
		end = c->columns;
	while (*text) {
		char one[8];
		int columns;
		size_t bytes = next(text, one, &columns);

		if (columns == 0) {
			put_mark(c, row, column, one);
		} else if (column + columns > end) {
			if (column <= end && end > 0)
				put_one(c, row, column < end ? column : end - 1, 1, style, canvas_glyph(c, "…", "~"));
			return end > column ? end : column;
		} else {
			put_one(c, row, column, columns, style, one);
			column += columns;
		}
		text += bytes;
	}
	return column;
}

int canvas_printf(struct canvas *c, int row, int column, int end, enum style style, const char *format, ...)
{
	char text[TEXT_MOST];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return canvas_put(c, row, column, end, style, text);
}

int canvas_put_right(struct canvas *c, int row, int end, enum style style, const char *text)
{
	int from = end - canvas_width(text);

	canvas_put(c, row, from < 0 ? 0 : from, end, style, text);
	return from;
}

void canvas_select(struct canvas *c, int row)
{
	for (int i = 0; i < c->columns; i++)
		if (at(c, row, i))
			at(c, row, i)->is_selected = true;
}

const char *canvas_glyph(const struct canvas *c, const char *unicode, const char *ascii)
{
	return c->has_unicode ? unicode : ascii;
}

void canvas_text(const struct canvas *c, struct buf *to)
{
	for (int row = 0; row < c->rows; row++) {
		size_t line = to->length;

		for (int i = 0; i < c->columns; i++)
			buf_puts(to, at(c, row, i)->text);
		while (to->data && to->length > line && to->data[to->length - 1] == ' ')
			to->data[--to->length] = '\0';
		buf_putc(to, '\n');
	}
}
