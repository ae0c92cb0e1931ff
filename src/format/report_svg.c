/*
 * A flame graph that hangs from its root, as one picture: callers above what they called, as wide as the bytes they hold.
 * No scripts, nothing loaded; a frame's title is what a pointer over it shows. The picture is bounded: what would be narrower
 * than a fraction of a pixel stands together as "N more", and a frame is as narrow as it takes to have no more than RECTS_MOST.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/call_tree.h"
#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "svg_private.h"

/* Hundredths of a pixel, whatever the locale says of points. */
static void add_pixels(struct buf *to, const char *name, double pixels)
{
	uint64_t hundredths = (uint64_t)(pixels * 100 + 0.5);

	buf_printf(to, " %s=\"%llu.%02llu\"", name, (unsigned long long)(hundredths / 100),
		   (unsigned long long)(hundredths % 100));
}

static double pixels(const struct picture *p, uint64_t bytes)
{
	return p->t->at[0].total.bytes ? (double)bytes / (double)p->t->at[0].total.bytes * INNER : INNER;
}

static void add_figures(struct picture *p, const struct estimate *total, const struct estimate *own)
{
	struct interval sure = estimate_interval(total, report_sample(p->r)->sample_bytes);
	uint64_t whole = p->t->at[0].total.bytes;

	buf_printf(p->to, "\n%s", units_bytes(total->bytes).text);
	if (p->r->view != VIEW_GROWTH && sure.high > sure.low) {
		buf_printf(p->to, " (%s to ", units_bytes(sure.low).text);
		buf_printf(p->to, "%s)", units_bytes(sure.high).text);
	}
	buf_printf(p->to, ", %llu bytes", (unsigned long long)total->bytes);
	if (whole)
		buf_printf(p->to, ", %u.%u %%", (unsigned)((double)total->bytes / (double)whole * 100),
			   (unsigned)((double)total->bytes / (double)whole * 1000) % 10);
	if (own && own->bytes)
		buf_printf(p->to, "; own %llu bytes", (unsigned long long)own->bytes);
}

/* The name, and behind it as much of the place as there is room for; nothing where there is no room for three letters. */
static void add_label(struct picture *p, double x, unsigned y, double width, const struct buf *name,
		      const struct place *place)
{
	const size_t columns = width < 6 ? 0 : (size_t)((width - 6) * 10 / LETTER_TENTHS);
	const size_t used = name->data ? text_columns(name->data) : 0;
	_cleanup_(buf_done) struct buf where = { 0 };

	if (columns < 3)
		return;
	buf_puts(p->to, "<text");
	add_pixels(p->to, "x", x + 3);
	buf_printf(p->to, " y=\"%u\">", y + BASELINE);
	svg_text(p->to, name, used <= columns ? columns : columns - 1); /* one for the "…" */
	if (place && *place->function && columns > used + WHERE_LEAST) {
		place_where(&where, place, columns - used - 1);
		buf_puts(p->to, where.length ? "<tspan dx=\"6\">" : "");
		svg_text(p->to, &where, columns - used - 1);
		buf_puts(p->to, where.length ? "</tspan>" : "");
	}
	buf_puts(p->to, "</text>");
}

/* Closes what begins with "<g><title>". */
static void add_box(struct picture *p, uint64_t from, uint64_t bytes, uint32_t depth, const struct buf *name,
		    const struct place *place)
{
	const double x = MARGIN + pixels(p, from), width = pixels(p, bytes);
	const unsigned y = HEAD + depth * ROW;

	buf_puts(p->to, "</title><rect");
	add_pixels(p->to, "x", x);
	add_pixels(p->to, "width", width > 2 ? width - 0.5 : width); /* a gap, where it leaves something */
	buf_printf(p->to, " y=\"%u\" height=\"%d\"/>", y, ROW - 1);
	add_label(p, x, y, width, name, place);
	buf_puts(p->to, "</g>\n");
}

static void add_branch(struct picture *p, uint32_t branch, uint64_t from)
{
	const struct branch *b = &p->t->at[branch];
	const struct place *place = &p->t->places[b->place];
	_cleanup_(buf_done) struct buf name = { 0 };
	_cleanup_(buf_done) struct buf where = { 0 };

	place_name(&name, place);
	if (*place->function)
		place_where(&where, place, SIZE_MAX);
	buf_printf(p->to, "<g class=\"c%u\"><title>", flame_colour(p->colours, b->place));
	svg_text(p->to, &name, TITLE_COLUMNS);
	if (where.length) {
		buf_putc(p->to, '\n');
		svg_text(p->to, &where, TITLE_COLUMNS);
	}
	add_figures(p, &b->total, &b->own);
	if (b->depth == DEPTH_MOST && b->after > branch + 1)
		buf_puts(p->to, "\nwhat it calls is not drawn: the stack is too deep");
	add_box(p, from, b->total.bytes, b->depth, &name, place);
}

/* The siblings from here on: each is narrower than the one before. */
static void add_rest(struct picture *p, uint32_t first, uint64_t from)
{
	const uint32_t parent = p->t->at[first].parent;
	struct estimate total = { 0 };
	char text[32];
	struct buf label = { .data = text };
	uint32_t count = 0;

	for (uint32_t i = first; i < p->t->at[parent].after; i = p->t->at[i].after, count++)
		estimate_add(&total, &p->t->at[i].total);
	if (total.bytes < p->narrowest)
		return;
	label.length = (size_t)snprintf(text, sizeof(text), "%u more", count);
	buf_printf(p->to, "<g class=\"c%d\"><title>%u more", FLAME_GREY, count);
	add_figures(p, &total, NULL);
	add_box(p, from, total.bytes, p->t->at[first].depth, &label, NULL);
}

static uint32_t next_shown(const struct picture *p, uint32_t branch)
{
	const struct branch *b = &p->t->at[branch];

	if (b->total.bytes < p->narrowest)
		return p->t->at[b->parent].after; /* so are its siblings */
	return b->depth < DEPTH_MOST ? branch + 1 : b->after;
}

static void find_narrowest(struct picture *p, uint32_t *ret_rows)
{
	uint32_t count, rows;

	p->narrowest = p->t->at[0].total.bytes / (2 * INNER) + 1; /* half a pixel */
	do {
		count = rows = 0;
		for (uint32_t i = 1; i < p->t->count; i = next_shown(p, i)) {
			count++;
			rows = p->t->at[i].depth > rows ? p->t->at[i].depth : rows;
		}
		if (count > RECTS_MOST)
			p->narrowest += p->narrowest / 16 + 1;
	} while (count > RECTS_MOST);
	*ret_rows = rows + 1;
}

static void add_frames(struct picture *p)
{
	_cleanup_(buf_done) struct buf all = { 0 };

	buf_puts(&all, "all ");
	export_sum(&all, p->r);
	buf_printf(p->to, "<g class=\"c%d\"><title>all", FLAME_GREY);
	add_figures(p, &p->t->at[0].total, NULL);
	add_box(p, 0, p->t->at[0].total.bytes, 0, &all, NULL);
	for (uint32_t i = 1; i < p->t->count; i = next_shown(p, i)) {
		const struct branch *b = &p->t->at[i];
		const uint64_t from = p->next[b->depth];

		if (b->total.bytes < p->narrowest) {
			add_rest(p, i, from);
			continue;
		}
		add_branch(p, i, from);
		p->next[b->depth] = from + b->total.bytes;
		p->next[b->depth + 1] = from;
	}
}

int report_svg(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(call_tree_freep) struct call_tree *t = NULL;
	_cleanup_(flame_colours_freep) struct flame_colours *colours = NULL;
	struct picture p = { .r = r, .to = to };
	uint32_t rows;
	int code = call_tree_of_view(&t, r, e);

	(void)look;
	if (code == 0)
		code = flame_colours_new(&colours, t, e);
	if (code < 0)
		return code;
	p.t = t;
	p.colours = colours;
	find_narrowest(&p, &rows);
	svg_head(&p, rows);
	svg_legend(&p);
	add_frames(&p);
	buf_puts(to, "</svg>\n");
	return 0;
}
