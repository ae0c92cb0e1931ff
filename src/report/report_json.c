#include "report_private.h"

static void add(struct buf *to, const char *key, uint64_t v)
{
	buf_printf(to, ",\"%s\":%llu", key, (unsigned long long)v);
}

static void add_frame(struct buf *to, const char *function, const char *file, int line)
{
	buf_puts(to, "\"function\":");
	buf_json_string(to, function);
	buf_puts(to, ",\"file\":");
	buf_json_string(to, file);
	buf_printf(to, ",\"line\":%d", line);
}

/* Leaf first; an allocation without Python has one frame that says so. */
static void add_stack(struct buf *to, const struct names *n, uint32_t stack)
{
	const char *comma = "";

	buf_puts(to, ",\"stack\":[");
	do {
		uint32_t frame = names_stack_at(n, stack).frame;
		struct frame f = names_frame_at(n, frame);

		buf_printf(to, "%s{", comma);
		add_frame(to, rows_function(n, frame), names_text(n, f.file), f.line);
		buf_putc(to, '}');
		comma = ",";
		stack = names_stack_at(n, stack).parent;
	} while (stack);
	buf_putc(to, ']');
}

static void add_row(struct buf *to, const struct report *r, const struct row *row)
{
	struct interval sure = estimate_interval(&row->own, series_sample(r->series)->sample_bytes);

	buf_putc(to, '{');
	add_frame(to, row->function, row->file, row->line);
	add(to, "own_bytes", row->own.bytes);
	add(to, "own_blocks", row->own.blocks);
	add(to, "own_low", sure.low);
	add(to, "own_high", sure.high);
	add(to, "total_bytes", row->total_bytes);
	add(to, "samples", row->own.samples);
	if (r->by == BY_STACK)
		add_stack(to, series_names(r->series), row->stack);
	buf_putc(to, '}');
}

void report_json(const struct report *r, struct buf *to)
{
	const struct sample *s = series_sample(r->series);
	const struct estimate *sum = &r->rows.sum;
	struct interval sure = estimate_interval(sum, s->sample_bytes);
	uint64_t us = (uint64_t)(r->seconds * 1e6 + 0.5);

	buf_printf(to, "{\"view\":\"%s\",\"by\":\"%s\",\"t\":%llu.%06llu", report_view_names[r->view],
		   rows_by_names[r->by],
		   (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
	buf_printf(to, ",\"totals\":{\"bytes\":%llu", (unsigned long long)sum->bytes);
	add(to, "blocks", sum->blocks);
	add(to, "low", sure.low);
	add(to, "high", sure.high);
	add(to, "samples", sum->samples);
	add(to, "rss", s->memory.rss);
	add(to, "lost_samples", losses_total(&s->lost));
	buf_puts(to, "},\"rows\":[");
	for (size_t i = 0; i < r->rows.count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_row(to, r, &r->rows.at[i]);
	}
	buf_puts(to, "\n]}\n");
}
