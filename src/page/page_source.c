/*
 * The lines of source that figures stand on, with a few around them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memspy/cleanup.h"
#include "memspy/python_file.h"
#include "page_private.h"

enum { AROUND = 4, LINES_MOST = 2500, COLUMNS_MOST = 240 };

struct wanted {
	uint32_t file;
	int32_t line;
	double weight;
};

static int by_weight(const void *one, const void *other)
{
	const struct wanted *a = one, *b = other;

	return a->weight < b->weight ? 1 : a->weight > b->weight ? -1 : 0;
}

static int by_place(const void *one, const void *other)
{
	const struct wanted *a = one, *b = other;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Steps over a line; NULL behind the last. */
static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end && end[1] ? end + 1 : NULL;
}

static void add_line(struct buf *to, const char *at)
{
	char text[COLUMNS_MOST + 4];
	size_t length = strcspn(at, "\r\n");

	if (length > COLUMNS_MOST) {
		for (length = COLUMNS_MOST; length && ((unsigned char)at[length] & 0xc0) == 0x80;)
			length--;
		memcpy(text, at, length);
		memcpy(text + length, "…", sizeof("…"));
	} else {
		memcpy(text, at, length);
		text[length] = '\0';
	}
	buf_json_string(to, text);
}

/* [first line, [text, …]], … : stretches around the wanted lines of one file. */
static void add_stretches(struct buf *to, const char *data, const struct wanted *w, size_t count)
{
	const char *at = data, *comma = "";
	int32_t line = 1;

	for (size_t i = 0; i < count && at;) {
		int32_t first = w[i].line > AROUND ? w[i].line - AROUND : 1, last = w[i].line + AROUND;

		for (i++; i < count && w[i].line - AROUND <= last + 1; i++)
			last = w[i].line + AROUND;
		for (; at && line < first; line++)
			at = next_line(at);
		if (!at)
			break;
		buf_printf(to, "%s[%d,[", comma, (int)line);
		comma = "";
		for (; at && line <= last; line++, at = next_line(at)) {
			buf_puts(to, comma);
			add_line(to, at);
			comma = ",";
		}
		buf_puts(to, "]]");
		comma = ",";
	}
}

static void add_file(struct buf *to, const char **comma, const struct names *n, const struct wanted *w, size_t count,
		     uint64_t wall_ns)
{
	struct stat at;
	_cleanup_(freep) char *data = python_file_read(names_text(n, w->file), &at);

	if (!data)
		return;
	buf_printf(to, "%s{\"file\":%u,\"newer\":%s,\"lines\":[", *comma, w->file,
		   wall_ns && (uint64_t)at.st_mtime > wall_ns / 1000000000u ? "true" : "false");
	add_stretches(to, data, w, count);
	buf_puts(to, "]}");
	*comma = ",";
}

int page_sources(struct buf *to, const struct page_groups *g, uint64_t wall_ns, struct err *e)
{
	const struct names *n = g->names;
	_cleanup_(freep) struct wanted *w = calloc((size_t)names_frames(n) + 1, sizeof(*w));
	const char *comma = "";
	size_t count = 0, files;

	if (!w)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (uint32_t i = 1; i <= names_frames(n); i++) {
		struct frame f = names_frame_at(n, i);

		if (f.kind == FRAME_PYTHON && f.file && f.line > 0)
			w[count++] = (struct wanted){ f.file, f.line, g->frame_weights[i] };
	}
	qsort(w, count, sizeof(*w), by_weight);
	count = count < LINES_MOST / (2 * AROUND + 1) ? count : LINES_MOST / (2 * AROUND + 1);
	qsort(w, count, sizeof(*w), by_place);
	buf_putc(to, '[');
	for (size_t i = 0; i < count; i += files) {
		for (files = 1; i + files < count && w[i + files].file == w[i].file;)
			files++;
		add_file(to, &comma, n, &w[i], files, wall_ns);
	}
	buf_putc(to, ']');
	return 0;
}
