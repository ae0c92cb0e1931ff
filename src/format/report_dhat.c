/*
 * DHAT's JSON, version 2, for Valgrind's dh_view and the Firefox Profiler. One file has three figures of each stack: all it
 * allocated ("total"), what was live when the heap was largest ("at t-gmax") and at the end ("at t-end"). A view that is
 * none of them takes the place of the one it is a part of; "mode" says so.
 *
 * A stack's summed lifetimes ("tl") and its own maximum ("mb") are as ticks saw them (lifetimes.h). Of the temporary and the
 * freed alone nobody knows lifetimes: they are left out, and dh_view says NaN.
 */
#include <errno.h>
#include <stdlib.h>

#include "memspy/call_tree.h"
#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/text.h"

enum { SHORT_LIVED_US = 1000 };

enum slot { TOTAL, AT_PEAK, AT_END };

static const struct {
	enum slot slot;
	bool has_lifetimes;
	const char *mode;
} views[VIEW_COUNT] = {
	[VIEW_LIVE] = { AT_END, true, "heap" },
	[VIEW_ALLOCATED] = { TOTAL, true, "heap" },
	[VIEW_CHURN] = { TOTAL, true, "heap" },
	[VIEW_PEAK] = { AT_PEAK, true, "heap" },
	[VIEW_LEAKS] = { AT_END, true, "heap; at t-end is only what stayed (memspy --view leaks)" },
	[VIEW_GROWTH] = { AT_END, true, "heap; at t-end is only what grew (memspy --view growth)" },
	[VIEW_TEMPORARY] = { TOTAL, false, "heap; total is only what was freed at once (memspy --view temporary)" },
	[VIEW_LIFETIMES] = { TOTAL, false, "heap; total is only what was freed (memspy --view lifetimes)" },
};

struct figures {
	struct estimate in[AT_END + 1];
	double block_seconds;
	uint64_t most_bytes, most_blocks;
};

static struct figures figures_of(const struct report *r, const struct report_stack *s)
{
	struct figures f = { .in = { [TOTAL] = s->allocated, [AT_PEAK] = s->peak, [AT_END] = s->live } };
	struct estimate *own = &f.in[views[r->view].slot];

	*own = s->figures;
	estimate_subtract(own, &s->before);
	return f;
}

static struct estimate any(const struct report *r, const struct report_stack *s)
{
	struct figures f = figures_of(r, s);

	estimate_add(&f.in[TOTAL], &f.in[AT_PEAK]);
	estimate_add(&f.in[TOTAL], &f.in[AT_END]);
	return f.in[TOTAL];
}

/* "0x0: " stands for an address: readers take name, file and line apart only behind one. */
static void add_frame(struct buf *to, const struct place *p)
{
	_cleanup_(buf_done) struct buf text = { 0 };

	buf_puts(&text, *p->file ? "0x0: " : "");
	place_name(&text, p);
	if (*p->file) {
		buf_puts(&text, " (");
		text_escape(&text, p->file);
		if (p->line > 0)
			buf_printf(&text, ":%d", p->line);
		buf_putc(&text, ')');
	}
	export_json(to, text.data);
	to->failed |= text.failed;
}

static void add_key(struct buf *to, const char *key, uint64_t v)
{
	buf_puts(to, key);
	export_number(to, v);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Several threads may have had their maxima at different moments: of them the largest, at least. */
static void add_site(struct figures *to, const struct report *r, size_t site)
{
	const struct site_lifetimes *h = &r->moments.lifetimes.at[site];

	to->block_seconds += h->block_seconds;
	to->most_bytes = larger(to->most_bytes, h->most_bytes);
	to->most_blocks = larger(to->most_blocks, h->most_blocks);
}

static void add_lifetimes(struct buf *to, const struct report *r, const struct figures *f)
{
	const double most = 9e18, us = f->block_seconds * 1e6;

	if (views[r->view].has_lifetimes)
		add_key(to, ",\"tl\":", us < most ? (uint64_t)us : (uint64_t)most);
}

/* Leaf first. Frame 0 is the root that readers put above all stacks. */
static void add_point(struct buf *to, const struct report *r, const struct call_tree *t, uint32_t branch,
		      const struct figures *figures)
{
	const struct estimate *f = figures->in;

	add_key(to, "{\"tb\":", f[TOTAL].bytes);
	add_key(to, ",\"tbk\":", f[TOTAL].blocks);
	add_lifetimes(to, r, figures);
	add_key(to, ",\"mb\":", larger(figures->most_bytes, larger(f[AT_PEAK].bytes, f[AT_END].bytes)));
	add_key(to, ",\"mbk\":", larger(figures->most_blocks, larger(f[AT_PEAK].blocks, f[AT_END].blocks)));
	add_key(to, ",\"gb\":", f[AT_PEAK].bytes);
	add_key(to, ",\"gbk\":", f[AT_PEAK].blocks);
	add_key(to, ",\"eb\":", f[AT_END].bytes);
	add_key(to, ",\"ebk\":", f[AT_END].blocks);
	buf_puts(to, ",\"fs\":[");
	for (uint32_t depth = call_tree_path(t, branch); depth; depth--) {
		export_number(to, t->path[depth - 1] + 1u);
		buf_puts(to, depth > 1 ? "," : "]}");
	}
}

/* dh_view refuses a stack that it has seen: what looks alike has become one branch. */
static void add_points(struct buf *to, const struct report *r, const struct call_tree *t, const struct figures *figures)
{
	const char *comma = "\n";

	buf_puts(to, ",\"pps\":[");
	for (uint32_t i = 1; i < t->count; i++) {
		if (!t->at[i].own.bytes)
			continue;
		buf_puts(to, comma);
		add_point(to, r, t, i, &figures[i]);
		comma = ",\n";
	}
	buf_puts(to, "],\n\"ftbl\":[\"[root]\"");
	for (uint32_t i = 0; i < t->place_count; i++) {
		buf_puts(to, ",\n");
		add_frame(to, &t->places[i]);
	}
	buf_putc(to, ']');
}

static void add_head(struct buf *to, const struct report *r)
{
	const struct recording_about *about = series_about(r->moments.series);
	const uint64_t peak_us = (uint64_t)(r->moments.lifetimes.peak_seconds * 1e6), end_us = (uint64_t)(r->moments.to_seconds * 1e6);

	buf_printf(to, "{\"dhatFileVersion\":2,\"mode\":\"%s\",\"verb\":\"Allocated\"", views[r->view].mode);
	buf_printf(to, ",\"bklt\":true,\"bkacc\":false,\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":%d,\"cmd\":",
		   SHORT_LIVED_US);
	export_json_escaped(to, *about->cmdline ? about->cmdline : about->name);
	buf_printf(to, ",\"pid\":%d", about->pid);
	add_key(to, ",\"tg\":", peak_us);
	add_key(to, ",\"te\":", end_us);
	buf_putc(to, '\n');
}

int report_dhat(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(freep) struct report_stack *stacks = NULL;
	_cleanup_(call_tree_freep) struct call_tree *t = NULL;
	_cleanup_(freep) struct figures *figures = NULL;
	size_t count;
	int code = report_stacks(r, &stacks, &count, e);

	(void)look;
	if (code == 0)
		code = call_tree_new(&t, r, stacks, count, any, e);
	if (code < 0)
		return code;
	figures = calloc(t->count, sizeof(*figures));
	if (!figures)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < count; i++) {
		struct figures f = figures_of(r, &stacks[i]);

		for (int k = 0; k <= AT_END; k++)
			estimate_add(&figures[t->of_stack[stacks[i].stack]].in[k], &f.in[k]);
	}
	for (size_t i = 0; i < r->part_count; i++)
		add_site(&figures[t->of_stack[r->parts[i].stack]], r, i);
	add_head(to, r);
	add_points(to, r, t, figures);
	buf_puts(to, "}\n");
	return 0;
}
