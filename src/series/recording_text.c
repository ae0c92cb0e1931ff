/* The text of a recording: docs/recording-format.md says what it means. */
#include <math.h>
#include <string.h>

#include "change.h"
#include "number_text.h"
#include "recording_private.h"

static uint64_t whole(double v)
{
	return v > 0 ? v >= 9.2e18 ? INT64_MAX : (uint64_t)(v + 0.5) : 0;
}

static void add_number(struct buf *to, uint64_t v)
{
	char text[20];

	buf_add(to, text, (size_t)(number_digits(text, v) - text));
}

static void add_key(struct buf *to, const char *key, uint64_t v)
{
	buf_puts(to, ",\"");
	buf_puts(to, key);
	buf_puts(to, "\":");
	add_number(to, v);
}

/* Microseconds are enough for anyone's ticks. By hand: printf would ask the locale how to write a fraction. */
static void add_seconds(struct buf *to, double seconds)
{
	uint64_t us = seconds > 0 ? whole(seconds * 1e6) : 0;

	add_number(to, us / 1000000);
	buf_printf(to, ".%06u", (unsigned)(us % 1000000));
}

void recording_text_header(struct buf *to, const struct recording_about *about, uint64_t max_bytes)
{
	buf_puts(to, "{\"memspy_recording\":2");
	buf_json_text(to, "memspy_version", about->memspy_version);
	add_key(to, "wall_ns", about->wall_ns);

	buf_puts(to, ",\"target\":{\"pid\":");
	add_number(to, about->pid > 0 ? (uint64_t)about->pid : 0);
	add_key(to, "start_time_ns", about->start_time_ns);
	buf_json_text(to, "name", about->name);
	buf_json_text(to, "cmdline", about->cmdline);
	buf_json_text(to, "exe", about->exe);
	buf_json_text(to, "python", about->python);
	buf_json_text(to, "build", about->build);
	buf_json_text(to, "host", about->host);
	buf_json_text(to, "container", about->container);
	add_key(to, "rss_at_attach", about->rss_at_attach);
	if (about->memory_limit)
		add_key(to, "memory_limit", about->memory_limit);

	buf_puts(to, "},\"config\":{\"mode\":");
	buf_json_string(to, about->sample_bytes ? "sampled" : "exact");
	add_key(to, "sample_bytes", about->sample_bytes);
	buf_json_text(to, "domains", about->domains);
	buf_puts(to, ",\"interval_s\":");
	add_seconds(to, about->interval_s);
	add_key(to, "max_bytes", max_bytes);

	buf_puts(to, "},\"ticks\":[");
}

static void add_heap(struct buf *to, const struct sample *s, const struct estimate *live, const struct estimate *alloc)
{
	struct interval sure = estimate_interval(live, s->sample_bytes);

	add_key(to, "T", s->sample_bytes);
	add_key(to, "heap_live", live->bytes);
	add_key(to, "heap_low", sure.low);
	add_key(to, "heap_high", sure.high);
	add_key(to, "heap_live_blocks", live->blocks);
	add_key(to, "samples", live->samples);
	add_key(to, "alloc", alloc->bytes);
	add_key(to, "peak", s->peak_bytes);
}

/* Only what there is: mostly nothing was lost. */
static void add_lost(struct buf *to, const struct losses *l)
{
	const struct {
		const char *key;
		uint64_t n;
	} lost[] = {
		{ "contention", l->contention }, { "full", l->full }, { "merged", l->merged }, { "text", l->text },
		{ "frees", l->frees }, { "truncated", l->truncated }, { "torn", l->torn },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		if (!lost[i].n)
			continue;
		buf_puts(to, any ? ",\"" : ",\"lost\":{\"");
		buf_puts(to, lost[i].key);
		buf_puts(to, "\":");
		add_number(to, lost[i].n);
		any = true;
	}
	if (any)
		buf_putc(to, '}');
}

void recording_text_sample(struct buf *to, const struct sample *s, double seconds, const struct estimate *live,
			   const struct estimate *alloc)
{
	buf_puts(to, "{\"t\":");
	add_seconds(to, seconds);
	add_key(to, "rss", s->memory.rss);
	if (s->memory.has_detail) {
		add_key(to, "rss_anon", s->memory.rss_anon);
		add_key(to, "rss_file", s->memory.rss_file);
		add_key(to, "rss_shmem", s->memory.rss_shmem);
		add_key(to, "pss", s->memory.pss);
		add_key(to, "swap", s->memory.swap);
	}
	add_key(to, "table", s->table_bytes);
	if (s->has_heap)
		add_heap(to, s, live, alloc);
	add_lost(to, &s->lost);
}

static void add_row(struct buf *to, const uint64_t *numbers, size_t count)
{
	char row[24 * 21], *p = row;

	for (size_t i = 0; i < count; i++) {
		*p++ = i ? ',' : '[';
		p = number_digits(p, numbers[i]);
	}
	buf_add(to, row, (size_t)(p - row));
}

static void open_list(struct buf *to, const char *key)
{
	buf_puts(to, ",\"");
	buf_puts(to, key);
	buf_puts(to, "\":[");
}

void recording_text_names(struct buf *to, const struct names *n, uint32_t strings, uint32_t frames, uint32_t stacks)
{
	if (strings < names_strings(n)) {
		open_list(to, "strings");
		for (uint32_t id = strings + 1; id <= names_strings(n); id++) {
			buf_puts(to, id > strings + 1 ? "," : "");
			buf_json_string(to, names_text(n, id));
		}
		buf_putc(to, ']');
	}
	if (frames < names_frames(n)) {
		open_list(to, "frames");
		for (uint32_t id = frames + 1; id <= names_frames(n); id++) {
			struct frame f = names_frame_at(n, id);
			uint64_t row[] = { f.function, f.file, f.line > 0 ? (uint64_t)f.line : 0, f.kind };

			buf_puts(to, id > frames + 1 ? "," : "");
			add_row(to, row, 4);
			buf_putc(to, ']');
		}
		buf_putc(to, ']');
	}
	if (stacks < names_stacks(n)) {
		open_list(to, "stacks");
		for (uint32_t id = stacks + 1; id <= names_stacks(n); id++) {
			struct stack s = names_stack_at(n, id);
			uint64_t row[] = { s.parent, s.frame };

			buf_puts(to, id > stacks + 1 ? "," : "");
			add_row(to, row, 2);
			buf_putc(to, ']');
		}
		buf_putc(to, ']');
	}
}

void recording_text_sites(struct buf *to, const struct sites *s, size_t from)
{
	if (from >= s->count)
		return;
	open_list(to, "sites");
	for (size_t i = from; i < s->count; i++) {
		uint64_t row[] = { s->at[i].stack, s->at[i].thread, s->at[i].domain };

		buf_puts(to, i > from ? "," : "");
		add_row(to, row, 3);
		buf_putc(to, ']');
	}
	buf_putc(to, ']');
}

void recording_text_changes(struct buf *to, const struct amounts *a, size_t from, const struct buf *rows)
{
	if (from < a->count) {
		open_list(to, "amounts");
		for (size_t i = from; i < a->count; i++) {
			buf_puts(to, i > from ? "," : "");
			amount_write(to, &a->at[i]);
		}
		buf_putc(to, ']');
	}
	if (rows->length) {
		open_list(to, "changes");
		buf_add(to, rows->data, rows->length);
		buf_putc(to, ']');
	}
}
