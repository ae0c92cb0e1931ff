/* The picture as a whole, and its footer. */
#include "screen_private.h"

/* ---- the footer ---- */

struct hint {
	const char *key, *does;
};

static void put_hints(struct canvas *c, const struct hint *hints)
{
	int row = c->rows - 1, column = 1;

	for (; hints->does; hints++) {
		int needed = hints->key ? canvas_width(hints->key) + 1 + canvas_width(hints->does) : 0;

		if (!hints->key)
			continue;
		if (column + needed >= c->columns)
			return;
		column = canvas_put(c, row, column, c->columns, STYLE_BOLD, hints->key);
		column = canvas_put(c, row, column + 1, c->columns, STYLE_DIM, hints->does) + 2;
	}
}

void draw_footer(struct screen *s, struct canvas *c)
{
	const struct hint table[] = {
		{ "?", "help" }, { "q", "quit" }, { canvas_glyph(c, "⏎", "enter"), "callers" },
		{ s->count > 1 ? "tab 0" : NULL, "processes" }, { "s", "sort" }, { "/", "filter" }, { "m", "mark" }, { "l f F M t", "group" }, { "i", "own code" }, { "w", "write" }, { "p", "pause" }, { "g", "graph" },
		{ NULL, NULL },
	};
	const struct hint callers[] = {
		{ "esc", "back" }, { canvas_glyph(c, "↑↓", "up down"), "select" }, { canvas_glyph(c, "←→", "left right"), "fold" },
		{ "?", "help" }, { "q", "quit" }, { NULL, NULL },
	};
	const struct hint processes[] = {
		{ canvas_glyph(c, "⏎", "enter"), "look into" }, { "esc", "back" }, { "?", "help" }, { "q", "quit" }, { NULL, NULL },
	};
	const struct hint help[] = { { "esc", "back" }, { "q", "quit" }, { NULL, NULL } };
	const struct hint *const pages[] = {
		[PAGE_TABLE] = table, [PAGE_CALLERS] = callers, [PAGE_PROCESSES] = processes, [PAGE_HELP] = help,
	};
	int column;

	if (s->is_typing) {
		column = canvas_printf(c, c->rows - 1, 1, c->columns, STYLE_BOLD, "/%s", s->filter);
		column = canvas_put(c, c->rows - 1, column, c->columns, STYLE_STATE, canvas_glyph(c, "▏", "_"));
		canvas_put(c, c->rows - 1, column + 2, c->columns, STYLE_DIM,
			   s->is_bad ? "no regular expression yet" : canvas_glyph(c, "⏎ keep  esc drop", "enter keep  esc drop"));
	} else if (s->message[0]) {
		canvas_put(c, c->rows - 1, 1, c->columns - 1, s->message_is_wrong ? STYLE_WRONG : STYLE_STATE,
			   s->message);
	} else {
		put_hints(c, pages[s->page]);
	}
}

void screen_draw(struct screen *s, struct canvas *c)
{
	static void (*const parts[])(struct screen *s, struct canvas *c, int row, int end) = {
		[PAGE_TABLE] = draw_table, [PAGE_CALLERS] = draw_callers, [PAGE_PROCESSES] = draw_processes, [PAGE_HELP] = draw_help,
	};
	int row = 0;

	canvas_clear(c);
	if (!screen_shown(s))
		return;
	if (s->page != PAGE_HELP)
		row = draw_header(s, c);
	parts[s->page](s, c, row, c->rows - 1);
	draw_footer(s, c);
}
