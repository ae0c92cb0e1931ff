/*
 * RFC 4180: a head, a row a line, ends of lines CR LF, quotation marks doubled.
 *
 * Whoever opens it in a spreadsheet runs what begins with =, +, - or @: names that do get an apostrophe in front, as
 * spreadsheets show text. Control characters, which may hide one, become visible escapes.
 */
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/frame_texts.h"
#include "memspy/more.h"
#include "memspy/report_figures.h"
#include "memspy/text.h"

/* Escaped, but not yet between its marks: what it begins with decides about the apostrophe. */
static void add_part(struct buf *to, const char *text)
{
	_cleanup_(buf_done) struct buf safe = { 0 };

	text_escape(&safe, text);
	for (const char *p = safe.data ? safe.data : ""; *p; p++) {
		if (*p == '"')
			buf_putc(to, '"');
		buf_putc(to, *p);
	}
	to->failed |= safe.failed;
}

static void add_marked(struct buf *to, const struct buf *safe)
{
	buf_putc(to, '"');
	/* The wide forms of the four begin with EF BC; some spreadsheets take them for the narrow ones. */
	if (safe->length && (strchr("=+-@'", safe->data[0]) || strncmp(safe->data, "\xef\xbc", 2) == 0))
		buf_putc(to, '\'');
	if (safe->length)
		buf_add(to, safe->data, safe->length);
	buf_putc(to, '"');
	to->failed |= safe->failed;
}

static void add_text(struct buf *to, const char *text)
{
	_cleanup_(buf_done) struct buf safe = { 0 };

	add_part(&safe, text);
	add_marked(to, &safe);
}

static void add_number(struct buf *to, int64_t v)
{
	buf_putc(to, ',');
	buf_number(to, v);
}

/* "f (a.py:3)" */
static void add_frame(struct buf *to, const void *names, uint32_t frame)
{
	struct frame f = names_frame_at(names, frame);

	add_part(to, rows_function(names, frame));
	if (!*names_text(names, f.file))
		return;
	buf_puts(to, " (");
	add_part(to, names_text(names, f.file));
	buf_printf(to, ":%d)", f.line);
}

/* Leaf first, as one text: "f (a.py:3) < g (a.py:9)". */
static void add_stack(struct buf *to, struct frame_texts *frames, uint32_t stack)
{
	_cleanup_(buf_done) struct buf text = { 0 };

	frame_texts_add_leaf_first(frames, &text, stack, " < ");
	buf_putc(to, ',');
	add_marked(to, &text);
}

/* frames: by stack. */
static void add_row(struct buf *to, const struct report *r, const struct row *row, const struct more *m,
		    struct frame_texts *frames)
{
	struct difference own = report_interval(r, row);

	add_text(to, row->function);
	buf_putc(to, ',');
	add_text(to, row->file);
	add_number(to, row->line);
	add_number(to, own.bytes);
	add_number(to, (int64_t)row->own.blocks - (int64_t)row->before.blocks);
	add_number(to, own.low);
	add_number(to, own.high);
	add_number(to, row_total(row));
	add_number(to, (int64_t)row->own.samples);
	if (r->by == BY_MODULE) {
		buf_putc(to, ',');
		add_text(to, row->module);
	}
	if (r->by == BY_THREAD)
		add_number(to, row->thread);
	if (r->by == BY_STACK)
		add_stack(to, frames, row->stack);
	for (const struct column *c = columns_of(r->view); c->name; c++)
		add_number(to, c->value(r, row, m));
	if (r->view == VIEW_LEAKS)
		buf_printf(to, ",\"%s\"", more_verdict(r, row, m));
	for (int b = 0; r->view == VIEW_LIFETIMES && b < LIFETIME_BUCKETS; b++)
		add_number(to, (int64_t)m->lifetimes[b]);
	buf_puts(to, "\r\n");
}

static void add_head(struct buf *to, const struct report *r)
{
	buf_puts(to, "function,file,line,own_bytes,own_blocks,own_low,own_high,total_bytes,samples");
	if (r->by == BY_MODULE || r->by == BY_THREAD || r->by == BY_STACK)
		buf_printf(to, ",%s", rows_by_names[r->by]);
	for (const struct column *c = columns_of(r->view); c->name; c++)
		buf_printf(to, ",%s", c->name);
	if (r->view == VIEW_LEAKS)
		buf_puts(to, ",verdict");
	for (int b = 0; r->view == VIEW_LIFETIMES && b < LIFETIME_BUCKETS - 1; b++)
		buf_printf(to, ",freed_within_%d_ms", 1 << b);
	buf_puts(to, r->view == VIEW_LIFETIMES ? ",freed_later\r\n" : "\r\n");
}

int report_csv(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	static const struct more nothing;
	_cleanup_(frame_texts_freep) struct frame_texts *frames = NULL;
	const struct names *n = report_names(r);
	int code = r->by == BY_STACK ? frame_texts_new(&frames, n, add_frame, n, e) : 0;

	(void)look;
	if (code < 0)
		return code;
	add_head(to, r);
	for (size_t i = 0; i < r->rows.count; i++)
		add_row(to, r, &r->rows.at[i], r->more ? &r->more[i] : &nothing, frames);
	return 0;
}
