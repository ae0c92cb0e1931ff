#include "memspy/plain.h"

#include <stdio.h>

#include "memspy/text.h"
#include "memspy/units.h"
#include "screen_private.h"

static void add_heap(struct buf *to, const struct ledger *l, const struct board *b)
{
	struct interval sure = estimate_interval(&l->live, l->last.sample_bytes);

	buf_printf(to, "heap  %s", units_bytes(l->live.bytes).text);
	buf_puts(to, "  ± ");
	text_percent(to, l->live.bytes, sure, 0);
	buf_printf(to, "  %s since start", units_signed_bytes(b->grown.bytes).text);
	if (b->has_growth)
		buf_printf(to, "  %s/min", units_signed_bytes(b->per_minute.bytes).text);
	if (b->has_rate)
		buf_printf(to, "  %s/s allocated", units_bytes((uint64_t)b->allocated_per_s).text);
	if (l->last.sample_bytes)
		buf_printf(to, "  one in %s", units_size_option(l->last.sample_bytes).text);
	else
		buf_puts(to, "  exact");
	buf_printf(to, "  lost %llu", (unsigned long long)losses_total(&l->last.lost));
	if (b->has_growth)
		buf_printf(to, "  growth %s/min to %s/min", units_signed_bytes(b->per_minute.low).text,
			   units_signed_bytes(b->per_minute.high).text);
	buf_putc(to, '\n');
}

static void add_row(struct buf *to, const struct ledger *l, const struct board *b, const struct entry *x,
		    const struct plain_look *look)
{
	struct buf place = { 0 };

	buf_printf(to, "%11s", units_bytes(x->row.own.bytes).text);
	text_percent(to, x->row.own.bytes, estimate_interval(&x->row.own, l->last.sample_bytes), 9);
	buf_printf(to, "%13s", units_bytes(x->row.total_bytes).text);
	buf_printf(to, "%13s", units_signed_bytes(x->grown.bytes).text);
	buf_printf(to, "%13s", b->has_growth ? units_signed_bytes(x->per_minute.bytes).text : "-");
	buf_printf(to, "%12s", b->has_rate ? units_bytes((uint64_t)x->allocated_per_s).text : "-");
	text_number(to, x->row.own.blocks, 13);
	buf_printf(to, "%8s", x->row.own.bytes ? short_seconds(x->held_seconds).text : "-");
	buf_printf(to, "%14s", b->has_growth ? units_signed_bytes(x->per_minute.low).text : "-");
	buf_printf(to, "%14s  ", b->has_growth ? units_signed_bytes(x->per_minute.high).text : "-");
	if (*x->row.module)
		text_escape(&place, x->row.module);
	else if (look->by == BY_THREAD)
		buf_printf(&place, x->row.thread ? "thread %u" : "several threads", x->row.thread);
	else
		text_place(&place, &x->row, look->columns ? look->columns : 1000);
	buf_puts(to, place.data ? place.data : "");
	if (look->by != BY_MODULE && look->by != BY_THREAD) {
		buf_puts(to, place.data && *x->row.function ? "  " : "");
		text_escape(to, x->row.function);
	}
	buf_putc(to, '\n');
	buf_done(&place);
}

void plain_block(struct buf *to, const struct screen_process *p, const struct ledger *l, const struct board *b,
		 const struct plain_look *look)
{
	buf_printf(to, "top  %.1f s  pid %d  ", l->seconds - l->began, p->pid);
	text_escape(to, p->name);
	buf_puts(to, "  CPython ");
	text_escape(to, p->python);
	if (p->age_seconds > 0)
		buf_printf(to, "  up %s", short_seconds(p->age_seconds).text);
	buf_printf(to, "\nrss  %s", units_bytes(l->last.memory.rss).text);
	buf_printf(to, "  %s from before memspy came", units_bytes(p->rss_before).text);
	if (p->memory_limit)
		buf_printf(to, "  its cgroup may have %s", units_bytes(p->memory_limit).text);
	buf_putc(to, '\n');
	add_heap(to, l, b);
	buf_printf(to, "%11s        ±        total  since start   growth/min     alloc/s       blocks     age  at least/min   at most/min  where, by %s\n",
		   "live bytes", rows_by_names[look->by]);
	for (size_t i = 0; i < b->count && i < look->most_rows; i++)
		add_row(to, l, b, &b->at[i], look);
	buf_putc(to, '\n');
}

/* ---- JSON ---- */

static void add(struct buf *to, const char *key, uint64_t v)
{
	buf_printf(to, ",\"%s\":%llu", key, (unsigned long long)v);
}

static void add_known(struct buf *to, const char *key, bool is_known, int64_t v)
{
	if (is_known)
		buf_printf(to, ",\"%s\":%lld", key, (long long)v);
	else
		buf_printf(to, ",\"%s\":null", key);
}

/* How a row, or all, changed, and the interval of that. */
static void add_changes(struct buf *to, const struct difference *grown, bool has_growth, const struct difference *per_minute)
{
	add_known(to, "grown_bytes", true, grown->bytes);
	add_known(to, "grown_low", true, grown->low);
	add_known(to, "grown_high", true, grown->high);
	add_known(to, "bytes_per_minute", has_growth, per_minute->bytes);
	add_known(to, "bytes_per_minute_low", has_growth, per_minute->low);
	add_known(to, "bytes_per_minute_high", has_growth, per_minute->high);
}

static void add_json_row(struct buf *to, const struct ledger *l, const struct board *b, const struct entry *x,
			 enum rows_by by)
{
	struct interval sure = estimate_interval(&x->row.own, l->last.sample_bytes);

	buf_puts(to, "{\"function\":");
	buf_json_string(to, x->row.function);
	buf_puts(to, ",\"file\":");
	buf_json_string(to, x->row.file);
	buf_printf(to, ",\"line\":%d", x->row.line);
	if (by == BY_MODULE) {
		buf_puts(to, ",\"module\":");
		buf_json_string(to, x->row.module);
	}
	if (by == BY_THREAD)
		add(to, "thread", x->row.thread);
	add(to, "own_bytes", x->row.own.bytes);
	add(to, "own_low", sure.low);
	add(to, "own_high", sure.high);
	add(to, "own_blocks", x->row.own.blocks);
	add(to, "total_bytes", x->row.total_bytes);
	add_changes(to, &x->grown, b->has_growth, &x->per_minute);
	add_known(to, "allocated_per_second", b->has_rate, (int64_t)x->allocated_per_s);
	buf_printf(to, ",\"held_seconds\":%.1f}", x->held_seconds);
}

void plain_json(struct buf *to, const struct screen_process *p, const struct ledger *l, const struct board *b,
		const struct plain_look *look)
{
	struct interval sure = estimate_interval(&l->live, l->last.sample_bytes);

	buf_printf(to, "{\"t\":%.1f,\"pid\":%d,\"name\":", l->seconds - l->began, p->pid);
	buf_json_string(to, p->name);
	buf_puts(to, ",\"python\":");
	buf_json_string(to, p->python);
	add(to, "rss", l->last.memory.rss);
	add(to, "rss_before", p->rss_before);
	add_known(to, "memory_limit", p->memory_limit > 0, (int64_t)p->memory_limit);
	add(to, "heap", l->live.bytes);
	add(to, "heap_low", sure.low);
	add(to, "heap_high", sure.high);
	add(to, "sample_bytes", l->last.sample_bytes);
	add(to, "lost_samples", losses_total(&l->last.lost));
	add_changes(to, &b->grown, b->has_growth, &b->per_minute);
	buf_printf(to, ",\"by\":\"%s\",\"rows\":[", rows_by_names[look->by]);
	for (size_t i = 0; i < b->count && i < look->most_rows; i++) {
		buf_puts(to, i ? "," : "");
		add_json_row(to, l, b, &b->at[i], look->by);
	}
	buf_puts(to, "]}\n");
}
