/* A summary for programs. */
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "summary_private.h"

enum { TOP = 10 };

static void add(struct buf *to, const char *key, uint64_t v)
{
	buf_printf(to, ",\"%s\":%llu", key, (unsigned long long)v);
}

/* From 0 to 1, whatever the locale says of points. */
static void add_share(struct buf *to, const char *key, double v)
{
	unsigned ten_thousandths = (unsigned)(v * 10000 + 0.5);

	buf_printf(to, ",\"%s\":%u.%04u", key, ten_thousandths / 10000, ten_thousandths % 10000);
}

/* The first key is the caller's. */
static void add_estimate(struct buf *to, const struct summary *s, const struct estimate *e)
{
	struct interval sure = estimate_interval(e, report_sample(s->r)->sample_bytes);

	buf_printf(to, "\"bytes\":%llu", (unsigned long long)e->bytes);
	add(to, "blocks", e->blocks);
	add(to, "low", sure.low);
	add(to, "high", sure.high);
	add(to, "samples", e->samples);
}

static void add_object(struct buf *to, const struct summary *s, const char *key, const struct estimate *e)
{
	buf_printf(to, ",\n\"%s\":{", key);
	add_estimate(to, s, e);
	buf_putc(to, '}');
}

static void add_place(struct buf *to, const struct row *row)
{
	buf_puts(to, "{\"function\":");
	buf_json_string(to, row->function);
	buf_puts(to, ",\"file\":");
	buf_json_string(to, row->file);
	buf_printf(to, ",\"line\":%d", row->line);
	if (*row->module) {
		buf_puts(to, ",\"module\":");
		buf_json_string(to, row->module);
	}
}

static void add_row(struct buf *to, const struct summary *s, const struct row *row, size_t i)
{
	buf_puts(to, i ? ",\n " : "\n ");
	add_place(to, row);
	buf_putc(to, ',');
	add_estimate(to, s, &row->own);
	buf_putc(to, '}');
}

static void add_tops(struct buf *to, const struct summary *s, size_t most)
{
	const struct rows *rows = &s->r->rows;

	buf_puts(to, ",\n\"top_by_size\":[");
	for (size_t i = 0; i < rows->count && i < most && rows->at[i].own.bytes; i++)
		add_row(to, s, &rows->at[i], i);
	buf_puts(to, "],\n\"top_by_count\":[");
	for (size_t i = 0; i < rows->count && i < most && rows->at[s->by_blocks[i]].own.blocks; i++)
		add_row(to, s, &rows->at[s->by_blocks[i]], i);
	buf_puts(to, "],\n\"top_modules\":[");
	for (size_t i = 0; i < s->modules.count && i < most && s->modules.at[i].own.bytes; i++)
		add_row(to, s, &s->modules.at[i], i);
	buf_puts(to, "],\n\"growing\":[");
	for (size_t i = 0; i < s->growing_count; i++) {
		const struct difference *d = &s->growing[i].a_minute;

		buf_puts(to, i ? ",\n " : "\n ");
		add_place(to, &rows->at[s->growing[i].row]);
		buf_printf(to, ",\"bytes_per_min\":%lld,\"low\":%lld,\"high\":%lld}", (long long)d->bytes, (long long)d->low,
			   (long long)d->high);
	}
	buf_putc(to, ']');
}

static void add_memory(struct buf *to, const struct summary *s)
{
	const struct sample *now = report_sample(s->r);

	buf_printf(to, ",\n\"memory\":{\"rss\":%llu", (unsigned long long)now->memory.rss);
	add(to, "rss_first", s->r->moments.rss_first);
	add(to, "rss_most", s->r->moments.rss_most);
	add(to, "rss_at_attach", series_about(s->r->moments.series)->rss_at_attach);
	add(to, "table", now->table_bytes);
	buf_putc(to, '}');
}

static void add_advice(struct buf *to, const struct summary *s)
{
	_cleanup_(buf_done) struct buf advice = { 0 };
	const char *comma = "";

	summary_advice(s, &advice);
	buf_puts(to, ",\"recommendations\":[");
	for (char *at = advice.data, *end; at && *at; at = end + 1, comma = ",") {
		end = strchr(at, '\n');
		*end = '\0';
		buf_puts(to, comma);
		buf_json_string(to, at);
	}
	buf_puts(to, "]}");
}

static void add_quality(struct buf *to, const struct summary *s)
{
	const struct sample *now = report_sample(s->r);

	buf_printf(to, ",\n\"quality\":{\"word\":\"%s\"", summary_word(s));
	add(to, "sample_bytes_asked", series_about(s->r->moments.series)->sample_bytes);
	add(to, "sample_bytes", now->sample_bytes);
	add(to, "known_to_20_percent_from_bytes", s->known_bytes);
	add(to, "ticks", s->ticks);
	export_seconds(to, "interval_s", series_about(s->r->moments.series)->interval_s);
	export_seconds(to, "longest_gap_s", s->gap_seconds);
	buf_puts(to, ",\"stacks\":{\"of\":\"allocated bytes\"");
	add_share(to, "whole", s->stacks.whole);
	add_share(to, "cut", s->stacks.cut);
	add_share(to, "merged", s->stacks.merged);
	add_share(to, "nameless", s->stacks.nameless);
	add_share(to, "without_python", s->stacks.without);
	buf_putc(to, '}');
	export_losses(to, &now->lost);
	add_advice(to, s);
}

/* ---- stats only ---- */

static void add_domains(struct buf *to, const struct summary *s)
{
	buf_puts(to, ",\n\"allocators\":[");
	for (int d = 0; d < DOMAIN_COUNT; d++) {
		buf_printf(to, "%s\n {\"allocator\":\"%s\"", d ? "," : "", domain_names[d]);
		buf_puts(to, ",\"live\":{");
		add_estimate(to, s, &s->domains[d].live);
		buf_puts(to, "},\"allocated\":{");
		add_estimate(to, s, &s->domains[d].allocated);
		buf_puts(to, "}}");
	}
	buf_putc(to, ']');
}

static void add_sizes(struct buf *to, const struct summary *s)
{
	const char *comma = "";

	buf_puts(to, ",\n\"sizes\":{\"of\":\"the mean size of each stack; sizes of single blocks are not recorded\",\"buckets\":[");
	for (int b = 0; b < SIZE_BUCKETS; b++) {
		const struct summary_size *size = &s->sizes[b];

		if (size->allocated_blocks == 0 && size->live_bytes == 0)
			continue;
		buf_printf(to, "%s\n {\"below_bytes\":%llu", comma, 1ull << b);
		add(to, "live_bytes", size->live_bytes);
		add(to, "live_blocks", size->live_blocks);
		add(to, "allocated_blocks", size->allocated_blocks);
		buf_putc(to, '}');
		comma = ",";
	}
	buf_puts(to, "]}");
}

static void add_rest(struct buf *to, const struct summary *s)
{
	buf_puts(to, ",\n\"lifetimes\":[");
	for (int b = 0; b < LIFETIME_BUCKETS; b++)
		buf_printf(to, "%s%llu", b ? "," : "", (unsigned long long)s->lifetimes[b]);
	buf_puts(to, "],\n\"threads\":[");
	for (size_t i = 0; i < s->threads.count; i++) {
		buf_printf(to, "%s\n {\"thread\":%u,", i ? "," : "", s->threads.at[i].thread);
		add_estimate(to, s, &s->threads.at[i].own);
		buf_putc(to, '}');
	}
	buf_putc(to, ']');
}

void summary_json(const struct summary *s, bool stats, const struct report_look *look, struct buf *to)
{
	const struct recording_about *about = series_about(s->r->moments.series);

	buf_printf(to, "{\"view\":\"%s\",\"by\":\"%s\"", stats ? "stats" : "summary", rows_by_names[s->r->by]);
	export_seconds(to, "t", s->r->moments.to_seconds);
	buf_printf(to, ",\n\"target\":{\"pid\":%d,\"name\":", about->pid);
	buf_json_string(to, about->name);
	buf_puts(to, ",\"python\":");
	buf_json_string(to, about->python);
	buf_putc(to, '}');
	add_memory(to, s);
	add_object(to, s, "live", &s->live);
	add_object(to, s, "allocated", &s->allocated);
	add_object(to, s, "freed", &s->freed);
	add_object(to, s, "temporary", &s->temporary);
	buf_printf(to, ",\n\"peak_bytes\":%llu", (unsigned long long)s->peak_bytes);
	add_tops(to, s, look->most_rows ? look->most_rows : TOP);
	add_quality(to, s);
	if (stats) {
		add_domains(to, s);
		add_sizes(to, s);
		add_rest(to, s);
	}
	buf_puts(to, "\n}\n");
}
