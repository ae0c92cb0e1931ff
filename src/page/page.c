/*
 * The page: web/ has its sources, the build makes one file of them, and what this recording says goes in as one packed
 * block. Small stacks are merged until the page is small enough.
 */
#include "memspy/page.h"

#include <errno.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/gzip.h"
#include "memspy/moments.h"
#include "page_private.h"

enum { PAGE_BYTES_MOST = 1900000 };
static const char data_mark[] = "@@DATA@@";

static void add_base64(struct buf *to, const struct buf *from)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *)from->data;

	for (size_t i = 0; i < from->length; i += 3) {
		size_t n = from->length - i;
		unsigned v = (unsigned)s[i] << 16 | (n > 1 ? (unsigned)s[i + 1] << 8 : 0) | (n > 2 ? s[i + 2] : 0);
		char four[4] = { digits[v >> 18], digits[v >> 12 & 63], n > 1 ? digits[v >> 6 & 63] : '=',
				 n > 2 ? digits[v & 63] : '=' };

		buf_add(to, four, sizeof(four));
	}
}

/* The block that web/data.js reads: the length of the head in four bytes, the head, the numbers. */
static int make_block(struct buf *to, const struct page_history *h, const struct page_groups *g,
		      const struct page_ask *ask, struct err *e)
{
	_cleanup_(buf_done) struct buf head = { 0 };
	_cleanup_(buf_done) struct buf numbers = { 0 };
	size_t entries = 0;
	int r = page_pack(&numbers, h, g, &entries, e);

	if (r == 0)
		r = page_head(&head, h, g, entries, ask, e);
	if (r < 0)
		return r;
	for (int i = 0; i < 4; i++)
		buf_putc(to, (char)(head.length >> (8 * i)));
	buf_add(to, head.data, head.length);
	buf_add(to, numbers.data, numbers.length);
	return to->failed || head.failed || numbers.failed ? err_set(e, ENOMEM, "out of memory for a report") : 0;
}

static int try_limits(struct buf *packed, const struct page_history *h, const struct page_weights *weights,
		      const struct page_limits *limits, const struct page_ask *ask, struct err *e)
{
	_cleanup_(page_groups_done) struct page_groups groups = { 0 };
	_cleanup_(buf_done) struct buf block = { 0 };
	int r = page_groups_make(&groups, h, weights, limits, e);

	if (r == 0)
		r = make_block(&block, h, &groups, ask, e);
	buf_reset(packed);
	return r == 0 ? gzip_buf(packed, &block, e) : r;
}

/* What it will take is a guess: where it was wrong, the next is better. Moments once merged stay so. */
static int add_data(struct buf *to, struct page_history *h, const struct page_ask *ask, struct err *e)
{
	_cleanup_(page_weights_done) struct page_weights weights = { 0 };
	_cleanup_(buf_done) struct buf packed = { 0 };
	const double room = (double)(PAGE_BYTES_MOST - page_template_bytes) * 3 / 4;
	double guess = room;
	int r = page_weigh(&weights, h, e);

	for (size_t name = 1000, tries = 0; r == 0 && tries < 12; name = name > 100 ? name / 2 : name, tries++) {
		struct page_limits limits;

		r = page_fit(&limits, &weights, h, guess, e);
		limits.most_name = name;
		while (r == 0 && limits.halvings > h->halved)
			page_history_halve(h);
		if (r == 0)
			r = try_limits(&packed, h, &weights, &limits, ask, e);
		if (r < 0 || (double)packed.length <= room)
			break;
		guess *= room / (double)packed.length * 0.95;
	}
	add_base64(to, &packed);
	return r;
}

int page_write(const char *path, const struct page_ask *ask, struct buf *to, struct err *e)
{
	const char *page = (const char *)page_template;
	_cleanup_(page_history_done) struct page_history h = { 0 };
	struct moments whole;
	const char *mark;
	int code;

	if (page_template_bytes == 0)
		return err_set(e, ENOTSUP, "html is not in this memspy: npm, or the packages of the page, could not be had "
			       "when it was built; run scripts/setup html and build in a fresh directory, with a network");
	mark = memmem(page, page_template_bytes, data_mark, strlen(data_mark));
	/* As the view leaks of the whole recording has it. */
	code = moments_find(&whole, path, (struct moment){ MOMENT_SHARE_OF_STRETCH, 0.9 }, (struct moment){ 0 }, e);
	if (code == 0)
		code = page_history_read(&h, path, whole.last_seconds, whole.from_seconds, e);
	if (code < 0)
		return code;
	buf_add(to, page, (size_t)(mark - page));
	code = add_data(to, &h, ask, e);
	mark += strlen(data_mark);
	buf_add(to, mark, page_template_bytes - (size_t)(mark - page));
	return code;
}
