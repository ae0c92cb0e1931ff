#include "memspy/python.h"

#include <string.h>

/* What cannot be written in UTF-8: lone surrogates (undecodable bytes in file names), damaged bytes, NUL. */
enum { REPLACEMENT = 0xfffd };

static void put(struct buf *to, uint32_t c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = REPLACEMENT;
	if (c < 0x80) {
		buf_putc(to, (char)c);
	} else if (c < 0x800) {
		buf_putc(to, (char)(0xc0 | c >> 6));
		buf_putc(to, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(to, (char)(0xe0 | c >> 12));
		buf_putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(to, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(to, (char)(0xf0 | c >> 18));
		buf_putc(to, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(to, (char)(0x80 | (c & 0x3f)));
	}
}

/* One character of bytes that are probably UTF-8; how many bytes it took. */
static size_t decode(const uint8_t *s, size_t length, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	uint32_t c;

	*ret = REPLACEMENT;
	if (n == 0 || n > length)
		return 1;
	c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[n])
		return 1;
	*ret = c;
	return n;
}

void python_text(const void *chars, size_t count, unsigned width, struct buf *to)
{
	const uint8_t *s = chars;

	for (size_t i = 0; i < count;) {
		uint32_t c = 0;

		if (width == 0) {
			i += decode(s + i, count - i, &c);
		} else {
			memcpy(&c, s + i * width, width <= sizeof(c) ? width : sizeof(c));
			i++;
		}
		put(to, c);
	}
}
