#include "memspy/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

/* Names and ids repeat so much that the quickest level is within a few percent of the best. */
enum { LEVEL = 1, WINDOW_GZIP = 15 + 16, MEMORY = 8 };

int gzip_buf(struct buf *to, const struct buf *from, struct err *e)
{
	unsigned char out[64 * 1024];
	z_stream z = { 0 };
	size_t done = 0;
	int r;

	if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ENOMEM, "out of memory for gzip");
	do {
		if (z.avail_in == 0 && done < from->length) {
			size_t left = from->length - done;

			z.next_in = (unsigned char *)from->data + done;
			z.avail_in = left < UINT_MAX ? (unsigned)left : UINT_MAX;
			done += z.avail_in;
		}
		z.next_out = out;
		z.avail_out = sizeof(out);
		r = deflate(&z, done == from->length ? Z_FINISH : Z_NO_FLUSH);
		buf_add(to, out, sizeof(out) - z.avail_out);
	} while (r == Z_OK || r == Z_BUF_ERROR);
	deflateEnd(&z);
	return r == Z_STREAM_END ? 0 : err_set(e, EIO, "gzip failed: zlib says %d", r);
}
