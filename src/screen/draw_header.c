/* The header: who it is, what it holds and how that goes, and how the rows below are looked at. */
#include <math.h>
#include <stdio.h>

#include "memspy/graph.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "screen_private.h"

enum { LEAST_ROWS_OF_TABS = 16, ROWS_WITH_GRAPH = 30, GRAPH_ROWS = 6, SPARK_LEAST = 5, SPARK_MOST = 40, MINUTE = 60 };
enum { LEAST_OF_GROWTH = 5 /* seconds */, HEAP_COLUMNS = 43 };

/* At the right; the column it begins at. */
static int put_state(const struct screen *s, const struct shown *p, struct canvas *c)
{
	const int end = c->columns - 1;
	char text[120];

	if (p->is_gone) {
		snprintf(text, sizeof(text), "went away%s%s", p->how[0] ? ": " : "", p->how);
		return canvas_put_right(c, 0, end, STYLE_WRONG, text);
	}
	if (s->is_paused)
		return canvas_put_right(c, 0, end, STYLE_STATE, "paused: p goes on");
	if (p->file) {
		snprintf(text, sizeof(text), "%s recording %.0f s, %s", canvas_glyph(c, "●", "*"), p->file_seconds,
			 units_bytes(p->file_bytes).text);
		return canvas_put_right(c, 0, end, STYLE_STATE, text);
	}
	snprintf(text, sizeof(text), "every %g s", s->options.interval_s);
	return canvas_put_right(c, 0, end, STYLE_DIM, text);
}

static void draw_who(const struct screen *s, const struct shown *p, struct canvas *c)
{
	int end = put_state(s, p, c) - 1, column;
	struct buf name = { 0 };

	text_escape(&name, p->about.name);
	column = canvas_put(c, 0, 1, end, STYLE_HEAD, "memspy");
	column = canvas_printf(c, 0, column + 2, end, STYLE_BOLD, "%d %s", p->about.pid, name.data ? name.data : "");
	buf_reset(&name);
	text_escape(&name, p->about.python);
	if (column + 12 < end)
		column = canvas_printf(c, 0, column + 2, end, STYLE_DIM, "CPython %s", name.data ? name.data : "");
	if (column + 8 < end && p->about.age_seconds > 0)
		canvas_printf(c, 0, column + 2, end, STYLE_DIM, "up %s",
			      short_seconds(p->about.age_seconds + p->now.seconds - p->added).text);
	buf_done(&name);
}

/* The kernel counts RSS: no interval. What is less than a thousandth of the whole is not worth a word. */
static struct difference rss_per_minute(const struct shown *p)
{
	const struct history *h = &p->now.history;
	const struct past *then = history_before(h, MINUTE);
	double seconds = then ? h->at[h->count - 1].seconds - then->seconds : 0, change;
	int64_t bytes;

	if (seconds < LEAST_OF_GROWTH)
		return (struct difference){ 0 };
	change = ((double)h->at[h->count - 1].rss_bytes - (double)then->rss_bytes) / (seconds / MINUTE);
	if (fabs(change) < 65536 || fabs(change) < (double)h->at[h->count - 1].rss_bytes / 1000 || fabs(change) >= 9e18)
		return (struct difference){ 0 };
	bytes = (int64_t)change;
	return (struct difference){ bytes, bytes, bytes };
}

static int draw_heap(const struct shown *p, struct canvas *c, int column, int end)
{
	struct interval sure = estimate_interval(&p->now.live, p->now.last.sample_bytes);
	double half = p->now.live.bytes ? 50.0 * (double)(sure.high - sure.low) / (double)p->now.live.bytes : 0;

	column = canvas_put(c, 1, column, end, STYLE_HEAP, "heap");
	column = canvas_put(c, 1, column + 1, end, STYLE_BOLD, units_bytes(p->now.live.bytes).text);
	if (p->now.live.bytes && sure.high > sure.low)
		column = canvas_printf(c, 1, column + 1, end, STYLE_PLAIN, half > 999 ? "%s >999 %%" : "%s %.0f %%",
				       canvas_glyph(c, "±", "+-"), half);
	if (p->now.board.has_growth)
		put_trend(c, 1, &column, end, &p->now.board.per_minute);
	return column;
}

/* "RSS  41.2 MiB of 64.0 MiB ▲ 30 MiB/min": of its limit first; how it grows where the heap still has its room. */
static int draw_rss(const struct shown *p, struct canvas *c)
{
	enum { HEAP_LEAST = 16 };
	const struct difference rss = rss_per_minute(p);
	int column = canvas_put(c, 1, 1, c->columns, STYLE_RSS, "RSS");
	char limit[48] = "";

	if (p->about.memory_limit)
		snprintf(limit, sizeof(limit), " of %s", units_bytes(p->about.memory_limit).text);
	column = canvas_put(c, 1, column + 2, c->columns, STYLE_BOLD, units_bytes(p->now.last.memory.rss).text);
	if (column + canvas_width(limit) + HEAP_LEAST <= c->columns)
		column = canvas_put(c, 1, column, c->columns, STYLE_DIM, limit);
	if (rss.bytes)
		put_trend(c, 1, &column, c->columns - (*limit ? HEAP_COLUMNS : HEAP_LEAST), &rss);
	return column;
}

static void draw_memory(const struct shown *p, struct canvas *c, bool has_graph)
{
	/* With a limit the heap keeps its place whether RSS grows or not. */
	const int stop = p->about.memory_limit && c->columns >= 90 ? 45 : 31;
	int column = draw_rss(p, c), spark;

	column = column < stop - 1 && c->columns >= 76 ? stop : column + 2;
	spark = c->columns - column - HEAP_COLUMNS;
	spark = spark > SPARK_MOST ? SPARK_MOST : spark;
	if (!has_graph && spark >= SPARK_LEAST) {
		graph_line(c, 1, column, spark, &p->now.history);
		column += spark + 1;
	}
	draw_heap(p, c, column, c->columns);
}

/* How the whole has changed, before column end and behind column left: with its interval where there is room. */
static void put_grown(const struct shown *p, struct canvas *c, int row, int left, int end)
{
	const struct difference *grown = &p->now.board.grown;
	const bool marked = p->now.marked >= 0;
	const struct units_text ago = short_seconds(p->now.seconds - (marked ? p->now.marked : p->ledger.began));

	for (int form = 0; form < 3; form++) {
		char text[120];

		snprintf(text, sizeof(text), marked && form < 2 ? "%s since the mark %s ago" : "%s in %s",
			 put_change_text(c, grown, form == 0, 1).text, ago.text);
		if (end - canvas_width(text) < left + 2)
			continue;
		canvas_put_right(c, row, end, marked ? STYLE_STATE : board_is_noise(grown) ? STYLE_DIM : STYLE_PLAIN, text);
		return;
	}
}

static void put_loss(const struct shown *p, struct canvas *c, int row, int left)
{
	const struct sample *last = &p->now.last;
	uint64_t lost = losses_total(&last->lost);
	char text[120];
	int end;

	snprintf(text, sizeof(text), "lost %llu", (unsigned long long)lost);
	end = canvas_put_right(c, row, c->columns - 1, lost ? STYLE_WRONG : STYLE_DIM, text) - 3;
	if (last->sample_bytes)
		snprintf(text, sizeof(text), "one in %s", units_size_option(last->sample_bytes).text);
	else
		snprintf(text, sizeof(text), "exact");
	if (end - canvas_width(text) >= left + 2)
		end = canvas_put_right(c, row, end, STYLE_DIM, text) - 3;
	put_grown(p, c, row, left, end);
}

static void draw_look(const struct screen *s, const struct shown *p, struct canvas *c, int row)
{
	const struct board *b = &p->now.board;
	int column = canvas_printf(c, row, 1, c->columns, STYLE_PLAIN, "by %s", rows_by_names[s->look.by]);

	if (s->look.own_code)
		column = canvas_printf(c, row, column, c->columns, STYLE_STATE, " %s own code",
				       canvas_glyph(c, "·", "-"));
	if (s->look.filter)
		column = canvas_printf(c, row, column, c->columns, STYLE_STATE, " %s /%.24s/ %zu of %zu", canvas_glyph(c, "·", "-"),
				       s->filter, b->count, b->count + b->left_out);
	if (p->is_looked_at)
		put_loss(p, c, row, column);
}

static int draw_tabs(const struct screen *s, struct canvas *c, int row)
{
	int column = 1;

	for (size_t i = 0; i < s->count && column < c->columns - 8; i++) {
		const struct shown *p = s->at[i];
		char text[64];

		snprintf(text, sizeof(text), "%zu:%d %s", i + 1, p->about.pid,
			 units_bytes(p->now.last.memory.rss).text);
		column = canvas_put(c, row, column, c->columns, p->is_gone ? STYLE_WRONG : i == s->current ? STYLE_HEAD : STYLE_DIM,
				    text) + 3;
	}
	return row + 1;
}

static void draw_big_graph(const struct shown *p, struct canvas *c, int row)
{
	enum { LABEL = 12 };
	const struct history *h = &p->now.history;
	double seconds = h->count ? h->at[h->count - 1].seconds - h->at[0].seconds : 0;
	char last[48];

	graph_draw(c, row, LABEL + 1, GRAPH_ROWS, c->columns - LABEL - 2, h);
	canvas_put_right(c, row, LABEL, STYLE_DIM, units_bytes(graph_most(h)).text);
	canvas_put_right(c, row + GRAPH_ROWS - 1, LABEL, STYLE_DIM, "0");
	snprintf(last, sizeof(last), "last %s", short_seconds(seconds).text);
	canvas_put_right(c, row + GRAPH_ROWS / 2, LABEL, STYLE_DIM, last);
}

int draw_header(struct screen *s, struct canvas *c)
{
	const struct shown *p = screen_shown(s);
	bool has_graph = s->graph_asked ? s->graph_on && c->rows >= GRAPH_ROWS + 10 : c->rows >= ROWS_WITH_GRAPH;
	int row = 2;

	s->graph_on = has_graph;
	draw_who(s, p, c);
	if (p->is_looked_at)
		draw_memory(p, c, has_graph);
	if (has_graph) {
		if (p->is_looked_at)
			draw_big_graph(p, c, row);
		row += GRAPH_ROWS;
	}
	if (s->count > 1 && c->rows >= LEAST_ROWS_OF_TABS)
		row = draw_tabs(s, c, row);
	draw_look(s, p, c, row);
	return row + 1;
}
