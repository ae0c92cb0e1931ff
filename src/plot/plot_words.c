#include "plot_words.h"

#include <string.h>

#include "memspy/cleanup.h"

static bool is_begin(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t words_columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += is_begin(*text);
	return n;
}

static void put_cut(struct buf *to, const char *text, size_t columns)
{
	for (size_t used = 0; *text; text++) {
		used += is_begin(*text);
		if (used > columns)
			return;
		buf_putc(to, *text);
	}
}

void words_put(struct buf *to, const char *text, size_t columns, bool unicode)
{
	_cleanup_(buf_done) struct buf plain = { 0 };

	if (unicode) {
		put_cut(to, text, columns);
		return;
	}
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		if (strncmp((const char *)s, "±", 2) == 0) {
			buf_puts(&plain, "+-");
			s++;
		} else if (strncmp((const char *)s, "…", 3) == 0) {
			buf_puts(&plain, "..");
			s += 2;
		} else if (*s < 0x80) {
			buf_putc(&plain, (char)*s);
		} else if ((*s & 0xc0) != 0x80) {
			buf_putc(&plain, '?');
		}
	put_cut(to, plain.data ? plain.data : "", columns);
}

void words_put_end(struct buf *to, const char *text, size_t columns, bool unicode)
{
	const size_t mark = unicode ? 1 : 2;
	size_t over = words_columns(text);

	if (over <= columns) {
		words_put(to, text, columns, unicode);
		return;
	}
	if (columns <= mark)
		return;
	for (over -= columns - mark; over; over -= is_begin(*text))
		text++;
	while (!is_begin(*text))
		text++;
	buf_puts(to, unicode ? "…" : "..");
	words_put(to, text, columns - mark, unicode);
}

size_t words_wrap(struct buf *to, const char *text, size_t columns, bool unicode)
{
	size_t lines = 0;

	while (*text) {
		_cleanup_(buf_done) struct buf line = { 0 };
		size_t used = 0, length = 0, fits = 0;

		for (; text[length] && used + is_begin(text[length]) <= columns; length++) {
			used += is_begin(text[length]);
			if (text[length] == ' ')
				fits = length;
		}
		while (text[length] && !is_begin(text[length]))
			length++;
		if (text[length] && text[length] != ' ' && fits)
			length = fits;
		lines++;
		if (to) {
			buf_add(&line, text, length);
			words_put(to, line.data ? line.data : "", columns, unicode);
			buf_putc(to, '\n');
		}
		text += length;
		text += strspn(text, " ");
	}
	return lines;
}
