/*
 * The text of a recording: docs/recording-format.md says what it means. Numbers are written by hand because a tick of
 * a thousand sites has forty thousand of them, and because printf would ask the locale how to write a fraction.
 */
#include <math.h>
#include <string.h>

#include "recording_private.h"

const char *const site_columns[COLUMN_COUNT] = {
	[COLUMN_STACK] = "stack",
	[COLUMN_LIVE_BYTES] = "live_bytes",
	[COLUMN_LIVE_BLOCKS] = "live_blocks",
	[COLUMN_LIVE_N] = "live_n",
	[COLUMN_LIVE_VAR] = "live_var",
	[COLUMN_ALLOC_BYTES] = "alloc_bytes",
	[COLUMN_ALLOC_BLOCKS] = "alloc_blocks",
	[COLUMN_FREED_BYTES] = "freed_bytes",
	[COLUMN_PEAK_BYTES] = "peak_bytes",
	[COLUMN_LIVE_SURE] = "live_sure",
	[COLUMN_ALLOC_N] = "alloc_n",
	[COLUMN_ALLOC_VAR] = "alloc_var",
	[COLUMN_ALLOC_SURE] = "alloc_sure",
	[COLUMN_PEAK_BLOCKS] = "peak_blocks",
	[COLUMN_PEAK_N] = "peak_n",
	[COLUMN_PEAK_VAR] = "peak_var",
	[COLUMN_PEAK_SURE] = "peak_sure",
	[COLUMN_TEMP_BYTES] = "temp_bytes",
	[COLUMN_TEMP_BLOCKS] = "temp_blocks",
	[COLUMN_TEMP_N] = "temp_n",
	[COLUMN_THREAD] = "thread",
	[COLUMN_DOMAIN] = "domain",
	[COLUMN_LIFETIMES] = "lifetimes",
};

/* JSON readers, jansson among them, stop at 2^63 - 1. */
static uint64_t writable(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : v;
}

static uint64_t whole(double v)
{
	return v > 0 ? v >= 9.2e18 ? INT64_MAX : (uint64_t)(v + 0.5) : 0;
}

/* Digits of v at `to`, which has room for 20; where they end. */
static char *digits(char *to, uint64_t v)
{
	char turned[20];
	size_t n = 0;

	v = writable(v);
	do
		turned[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*to++ = turned[--n];
	return to;
}

static void add_number(struct buf *to, uint64_t v)
{
	char text[20];

	buf_add(to, text, (size_t)(digits(text, v) - text));
}

static void add_key(struct buf *to, const char *key, uint64_t v)
{
	buf_puts(to, ",\"");
	buf_puts(to, key);
	buf_puts(to, "\":");
	add_number(to, v);
}

static void add_text(struct buf *to, const char *key, const char *text)
{
	buf_puts(to, ",\"");
	buf_puts(to, key);
	buf_puts(to, "\":");
	buf_json_string(to, text ? text : "");
}

/* Microseconds are enough for anyone's ticks. */
static void add_seconds(struct buf *to, double seconds)
{
	uint64_t us = seconds > 0 ? whole(seconds * 1e6) : 0;

	add_number(to, us / 1000000);
	buf_printf(to, ".%06u", (unsigned)(us % 1000000));
}

void recording_text_header(struct buf *to, const struct recording_about *about, uint64_t max_bytes)
{
	buf_puts(to, "{\"memspy_recording\":1");
	add_text(to, "memspy_version", about->memspy_version);
	add_key(to, "wall_ns", about->wall_ns);

	buf_puts(to, ",\"target\":{\"pid\":");
	add_number(to, about->pid > 0 ? (uint64_t)about->pid : 0);
	add_key(to, "start_time_ns", about->start_time_ns);
	add_text(to, "name", about->name);
	add_text(to, "cmdline", about->cmdline);
	add_text(to, "exe", about->exe);
	add_text(to, "python", about->python);
	add_text(to, "build", about->build);
	add_text(to, "host", about->host);
	add_text(to, "container", about->container);
	add_key(to, "rss_at_attach", about->rss_at_attach);

	buf_puts(to, "},\"config\":{\"mode\":");
	buf_json_string(to, about->sample_bytes ? "sampled" : "exact");
	add_key(to, "sample_bytes", about->sample_bytes);
	add_text(to, "domains", about->domains);
	buf_puts(to, ",\"interval_s\":");
	add_seconds(to, about->interval_s);
	add_key(to, "max_bytes", max_bytes);

	buf_puts(to, "},\"site_columns\":[");
	for (int i = 0; i < COLUMN_COUNT; i++) {
		buf_puts(to, i ? "," : "");
		buf_json_string(to, site_columns[i]);
	}
	buf_puts(to, "],\"ticks\":[");
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
	add_key(to, "freed", alloc->bytes > live->bytes ? alloc->bytes - live->bytes : 0);
	add_key(to, "peak", s->peak_bytes);
}

void recording_text_sample(struct buf *to, const struct sample *s, double seconds, const struct estimate *live,
			   const struct estimate *alloc)
{
	const struct losses *l = &s->lost;

	buf_puts(to, "{\"t\":");
	add_seconds(to, seconds);
	add_key(to, "rss", s->memory.rss);
	if (s->memory.has_detail) {
		add_key(to, "rss_anon", s->memory.rss_anon);
		add_key(to, "rss_file", s->memory.rss_file);
		add_key(to, "rss_shmem", s->memory.rss_shmem);
		add_key(to, "pss", s->memory.pss);
		add_key(to, "swap", s->memory.swap);
	} else {
		buf_puts(to, ",\"pss\":null");
	}
	add_key(to, "table", s->table_bytes);
	if (s->has_heap)
		add_heap(to, s, live, alloc);
	buf_puts(to, ",\"lost\":{\"contention\":");
	add_number(to, l->contention);
	add_key(to, "full", l->full);
	add_key(to, "merged", l->merged);
	add_key(to, "text", l->text);
	add_key(to, "frees", l->frees);
	add_key(to, "truncated", l->truncated);
	add_key(to, "torn", l->torn);
	buf_putc(to, '}');
}

static void add_row(struct buf *to, const uint64_t *numbers, size_t count)
{
	char row[24 * 21], *p = row;

	for (size_t i = 0; i < count; i++) {
		*p++ = i ? ',' : '[';
		p = digits(p, numbers[i]);
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

void recording_text_site(struct buf *to, const struct site *s)
{
	const uint64_t row[COLUMN_LIFETIMES] = {
		[COLUMN_STACK] = s->stack,
		[COLUMN_LIVE_BYTES] = s->live.bytes,
		[COLUMN_LIVE_BLOCKS] = s->live.blocks,
		[COLUMN_LIVE_N] = s->live.samples,
		[COLUMN_LIVE_VAR] = whole(s->live.variance),
		[COLUMN_ALLOC_BYTES] = s->alloc.bytes,
		[COLUMN_ALLOC_BLOCKS] = s->alloc.blocks,
		[COLUMN_FREED_BYTES] = s->alloc.bytes > s->live.bytes ? s->alloc.bytes - s->live.bytes : 0,
		[COLUMN_PEAK_BYTES] = s->peak.bytes,
		[COLUMN_LIVE_SURE] = s->live.sure_bytes,
		[COLUMN_ALLOC_N] = s->alloc.samples,
		[COLUMN_ALLOC_VAR] = whole(s->alloc.variance),
		[COLUMN_ALLOC_SURE] = s->alloc.sure_bytes,
		[COLUMN_PEAK_BLOCKS] = s->peak.blocks,
		[COLUMN_PEAK_N] = s->peak.samples,
		[COLUMN_PEAK_VAR] = whole(s->peak.variance),
		[COLUMN_PEAK_SURE] = s->peak.sure_bytes,
		[COLUMN_TEMP_BYTES] = s->temporary.bytes,
		[COLUMN_TEMP_BLOCKS] = s->temporary.blocks,
		[COLUMN_TEMP_N] = s->temporary.samples,
		[COLUMN_THREAD] = s->thread,
		[COLUMN_DOMAIN] = s->domain,
	};
	static const uint32_t none[LIFETIME_BUCKETS];

	add_row(to, row, COLUMN_LIFETIMES);
	if (memcmp(s->lifetimes, none, sizeof(none)) != 0) {
		uint64_t ages[LIFETIME_BUCKETS];

		for (int i = 0; i < LIFETIME_BUCKETS; i++)
			ages[i] = s->lifetimes[i];
		buf_putc(to, ',');
		add_row(to, ages, LIFETIME_BUCKETS);
		buf_putc(to, ']');
	}
	buf_putc(to, ']');
}
