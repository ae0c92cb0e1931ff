/* A recording from somebody else, told in every format. Its length says which view, by what. */
#include <errno.h>
#include <stdio.h>

#include "fuzz.h"
#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/listing.h"
#include "memspy/report.h"
#include "memspy/summary.h"

static void sum_up(const struct report *r)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct summary *s;
	struct err e;

	if (summary_new(&s, r, &e))
		abort();
	summary_text(s, true, &(struct report_look){ .width = 80 }, &text);
	summary_json(s, true, &(struct report_look){ 0 }, &text);
	if (text.failed)
		abort();
	summary_free(s);
}

static void list(const char *path)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct listing *l;
	struct err e;

	if (listing_new(&l, path, &(struct listing_ask){ .what = "n" }, &e))
		return;
	listing_text(l, true, 80, &text);
	listing_json(l, &text);
	if (text.failed)
		abort();
	listing_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_(closep) int fd = fuzz_file(bytes, length);
	const struct report_ask ask = { .view = length % VIEW_COUNT, .by = length / VIEW_COUNT % BY_COUNT };
	struct report *r;
	struct err e;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (report_new(&r, path, &ask, &e))
		return 0;
	for (const struct report_format *format = report_formats; format->name; format++) {
		_cleanup_(buf_done) struct buf text = { 0 };

		/* Of all formats html may be missing: -ENOTSUP. */
		int answer = format->write(r, &(struct report_look){ .width = 80 }, &text, &e);

		if ((answer < 0 && answer != -ENOTSUP) || text.failed)
			abort();
	}
	sum_up(r);
	report_free(r);
	list(path);
	return 0;
}
