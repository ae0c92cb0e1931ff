#include <errno.h>

#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/more.h"

static void add(struct buf *to, const char *key, int64_t v)
{
	buf_json_number(to, key, v);
}

static void add_frame(struct buf *to, const char *function, const char *file, int line)
{
	buf_puts(to, "\"function\":");
	buf_json_string(to, function);
	buf_puts(to, ",\"file\":");
	buf_json_string(to, file);
	buf_json_number(to, "line", line);
}

static void add_list(struct buf *to, const char *key, const uint64_t *v, size_t count)
{
	buf_printf(to, ",\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_putc(to, ',');
		buf_number(to, (int64_t)v[i]);
	}
	buf_putc(to, ']');
}

/* What only this view tells. */
static void add_more(struct buf *to, const struct report *r, const struct row *row, const struct more *m)
{
	for (const struct column *c = columns_of(r->view); c->name; c++)
		add(to, c->name, c->value(r, row, m));
	if (r->view == VIEW_LEAKS) {
		buf_printf(to, ",\"verdict\":\"%s\"", more_verdict(r, row, m));
		add_list(to, "live_trend", m->trend, r->moments.trend_count);
	}
	if (r->view == VIEW_LIFETIMES)
		add_list(to, "lifetimes", m->lifetimes, LIFETIME_BUCKETS);
}

/* frames: by stack. */
static void add_row(struct buf *to, const struct report *r, const struct row *row, const struct more *m,
		    struct frame_texts *frames)
{
	struct difference own = report_interval(r, row);

	buf_putc(to, '{');
	add_frame(to, row->function, row->file, row->line);
	add(to, "own_bytes", own.bytes);
	add(to, "own_blocks", (int64_t)row->own.blocks - (int64_t)row->before.blocks);
	add(to, "own_low", own.low);
	add(to, "own_high", own.high);
	add(to, "total_bytes", row_total(row));
	add(to, "samples", (int64_t)row->own.samples);
	if (r->by == BY_MODULE) {
		buf_puts(to, ",\"module\":");
		buf_json_string(to, row->module);
	}
	if (r->by == BY_THREAD)
		add(to, "thread", row->thread);
	if (r->by == BY_STACK)
		export_stack(to, frames, row->stack);
	add_more(to, r, row, m);
	buf_putc(to, '}');
}

static void add_trend_times(struct buf *to, const struct report *r)
{
	buf_puts(to, ",\"trend_t\":[");
	for (size_t k = 0; k < r->moments.trend_count; k++)
		buf_printf(to, "%s%llu.%03llu", k ? "," : "", (unsigned long long)(r->moments.trend[k].seconds * 1000 + 0.5) / 1000,
			   (unsigned long long)(r->moments.trend[k].seconds * 1000 + 0.5) % 1000);
	buf_putc(to, ']');
}

/* The two sides of the sum, stack by stack: formats that know nothing below 0 tell the first. */
static int add_grown(struct buf *to, const struct report *r, int64_t sum, struct err *e)
{
	_cleanup_(freep) struct report_stack *stacks = NULL;
	size_t count;
	int code = report_stacks(r, &stacks, &count, e);

	if (code < 0)
		return code;
	add(to, "grown", (int64_t)report_grown(stacks, count));
	add(to, "shrunk", (int64_t)report_grown(stacks, count) - sum);
	return 0;
}

int report_json(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(frame_texts_freep) struct frame_texts *frames = NULL;
	const struct sample *s = report_sample(r);
	struct difference sum = report_sum_interval(r);

	static const struct more nothing;

	(void)look;
	if (r->by == BY_STACK && export_frames(&frames, report_names(r), e) < 0)
		return -ENOMEM;
	buf_printf(to, "{\"view\":\"%s\",\"by\":\"%s\"", report_view_names[r->view], rows_by_names[r->by]);
	if (r->own_names)
		buf_puts(to, ",\"own_code\":true");
	export_seconds(to, "t", r->moments.to_seconds);
	if (!r->since_attach)
		export_seconds(to, "from", r->moments.from_seconds);
	if (r->view == VIEW_TEMPORARY && r->temporary_bucket >= 0)
		add(to, "temporary_ms", (int64_t)1 << r->temporary_bucket);
	if (r->view == VIEW_LEAKS)
		add_trend_times(to, r);
	buf_printf(to, ",\"totals\":{\"bytes\":%lld", (long long)sum.bytes);
	add(to, "blocks", (int64_t)r->rows.sum.blocks - (int64_t)r->rows.sum_before.blocks);
	add(to, "low", sum.low);
	add(to, "high", sum.high);
	add(to, "samples", (int64_t)r->rows.sum.samples);
	add(to, "rss", (int64_t)s->memory.rss);
	add(to, "lost_samples", (int64_t)losses_total(&s->lost));
	if (r->view == VIEW_GROWTH && add_grown(to, r, sum.bytes, e) < 0)
		return -ENOMEM;
	buf_puts(to, "},\"rows\":[");
	for (size_t i = 0; i < r->rows.count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_row(to, r, &r->rows.at[i], r->more ? &r->more[i] : &nothing, frames);
	}
	buf_puts(to, "\n]}\n");
	return 0;
}
