#include "wrap_private.h"

#include <stdbool.h>
#include <string.h>

static size_t columns_of(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

void wrap(struct buf *to, const char *text, size_t at, size_t column, size_t width)
{
	bool is_first = true; /* of its line */

	while (*text) {
		size_t length = strcspn(text, " \n"), columns = columns_of(text, length);

		if (!is_first && at + 1 + columns > width) {
			buf_printf(to, "\n%*s", (int)column, "");
			at = column;
		} else if (!is_first) {
			buf_putc(to, ' ');
			at++;
		}
		buf_add(to, text, length);
		at += columns;
		text += length;
		is_first = *text == '\n';
		if (is_first) {
			buf_printf(to, "\n%*s", text[1] == '\n' ? 0 : (int)column, "");
			at = column;
		}
		if (*text)
			text++;
	}
	buf_putc(to, '\n');
}
