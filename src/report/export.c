#include "memspy/export.h"

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "memspy/units.h"


void export_number(struct buf *to, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(to, digits + at, sizeof(digits) - at);
}

void export_json(struct buf *to, const char *text)
{
	buf_json_string(to, text ? text : "");
}

void export_json_escaped(struct buf *to, const char *name)
{
	_cleanup_(buf_done) struct buf text = { 0 };

	text_escape(&text, name);
	export_json(to, text.data);
	to->failed |= text.failed;
}

void export_seconds(struct buf *to, const char *key, double seconds)
{
	uint64_t us = (uint64_t)(seconds * 1e6 + 0.5);

	buf_printf(to, ",\"%s\":%llu.%06llu", key, (unsigned long long)(us / 1000000),
		   (unsigned long long)(us % 1000000));
}

static void add_frame(struct buf *to, const void *names, uint32_t frame)
{
	const struct frame f = names_frame_at(names, frame);

	buf_puts(to, "{\"function\":");
	buf_json_string(to, rows_function(names, frame));
	buf_json_text(to, "file", names_text(names, f.file));
	buf_json_number(to, "line", f.line);
	buf_putc(to, '}');
}

int export_frames(struct frame_texts **ret, const struct names *n, struct err *e)
{
	return frame_texts_new(ret, n, add_frame, n, e);
}

void export_stack(struct buf *to, struct frame_texts *frames, uint32_t stack)
{
	buf_puts(to, ",\"stack\":[");
	frame_texts_add_leaf_first(frames, to, stack, ",");
	buf_putc(to, ']');
}

void export_name(struct buf *to, const struct report *r)
{
	const struct recording_about *about = series_about(r->moments.series);

	text_escape(to, *about->name ? about->name : *about->cmdline ? about->cmdline : "process");
	buf_printf(to, " (pid %d)", about->pid);
}

void export_view(struct buf *to, const struct report *r)
{
	const struct moments *m = &r->moments;

	buf_puts(to, report_view_names[r->view]);
	if (r->view == VIEW_LIVE || r->view == VIEW_PEAK)
		buf_puts(to, " at ");
	else if (r->since_attach)
		buf_puts(to, " since attach, up to ");
	else
		buf_printf(to, " from %s to ", units_seconds(m->from_seconds).text);
	buf_puts(to, units_seconds(m->to_seconds).text);
}

static struct units_text size(const struct report *r, int64_t bytes)
{
	return r->view == VIEW_GROWTH ? units_signed_bytes(bytes) : units_bytes((uint64_t)bytes);
}

static void add_interval(struct buf *to, const struct report *r, const struct difference *c)
{
	buf_puts(to, size(r, c->bytes).text);
	if (c->low == c->bytes && c->high == c->bytes) {
		buf_puts(to, ", exact");
		return;
	}
	buf_printf(to, ", 95 %% interval %s to ", size(r, c->low).text);
	buf_puts(to, size(r, c->high).text);
}

void export_interval(struct buf *to, const struct report *r, const struct row *row)
{
	struct difference c = report_interval(r, row);

	add_interval(to, r, &c);
}

void export_sum(struct buf *to, const struct report *r)
{
	struct difference c = report_sum_interval(r);

	add_interval(to, r, &c);
}

void export_sampling(struct buf *to, const struct report *r)
{
	const struct sample *s = report_sample(r);

	if (s->sample_bytes)
		buf_printf(to, "sampled every %s", units_bytes(s->sample_bytes).text);
	else
		buf_puts(to, "every allocation counted");
	if (losses_total(&s->lost))
		buf_printf(to, ", %llu samples lost", (unsigned long long)losses_total(&s->lost));
	else
		buf_puts(to, ", nothing lost");
}

void export_losses(struct buf *to, const struct losses *l)
{
	const struct {
		const char *key;
		uint64_t n;
	} lost[] = {
		{ "all", losses_total(l) }, { "contention", l->contention }, { "full", l->full }, { "frees", l->frees },
		{ "merged", l->merged }, { "text", l->text }, { "truncated", l->truncated }, { "torn", l->torn },
	};

	buf_puts(to, ",\"lost\":{");
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		buf_printf(to, "%s\"%s\":", i ? "," : "", lost[i].key);
		export_number(to, lost[i].n < 1ull << 53 ? lost[i].n : 1ull << 53);
	}
	buf_putc(to, '}');
}
