/* The difference as one page that needs nothing but a browser: a flame graph coloured by change, and the rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "diff_flame.h"

extern const unsigned char diff_page[];
extern const size_t diff_page_bytes;

enum { NODES_MOST = 8000, ROWS_MOST = 2000, NAME_COLUMNS = 300 };
static const char data_mark[] = "@@DATA@@";

/* A JSON string that can stand in a script: names are escaped as for a terminal, and a "<" closes nothing. */
static void add_text(struct buf *to, const char *text)
{
	_cleanup_(freep) char *name = text_end(text, NAME_COLUMNS);

	buf_putc(to, '"');
	for (const char *p = name ? name : ""; *p; p++)
		if (*p == '<' || *p == '&' || *p == '>')
			buf_printf(to, "\\u%04x", *p);
		else if (*p == '"' || *p == '\\')
			buf_printf(to, "\\%c", *p);
		else
			buf_putc(to, *p);
	buf_putc(to, '"');
	to->failed |= !name;
}

static void add_numbers(struct buf *to, const int64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(to, ",%lld", (long long)numbers[i]);
}

static void add_end(struct buf *to, const char *key, const struct diff_end *end, const struct estimate *sum)
{
	const struct recording_about *about = series_about(end->report->moments.series);
	_cleanup_(buf_done) struct buf where = { 0 };

	text_path(&where, end->path, 60);
	buf_printf(&where, " at %s", end->seconds > 0 ? units_seconds(end->seconds).text : "0 s");
	buf_printf(to, ",\"%s\":{\"where\":", key);
	add_text(to, where.data ? where.data : "");
	buf_puts(to, ",\"process\":");
	add_text(to, *about->name ? about->name : *about->cmdline ? about->cmdline : "process");
	buf_puts(to, ",\"python\":");
	add_text(to, about->python);
	buf_printf(to, ",\"pid\":%d,\"bytes\":%lld,\"rss\":%llu,\"lost\":%llu}", about->pid, (long long)sum->bytes,
		   (unsigned long long)end->rss, (unsigned long long)end->lost);
}

/* [place of the parent, name, width, before, after, low, high, own before, own after] */
static void add_node(struct buf *to, const struct diff *d, const struct flame *f, size_t i, const uint32_t *place)
{
	const struct flame_node *node = &f->at[i];
	struct difference c = diff_interval_of(d, &node->before, &node->after, &node->came);
	const int64_t numbers[] = {
		(int64_t)node->width, (int64_t)node->before.bytes, (int64_t)node->after.bytes, c.low, c.high,
		(int64_t)node->own_before, (int64_t)node->own_after,
	};

	buf_printf(to, "%s[%u,%u", i ? ",\n" : "", i ? place[node->parent] : 0, i ? node->frame : 0);
	add_numbers(to, numbers, sizeof(numbers) / sizeof(numbers[0]));
	buf_putc(to, ']');
}

/* By id; frame 0 is no Python. Those that no node shows have no text. */
static int add_frames(struct buf *to, const struct flame *f, struct err *e)
{
	_cleanup_(freep) bool *used = calloc((size_t)names_frames(f->names) + 1, sizeof(*used));

	if (!used)
		return err_set(e, ENOMEM, "out of memory for a flame graph");
	for (size_t i = 0; i < f->count; i++)
		used[f->at[i].frame] |= f->at[i].shown;
	buf_puts(to, ",\"frames\":[[");
	add_text(to, ROWS_NO_PYTHON);
	buf_puts(to, ",\"\"]");
	for (uint32_t id = 1; id <= names_frames(f->names); id++) {
		struct frame frame = names_frame_at(f->names, id);

		buf_puts(to, ",[");
		add_text(to, used[id] ? names_text(f->names, frame.function) : "");
		buf_putc(to, ',');
		add_text(to, used[id] ? names_text(f->names, frame.file) : "");
		buf_putc(to, ']');
	}
	buf_putc(to, ']');
	return 0;
}

static int add_nodes(struct buf *to, const struct diff *d, struct err *e)
{
	_cleanup_(flame_done) struct flame f = { 0 };
	_cleanup_(freep) uint32_t *place = NULL;
	uint32_t shown = 0;
	int r = flame_make(&f, d, NODES_MOST, e);

	if (r < 0)
		return r;
	place = calloc(f.count, sizeof(*place));
	if (!place)
		return err_set(e, ENOMEM, "out of memory for a flame graph");
	buf_puts(to, ",\"nodes\":[");
	for (size_t i = 0; i < f.count; i++) {
		if (!f.at[i].shown)
			continue;
		place[i] = shown++;
		add_node(to, d, &f, i, place);
	}
	buf_printf(to, "],\"left_out\":%zu", f.left_out);
	return add_frames(to, &f, e);
}

/* [state, sure, before, after, low, high, function, place] */
static void add_rows(struct buf *to, const struct diff *d)
{
	const size_t count = d->rows.count < ROWS_MOST ? d->rows.count : ROWS_MOST;

	buf_printf(to, ",\"more_rows\":%zu,\"rows\":[", d->rows.count - count);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &d->rows.at[i];
		struct difference c = diff_interval(d, row);
		const int64_t numbers[] = { (int64_t)row->before.bytes, (int64_t)row->own.bytes, c.low, c.high };
		_cleanup_(buf_done) struct buf where = { 0 };
		const char *state;
		bool sure;

		state = diff_state(row, &c, &sure);
		text_place(&where, row, 80);
		buf_printf(to, "%s[\"%s\",%d", i ? ",\n" : "", state, sure);
		add_numbers(to, numbers, sizeof(numbers) / sizeof(numbers[0]));
		buf_putc(to, ',');
		add_text(to, *row->module ? row->module : row->function);
		buf_putc(to, ',');
		add_text(to, where.data ? where.data : "");
		buf_putc(to, ']');
	}
	buf_puts(to, "]}");
}

int diff_html(const struct diff *d, struct buf *to, struct err *e)
{
	const char *page = (const char *)diff_page, *mark = memmem(page, diff_page_bytes, data_mark, strlen(data_mark));
	struct difference sum = diff_sum_interval(d);
	int r;

	if (!mark)
		abort(); /* the build put it there */
	buf_add(to, page, (size_t)(mark - page));
	buf_printf(to, "{\"view\":\"%s\",\"by\":\"%s\",\"one\":%s,\"low\":%lld,\"high\":%lld,\"version\":\"" MEMSPY_VERSION "\"",
		   report_view_names[d->view], rows_by_names[d->by], d->is_one ? "true" : "false", (long long)sum.low, (long long)sum.high);
	add_end(to, "before", &d->before, &d->rows.sum_before);
	add_end(to, "after", &d->after, &d->rows.sum);
	r = add_nodes(to, d, e);
	if (r < 0)
		return r;
	add_rows(to, d);
	mark += strlen(data_mark);
	buf_add(to, mark, diff_page_bytes - (size_t)(mark - page));
	return 0;
}
