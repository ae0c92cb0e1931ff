/* A listing for people, and for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/listing.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "listing_parts.h"

static const char head[] = "       live    ±         own        peak   allocated      blocks      growth   line  ";

/* On a terminal that has no room for so much beside the source. */
static const char short_head[] = "       live    ±       growth   line  ";

static bool is_short(size_t width)
{
	return width && width < text_columns(head) + 40;
}

static const struct listing_line *line_at(const struct listing *l, size_t number)
{
	for (size_t low = 0, high = l->count; low < high;) {
		size_t middle = (low + high) / 2;

		if ((size_t)l->lines[middle].line == number)
			return &l->lines[middle];
		if ((size_t)l->lines[middle].line < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* "" for nothing: a page of zeroes hides what is not. */
static void add_bytes(struct buf *to, uint64_t bytes)
{
	buf_printf(to, "%12s", bytes ? units_bytes(bytes).text : "");
}

static void add_figures(struct buf *to, const struct listing *l, const struct listing_line *line, bool few)
{
	struct interval sure = estimate_interval(&line->live, series_sample(l->moments.series)->sample_bytes);
	struct difference growth = listing_growth(l, line);

	buf_printf(to, "%11s", line->live.bytes ? units_bytes(line->live.bytes).text : "");
	if (line->live.bytes)
		text_percent(to, line->live.bytes, sure, 6);
	else
		text_pad(to, 6);
	if (!few) {
		add_bytes(to, line->own.bytes);
		add_bytes(to, line->peak.bytes);
		add_bytes(to, line->allocated.bytes);
	}
	if (!few && line->live.blocks)
		text_number(to, line->live.blocks, 12);
	else if (!few)
		text_pad(to, 12);
	buf_printf(to, "%12s", growth.bytes ? units_signed_bytes(growth.bytes).text : "");
}

/* Tabs are eight columns; what does not fit is cut. */
static void add_source(struct buf *to, const char *line, size_t room)
{
	_cleanup_(buf_done) struct buf plain = { 0 };
	_cleanup_(buf_done) struct buf text = { 0 };
	size_t columns = 0, length = strcspn(line, "\r\n");

	for (size_t i = 0; i < length; i++)
		if (line[i] == '\t')
			buf_puts(&plain, "        ");
		else
			buf_putc(&plain, line[i]);
	text_escape(&text, plain.data ? plain.data : "");
	for (size_t i = 0; i < text.length; i++) {
		if (((unsigned char)text.data[i] & 0xc0) != 0x80 && ++columns > room)
			break;
		buf_putc(to, text.data[i]);
	}
	buf_puts(to, columns > room ? "…" : "");
}

static void add_line(struct buf *to, const struct listing *l, size_t number, size_t width)
{
	const struct listing_line *line = line_at(l, number);
	const size_t used = text_columns(is_short(width) ? short_head : head);

	if (line)
		add_figures(to, l, line, is_short(width));
	else
		text_pad(to, used - 9);
	buf_printf(to, "%7zu  ", number);
	if (number >= 1 && number <= l->text_lines)
		add_source(to, l->starts[number - 1], width == 0 ? SIZE_MAX : width > used + 21 ? width - used - 1 : 20);
	else if (line)
		text_name(to, *names_text(listing_names(l), line->function) ? names_text(listing_names(l), line->function) : "<unknown>");
	buf_putc(to, '\n');
}

static void add_title(struct buf *to, const struct listing *l)
{
	const struct moments *m = &l->moments;
	const char *path = names_text(listing_names(l), l->file);
	struct tm local;
	char when[32] = "";

	text_escape(to, path);
	if (l->function) {
		buf_putc(to, ':');
		text_name(to, l->function);
	}
	buf_printf(to, "   live at %.1f s, growth since %.1f s; each line with all that it called; own: itself\n", m->to_seconds,
		   m->from_seconds);
	if (l->source == SOURCE_NOT_READ)
		buf_puts(to, "The source cannot be read here (not there, no Python, or too large): its lines by their numbers and functions.\n");
	if (l->source == SOURCE_NEWER && localtime_r(&l->at.st_mtime, &local) &&
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local))
		buf_printf(to, "The source was changed on %s, after the recording began: figures may stand beside the wrong lines.\n", when);
}

/* What of the source is shown: by line, from 1. */
static bool *choose(const struct listing *l, bool whole_file)
{
	bool *shown = calloc(l->text_lines + 2, sizeof(*shown));

	for (size_t i = 1; shown && whole_file && i <= l->text_lines; i++)
		shown[i] = true;
	for (size_t i = 0; shown && i < l->count; i++) {
		size_t first, last;

		listing_block(l, l->lines[i].line, &first, &last);
		for (size_t k = first; k <= last && k <= l->text_lines; k++)
			shown[k] = true;
	}
	return shown;
}

void listing_text(const struct listing *l, bool whole_file, unsigned width, struct buf *to)
{
	_cleanup_(freep) bool *shown = choose(l, whole_file);
	_cleanup_(buf_done) struct buf title = { 0 };
	bool gap = false, any = false;

	add_title(&title, l);
	text_fold(to, &title, width, 4);
	buf_printf(to, "\n%s%s\n", is_short(width) ? short_head : head, l->source == SOURCE_NOT_READ ? "function" : "source");
	for (size_t i = 1; shown && i <= l->text_lines; i++) {
		if (shown[i] && gap && any)
			buf_puts(to, "⋮\n");
		if (shown[i])
			add_line(to, l, i, width);
		gap = !shown[i];
		any |= shown[i];
	}
	/* Without a source, and what an older source had further down. */
	for (size_t i = 0; i < l->count; i++)
		if ((size_t)l->lines[i].line > l->text_lines || l->lines[i].line == 0)
			add_line(to, l, (size_t)l->lines[i].line, width);
	to->failed |= !shown;
}

/* ---- for programs ---- */

static void add(struct buf *to, const char *key, int64_t v)
{
	buf_printf(to, ",\"%s\":%lld", key, (long long)v);
}

static void add_json_line(struct buf *to, const struct listing *l, const struct listing_line *line)
{
	struct interval sure = estimate_interval(&line->live, series_sample(l->moments.series)->sample_bytes);
	struct difference growth = listing_growth(l, line);
	size_t number = (size_t)line->line;

	buf_printf(to, "{\"line\":%d,\"function\":", line->line);
	buf_json_string(to, names_text(listing_names(l), line->function));
	add(to, "live_bytes", (int64_t)line->live.bytes);
	add(to, "live_low", (int64_t)sure.low);
	add(to, "live_high", (int64_t)sure.high);
	add(to, "live_blocks", (int64_t)line->live.blocks);
	add(to, "own_bytes", (int64_t)line->own.bytes);
	add(to, "peak_bytes", (int64_t)line->peak.bytes);
	add(to, "allocated_bytes", (int64_t)line->allocated.bytes);
	add(to, "growth_bytes", growth.bytes);
	add(to, "growth_low", growth.low);
	add(to, "growth_high", growth.high);
	if (number >= 1 && number <= l->text_lines) {
		_cleanup_(freep) char *text = strndup(l->starts[number - 1], strcspn(l->starts[number - 1], "\r\n"));

		buf_puts(to, ",\"source\":");
		buf_json_string(to, text ? text : "");
		to->failed |= !text;
	}
	buf_putc(to, '}');
}

void listing_json(const struct listing *l, struct buf *to)
{
	static const char *const sources[] = {
		[SOURCE_READ] = "read", [SOURCE_NEWER] = "newer than the recording", [SOURCE_NOT_READ] = "not read",
	};

	buf_puts(to, "{\"view\":\"lines\",\"file\":");
	buf_json_string(to, names_text(listing_names(l), l->file));
	if (l->function) {
		buf_puts(to, ",\"function\":");
		buf_json_string(to, l->function);
	}
	export_seconds(to, "t", l->moments.to_seconds);
	export_seconds(to, "from", l->moments.from_seconds);
	buf_printf(to, ",\"source\":\"%s\",\"lines\":[", sources[l->source]);
	for (size_t i = 0; i < l->count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_json_line(to, l, &l->lines[i]);
	}
	buf_puts(to, "\n]}\n");
}
