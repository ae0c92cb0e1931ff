#include "number_text.h"

#include <stddef.h>

char *number_digits(char *to, uint64_t v)
{
	char turned[20];
	size_t n = 0;

	v = v > INT64_MAX ? INT64_MAX : v;
	do
		turned[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*to++ = turned[--n];
	return to;
}

void number_write(struct buf *to, int64_t v)
{
	char text[21] = "-";

	buf_add(to, text, (size_t)(number_digits(text + (v < 0), v < 0 ? 0 - (uint64_t)v : (uint64_t)v) - text));
}
