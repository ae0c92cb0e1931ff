/*
 * Numbers for the page: seven bits a byte, the least first. One that may be negative is doubled, and a negative one
 * turned and less one. web/data.js reads them.
 */
#include "page_private.h"

void page_put(struct buf *to, uint64_t v)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n++] = (unsigned char)(v & 0x7f) | (v > 0x7f ? 0x80 : 0);
		v >>= 7;
	} while (v);
	buf_add(to, bytes, n);
}

void page_put_signed(struct buf *to, int64_t v)
{
	page_put(to, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

int64_t page_figure(uint64_t v)
{
	return (int64_t)(v < PAGE_FIGURE_MOST ? v : PAGE_FIGURE_MOST);
}
