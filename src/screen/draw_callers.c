/* Who called: the tree of a row, and the lines around what is selected in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/text.h"
#include "memspy/units.h"
#include "screen_private.h"

enum { TREE = 23, BRANCHES_MOST = 20, TAB = 4 };

/* The node right above, or -1. */
static long above(const struct callers *t, size_t at)
{
	for (size_t i = at; i-- > 0 && t->at[at].depth > 0;)
		if (t->at[i].depth < t->at[at].depth)
			return (long)i;
	return -1;
}

/* Whether others stand beside it, and whether one of them comes after it. */
static bool has_neighbours(const struct callers *t, size_t at, bool *ret_after)
{
	size_t next = at + 1 + t->at[at].below;
	long parent = above(t, at);

	*ret_after = next < t->count && t->at[next].depth == t->at[at].depth;
	return parent >= 0 ? t->at[parent].callers > 1 : t->at[0].below + 1 < t->count;
}

/*
 * Lines lead from a node to its callers, where it has several. A chain of single callers goes straight down: it takes no
 * columns, however deep it is.
 */
static int put_lines(const struct callers *t, struct canvas *c, int row, size_t at)
{
	const char *parts[BRANCHES_MOST];
	int count = 0, column = TREE;
	bool after;

	for (long i = (long)at; i >= 0 && count < BRANCHES_MOST; i = above(t, (size_t)i)) {
		if (!has_neighbours(t, (size_t)i, &after))
			continue;
		if ((size_t)i == at)
			parts[count++] = after ? canvas_glyph(c, "├ ", "|-") : canvas_glyph(c, "╰ ", "`-");
		else
			parts[count++] = after ? canvas_glyph(c, "│ ", "| ") : "  ";
	}
	while (count)
		column = canvas_put(c, row, column, c->columns, STYLE_DIM, parts[--count]);
	return column;
}

static void put_caller(const struct screen *s, const struct shown *p, struct canvas *c, int row, size_t at)
{
	const struct names *n = p->ledger.names;
	const struct caller *x = &p->callers.at[at];
	struct frame f = names_frame_at(n, x->frame);
	const struct row what = { .function = rows_function(n, x->frame), .file = names_text(n, f.file), .line = f.line };
	int column = put_lines(&p->callers, c, row, at), end = c->columns;
	char text[40];

	snprintf(text, sizeof(text), "%.0f %%",
		 p->callers.bytes ? 100.0 * (double)x->bytes / (double)p->callers.bytes : 0);
	canvas_put_right(c, row, 13, STYLE_PLAIN, units_bytes(x->bytes).text);
	canvas_put_right(c, row, 20, STYLE_DIM, text);
	if (screen_is_folded(p, x->path) && x->callers) {
		snprintf(text, sizeof(text), "%s %zu more", canvas_glyph(c, "▸", "+"), x->below);
		end = canvas_put_right(c, row, c->columns - 1, STYLE_STATE, text) - 1;
	}
	draw_where(s, p, c, row, column, end, BY_LINE, &what);
}

/* ---- source ---- */

/* Reads the lines around a place, once. */
static void read_source(struct screen *s, const struct shown *p, const char *file, int line)
{
	struct err e = { "" };

	if (s->source_file && strcmp(s->source_file, file) == 0 && s->source_asked == line)
		return;
	free(s->source_file);
	s->source_file = strdup(file);
	s->source_asked = line;
	s->source_first = line > SOURCE_AROUND ? line - SOURCE_AROUND : 1;
	s->source_fault[0] = '\0';
	buf_reset(&s->source);
	if (!s->options.source)
		snprintf(s->source_fault, sizeof(s->source_fault), "no source here");
	else if (s->options.source(s->options.own, p->about.pid, file, s->source_first, 2 * SOURCE_AROUND + 1, &s->source, &e) < 0)
		snprintf(s->source_fault, sizeof(s->source_fault), "%s", e.text);
	else if (!s->source.length)
		snprintf(s->source_fault, sizeof(s->source_fault), "the file has no line %d any more", line);
}

/* One line of it, with its tabs as spaces. */
static void put_source_line(struct canvas *c, int row, int number, bool is_it, const char *text, size_t length)
{
	struct buf safe = { 0 }, line = { 0 };
	int column = 0;

	for (size_t i = 0; i < length && text[i]; i++) {
		do
			buf_putc(&line, text[i] == '\t' ? ' ' : text[i]);
		while (text[i] == '\t' && ++column % TAB);
		column += text[i] != '\t';
	}
	text_escape(&safe, line.data ? line.data : "");
	canvas_printf(c, row, 1, 10, is_it ? STYLE_STATE : STYLE_DIM, "%s%6d", is_it ? canvas_glyph(c, "▸", ">") : " ",
		      number);
	canvas_put(c, row, 10, c->columns, is_it ? STYLE_BOLD : STYLE_PLAIN, safe.data ? safe.data : "");
	buf_done(&line);
	buf_done(&safe);
}

static void put_source_lines(const struct screen *s, struct canvas *c, int row, int end)
{
	int number = s->source_first, from = s->source_asked - (end - row - 1) / 2;
	const char *at = s->source.data;

	while (at && *at && row < end) {
		size_t length = strcspn(at, "\n");

		if (number >= from)
			put_source_line(c, row++, number, number == s->source_asked, at, length);
		number++;
		at += length + (at[length] == '\n');
	}
}

static void draw_source(struct screen *s, const struct shown *p, struct canvas *c, int row, int end)
{
	const struct names *n = p->ledger.names;
	const struct caller *x = p->callers.count ? &p->callers.at[screen_caller_at(p)] : NULL;
	struct frame f = names_frame_at(n, x ? x->frame : 0);
	struct buf title = { 0 };
	const struct row what = { .function = "", .file = names_text(n, f.file), .line = f.line };

	text_place(&title, &what, c->columns > 12 ? (size_t)c->columns - 4 : 8);
	canvas_printf(c, row, 1, c->columns, STYLE_DIM, "%s %s", canvas_glyph(c, "──", "--"),
		      title.data ? title.data : "");
	buf_done(&title);
	if (!*what.file || f.line <= 0) {
		canvas_put(c, row + 1, 2, c->columns, STYLE_DIM, "no source: this is no line of Python");
		return;
	}
	read_source(s, p, what.file, f.line);
	if (!s->source_fault[0]) {
		put_source_lines(s, c, row + 1, end);
		return;
	}
	text_escape(&title, s->source_fault);
	canvas_put(c, row + 1, 2, c->columns, STYLE_DIM, title.data ? title.data : "");
	buf_done(&title);
}

/* ---- the page ---- */

/* The first node to be drawn, so that the selected one is seen. */
static size_t first_seen(struct shown *p, int rows)
{
	size_t seen = 0, at = 0, count, i = 0;

	for (size_t k = 0; k < p->callers.count; k = screen_next_caller(p, k), seen++)
		if (k == screen_caller_at(p))
			at = seen;
	count = seen;
	p->caller_top = draw_from(p->caller_top, at, count, rows);
	for (size_t k = p->caller_top; k && i < p->callers.count; k--)
		i = screen_next_caller(p, i);
	return i;
}

void draw_callers(struct screen *s, struct canvas *c, int row, int end)
{
	struct shown *p = screen_shown(s);
	int source = end - row >= 10 ? (end - row) / 2 : 0, column;

	source = source > 2 * SOURCE_AROUND ? 2 * SOURCE_AROUND : source;
	column = canvas_put(c, row, 1, c->columns, STYLE_DIM, "who called");
	canvas_put(c, row++, column + 1, c->columns, STYLE_BOLD, p->row_text ? p->row_text : "");
	canvas_put_right(c, row, 13, STYLE_DIM, "LIVE BYTES");
	canvas_put_right(c, row, 20, STYLE_DIM, "SHARE");
	canvas_put(c, row++, TREE, c->columns, STYLE_DIM, "ALLOCATED BY, CALLED BY");
	s->page_rows = end - source - row;
	if (p->callers.count == 0)
		canvas_put(c, row, 3, c->columns, STYLE_DIM, "nothing of it is live any more");
	for (size_t i = first_seen(p, s->page_rows); i < p->callers.count &&
	     row < end - source; i = screen_next_caller(p, i)) {
		put_caller(s, p, c, row, i);
		if (i == screen_caller_at(p))
			canvas_select(c, row);
		row++;
	}
	if (source)
		draw_source(s, p, c, end - source, end);
}
