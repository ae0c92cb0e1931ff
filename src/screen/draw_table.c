/* The table of rows: as many columns as fit, those that matter most first. */
#include <stdio.h>

#include "memspy/text.h"
#include "memspy/units.h"
#include "screen_private.h"

enum { LEFT = 2, WHERE_LEAST = 26 };

struct column {
	const char *title;
	int width;	/* with the space before it */
	int from;	/* least columns of the screen */
	enum board_sort sort;
	void (*put)(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end);
};

static void put_live(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	(void)p;
	canvas_put_right(c, row, end, STYLE_PLAIN, units_bytes(x->row.own.bytes).text);
}

static void put_sure(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	struct buf text = { 0 };

	text_percent(&text, x->row.own.bytes, estimate_interval(&x->row.own, p->now.last.sample_bytes), 0);
	canvas_put_right(c, row, end, STYLE_DIM, text.data ? text.data : "");
	buf_done(&text);
}

static void put_total(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	(void)p;
	canvas_put_right(c, row, end, STYLE_PLAIN, units_bytes(x->row.total_bytes).text);
}

/* What may be noise is there to be read, and does not ask to be. */
static enum style change_style(const struct difference *d)
{
	return board_is_noise(d) ? STYLE_DIM : d->bytes > 0 ? STYLE_GROWS : STYLE_PLAIN;
}

static void put_grown(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	(void)p;
	canvas_put_right(c, row, end, board_is_noise(&x->grown) ? STYLE_DIM : STYLE_PLAIN, units_signed_bytes(x->grown.bytes).text);
}

static void put_per_minute(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	if (!p->now.board.has_growth)
		canvas_put_right(c, row, end, STYLE_DIM, "-");
	else
		canvas_put_right(c, row, end, change_style(&x->per_minute), units_signed_bytes(x->per_minute.bytes).text);
}

static void put_allocated(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	canvas_put_right(c, row, end, x->allocated_per_s >= 1 ? STYLE_PLAIN : STYLE_DIM,
			 p->now.board.has_rate ? short_bytes(x->allocated_per_s).text : "-");
}

static void put_blocks(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	struct buf text = { 0 };

	(void)p;
	text_number(&text, x->row.own.blocks, 0);
	canvas_put_right(c, row, end, STYLE_PLAIN, text.data ? text.data : "");
	buf_done(&text);
}

static void put_age(const struct shown *p, const struct entry *x, struct canvas *c, int row, int end)
{
	(void)p;
	canvas_put_right(c, row, end, STYLE_DIM, x->row.own.bytes ? short_seconds(x->held_seconds).text : "-");
}

static const struct column columns[] = {
	{ "LIVE BYTES", 11, 0, SORT_LIVE, put_live },
	{ "±", 7, 70, SORT_COUNT, put_sure },
	{ "TOTAL", 11, 108, SORT_TOTAL, put_total },
	{ "SINCE START", 13, 96, SORT_GROWN, put_grown },
	{ "GROWTH/MIN", 12, 0, SORT_PER_MINUTE, put_per_minute },
	{ "ALLOC/S", 8, 76, SORT_ALLOCATED, put_allocated },
	{ "BLOCKS", 11, 120, SORT_BLOCKS, put_blocks },
	{ "AGE", 6, 72, SORT_AGE, put_age },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* What is sorted by is shown at any width, and what has grown since the mark, instead of the rates. */
static bool has_column(const struct screen *s, const struct shown *p, const struct canvas *c, const struct column *col)
{
	bool marked = p->now.marked >= 0;

	if (col->put == put_sure && p->now.last.sample_bytes == 0)
		return false; /* every allocation is counted: there is nothing to be unsure of */
	if (marked && col->sort == SORT_GROWN)
		return true;
	if (marked && c->columns < 96 &&
	    (col->sort == SORT_ALLOCATED || (c->columns < 70 && col->sort == SORT_PER_MINUTE)))
		return s->look.sort == col->sort;
	return c->columns >= col->from || col->sort == s->look.sort;
}

static void put_title(const struct screen *s, const struct shown *p, struct canvas *c, int row, int end,
		      const struct column *col)
{
	bool is_sorted = col->sort == s->look.sort;
	char text[40];

	snprintf(text, sizeof(text), "%s%s", is_sorted ? s->look.reversed ? canvas_glyph(c, "▴", "^") : canvas_glyph(c, "▾", "v") : "",
		 col->sort == SORT_GROWN && p->now.marked >= 0 ? "SINCE MARK" :
		 col->sort == SORT_COUNT		       ? canvas_glyph(c, "±", "+-") : col->title);
	canvas_put_right(c, row, end, is_sorted ? STYLE_HEAD : STYLE_DIM, text);
}

static int put_titles(const struct screen *s, const struct shown *p, struct canvas *c, int row)
{
	bool by_name = s->look.sort == SORT_NAME;
	int column = LEFT;

	for (int i = 0; i < COLUMNS; i++)
		if (has_column(s, p, c, &columns[i])) {
			column += columns[i].width;
			put_title(s, p, c, row, column, &columns[i]);
		}
	canvas_printf(c, row, column + 2, c->columns, by_name ? STYLE_HEAD : STYLE_DIM, "%sWHERE",
		      !by_name ? "" : s->look.reversed ? canvas_glyph(c, "▴", "^") : canvas_glyph(c, "▾", "v"));
	return row + 1;
}

static void put_row(const struct screen *s, const struct shown *p, struct canvas *c, int row, const struct entry *x)
{
	int column = LEFT;

	for (int i = 0; i < COLUMNS; i++)
		if (has_column(s, p, c, &columns[i])) {
			column += columns[i].width;
			columns[i].put(p, x, c, row, column);
		}
	draw_where(s, p, c, row, column + 2, c->columns, s->look.by, &x->row);
}

/* Why there is nothing, or what is not in the table. */
static void put_rest(const struct screen *s, const struct shown *p, struct canvas *c, int row, int end, size_t more)
{
	const struct board *b = &p->now.board;
	uint64_t before = p->about.rss_before;

	if (row < end && b->count == 0)
		canvas_put(c, row++, LEFT + 2, c->columns, STYLE_DIM,
			   !p->is_looked_at	 ? "the first figures come in a moment" :
			   s->look.filter	 ? "no row matches the filter" :
			   p->now.marked >= 0 ? "nothing has grown since the mark" :
					        "nothing that was allocated since memspy came is live");
	if (row < end && b->count && b->left_out)
		canvas_printf(c, row++, LEFT + 2, c->columns, STYLE_DIM, "%s of %s in the rows shown", units_bytes(b->shown.bytes).text,
			      units_bytes(b->sum.bytes).text);
	if (row < end && before && !more && p->is_looked_at)
		canvas_printf(c, row++, LEFT + 2, c->columns, STYLE_DIM,
			      c->columns < 72 ? "%s: from before memspy came" : "%s of RSS are from before memspy came: not in this table",
			      units_bytes(before).text);
}

void draw_table(struct screen *s, struct canvas *c, int row, int end)
{
	struct shown *p = screen_shown(s);
	const struct board *b = &p->now.board;
	size_t at = screen_row_at(p), i;

	row = p->is_looked_at ? put_titles(s, p, c, row) : row + 1;
	s->page_rows = end - row;
	p->top = draw_from(p->top, at, b->count, s->page_rows);
	for (i = p->top; i < b->count && row < end; i++, row++) {
		put_row(s, p, c, row, &b->at[i]);
		if (i == at) {
			canvas_put(c, row, 1, 2, STYLE_BOLD, canvas_glyph(c, "▸", ">"));
			canvas_select(c, row);
		}
	}
	put_rest(s, p, c, row, end, b->count - i);
}

/* ---- all processes ---- */

void draw_processes(struct screen *s, struct canvas *c, int row, int end)
{
	size_t top;
	const int name = c->columns >= 100 ? 62 : 50;

	canvas_put_right(c, row, 10, STYLE_DIM, "PID");
	canvas_put_right(c, row, 22, STYLE_DIM, "RSS");
	canvas_put_right(c, row, 34, STYLE_DIM, "HEAP");
	canvas_put_right(c, row, 47, STYLE_DIM, "GROWTH/MIN");
	if (name == 62)
		canvas_put_right(c, row, 60, STYLE_DIM, "SINCE START");
	canvas_put(c, row++, name, c->columns, STYLE_DIM, "PROCESS");
	s->page_rows = end - row;
	top = draw_from(0, s->process_at, s->count, s->page_rows);
	for (size_t i = top; i < s->count && row < end; i++, row++) {
		const struct shown *p = s->at[i];
		struct buf text = { 0 };

		buf_printf(&text, "%d", p->about.pid);
		canvas_put_right(c, row, 10, STYLE_BOLD, text.data);
		canvas_put_right(c, row, 22, STYLE_RSS, units_bytes(p->now.last.memory.rss).text);
		canvas_put_right(c, row, 34, STYLE_HEAP, units_bytes(p->now.live.bytes).text);
		canvas_put_right(c, row, 47, change_style(&p->now.board.per_minute),
				 p->now.board.has_growth ? units_signed_bytes(p->now.board.per_minute.bytes).text : "-");
		if (name == 62)
			canvas_put_right(c, row, 60, change_style(&p->now.board.grown),
					 units_signed_bytes(p->now.board.grown.bytes).text);
		buf_reset(&text);
		text_escape(&text, p->about.name);
		canvas_put(c, row, name, c->columns, STYLE_PLAIN, text.data ? text.data : "");
		if (p->is_gone)
			canvas_put_right(c, row, c->columns - 1, STYLE_WRONG, "went away");
		if (i == s->process_at)
			canvas_select(c, row);
		buf_done(&text);
	}
}
