#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "diff_private.h"

static void add(struct buf *to, const char *key, int64_t v)
{
	buf_json_number(to, key, v);
}

static void add_change(struct buf *to, const struct difference *c)
{
	add(to, "delta_bytes", c->bytes);
	add(to, "low", c->low);
	add(to, "high", c->high);
}

static void add_end(struct buf *to, const char *key, const struct diff_end *end, const struct estimate *sum)
{
	const struct recording_about *about = series_about(end->report->moments.series);
	struct interval sure = estimate_interval(sum, end->every);
	uint64_t us = (uint64_t)(end->seconds * 1e6 + 0.5);

	buf_printf(to, ",\"%s\":{\"path\":", key);
	buf_json_string(to, end->path);
	buf_printf(to, ",\"t\":%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
	add(to, "pid", about->pid);
	buf_json_text(to, "name", about->name);
	add(to, "bytes", (int64_t)sum->bytes);
	add(to, "low", (int64_t)sure.low);
	add(to, "high", (int64_t)sure.high);
	add(to, "rss", (int64_t)end->rss);
	add(to, "sample_bytes", (int64_t)end->every);
	add(to, "lost_samples", (int64_t)end->lost);
	buf_putc(to, '}');
}

/* frames: by stack. */
static void add_row(struct buf *to, const struct diff *d, const struct row *row, struct frame_texts *frames)
{
	struct difference change = diff_interval(d, row);
	const char *state;
	bool sure;

	state = diff_state(row, &change, &sure);
	buf_puts(to, "{\"function\":");
	buf_json_string(to, row->function);
	buf_json_text(to, "file", row->file);
	buf_json_number(to, "line", row->line);
	add(to, "before_bytes", (int64_t)row->before.bytes);
	add(to, "after_bytes", (int64_t)row->own.bytes);
	add_change(to, &change);
	add(to, "before_blocks", (int64_t)row->before.blocks);
	add(to, "after_blocks", (int64_t)row->own.blocks);
	buf_json_text(to, "state", state);
	buf_printf(to, ",\"sure\":%s", sure ? "true" : "false");
	if (d->by == BY_MODULE)
		buf_json_text(to, "module", row->module);
	if (d->by == BY_STACK)
		export_stack(to, frames, row->stack);
	buf_putc(to, '}');
}

int diff_json(const struct diff *d, struct buf *to, struct err *e)
{
	_cleanup_(frame_texts_freep) struct frame_texts *frames = NULL;
	struct difference sum = diff_sum_interval(d);
	int r = d->by == BY_STACK ? export_frames(&frames, d->names, e) : 0;

	if (r < 0)
		return r;
	buf_printf(to, "{\"view\":\"%s\",\"by\":\"%s\",\"one_recording\":%s", report_view_names[d->view], rows_by_names[d->by],
		   d->is_one ? "true" : "false");
	add_end(to, "before", &d->before, &d->rows.sum_before);
	add_end(to, "after", &d->after, &d->rows.sum);
	buf_printf(to, ",\"totals\":{\"before_bytes\":%lld", (long long)d->rows.sum_before.bytes);
	add(to, "after_bytes", (int64_t)d->rows.sum.bytes);
	add_change(to, &sum);
	add(to, "rss_delta_bytes", (int64_t)d->after.rss - (int64_t)d->before.rss);
	buf_puts(to, "},\"rows\":[");
	for (size_t i = 0; i < d->rows.count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_row(to, d, &d->rows.at[i], frames);
	}
	buf_puts(to, "\n]}\n");
	return 0;
}
