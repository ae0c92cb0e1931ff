/* A file from somebody else, a recording or mprof's, drawn in every form and compared with a copy of itself and with its own beginning. */
#include <stdio.h>

#include "fuzz.h"
#include "memspy/cleanup.h"
#include "memspy/diff.h"
#include "memspy/plot.h"

static void must(int r, const struct buf *text)
{
	if (r < 0 || text->failed)
		abort();
}

static void draw(const char *path, size_t length)
{
	const char *paths[] = { path, path };
	const struct plot_ask ask = {
		.paths = paths, .path_count = 1 + length % 2, .many = (enum plot_many)(length / 2 % 3), .slope = true,
		.lines = length % 2 ? 0 : 3, .function = length % 7 ? NULL : "f", .wall = length % 5 == 0,
	};
	_cleanup_(buf_done) struct buf text = { 0 };
	struct plot *p;
	struct err e;

	if (plot_new(&p, &ask, &e) < 0)
		return;
	must(plot_svg(p, &(struct plot_look){ 0 }, &text, &e), &text);
	must(plot_terminal(p, &(struct plot_look){ .width = 80, .height = 24, .unicode = length % 3 }, &text, &e), &text);
	plot_free(p);
}

static void compare(const char *path, const char *other, size_t length)
{
	const struct diff_ask ask = {
		.before = { path, { MOMENT_SINCE_START, 0 } }, .after = { .path = other }, .view = VIEW_LIVE,
		.by = length % 2 ? BY_LINE : BY_STACK,
	};
	_cleanup_(buf_done) struct buf text = { 0 };
	struct diff *d;
	struct err e;

	if (diff_new(&d, &ask, &e) < 0)
		return;
	diff_table(d, &(struct diff_look){ 0 }, &text);
	must(diff_json(d, &text, &e), &text);
	must(diff_html(d, &text, &e), &text);
	must(diff_pprof(d, &text, &e), &text);
	diff_judge(d, &(struct diff_limit){ .share = 0.05 }, &e);
	diff_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_(closep) int fd = fuzz_file(bytes, length);
	_cleanup_(closep) int copy = fuzz_file(bytes, length);
	char path[40], other[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(other, sizeof(other), "/proc/self/fd/%d", copy);
	draw(path, length);
	compare(path, other, length);
	compare(path, path, length);
	return 0;
}
