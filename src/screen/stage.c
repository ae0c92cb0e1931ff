#include "memspy/stage.h"

#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "memspy/screen.h"
#include "memspy/terminal.h"

enum { LEAST_ESCAPE_MS = 40 }; /* a lone escape is one after so long: arrow keys begin with it */

static SCREEN *terminal;
static attr_t looks[STYLE_COUNT];

static void choose_looks(void)
{
	static const struct {
		attr_t attributes;
		short colour; /* -1: the terminal's own */
	} styles[STYLE_COUNT] = {
		[STYLE_PLAIN] = { A_NORMAL, -1 },  [STYLE_DIM] = { A_DIM, -1 },
		[STYLE_BOLD] = { A_BOLD, -1 },	   [STYLE_HEAD] = { A_BOLD, COLOR_CYAN },
		[STYLE_GROWS] = { A_NORMAL, COLOR_YELLOW }, [STYLE_RSS] = { A_NORMAL, COLOR_CYAN },
		[STYLE_HEAP] = { A_NORMAL, COLOR_BLUE },    [STYLE_STATE] = { A_NORMAL, COLOR_GREEN },
		[STYLE_WRONG] = { A_BOLD, COLOR_RED },
	};
	bool colour = terminal_has_colour(STDOUT_FILENO) && has_colors() && start_color() == OK && use_default_colors() == OK;

	for (short i = 0; i < STYLE_COUNT; i++) {
		looks[i] = styles[i].attributes;
		if (colour && styles[i].colour >= 0 && init_pair((short)(i + 1), styles[i].colour, -1) == OK)
			looks[i] |= (attr_t)COLOR_PAIR(i + 1);
	}
}

int stage_open(struct err *e)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, ENOTTY, "this is no terminal");
	if (!name || !*name || strcmp(name, "dumb") == 0)
		return err_set(e, ENOTTY, "the terminal is dumb");
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return err_set(e, ENOTTY, "nothing is known of a terminal called \"%.40s\"", name);
	set_term(terminal);
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
		stage_close();
		return err_set(e, ENOTTY, "the terminal \"%.40s\" cannot move its cursor", name);
	}
	cbreak(); /* Ctrl-C and Ctrl-Z are signals: the one ends top, the other stops it as any program */
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	set_escdelay(LEAST_ESCAPE_MS);
	choose_looks();
	return 0;
}

void stage_close(void)
{
	if (!terminal)
		return;
	endwin();
	delscreen(terminal);
	terminal = NULL;
}

bool stage_has_unicode(void)
{
	return terminal_has_unicode();
}

void stage_size(int *ret_rows, int *ret_columns)
{
	getmaxyx(stdscr, *ret_rows, *ret_columns);
}

/* One run of cells that look the same. */
static int show_run(const struct canvas *c, int row, int column)
{
	const struct cell *first = &c->cells[row * c->columns + column], *cell = first;
	char text[1024];
	size_t length = 0;
	int from = column;

	for (; column < c->columns; column++, cell++) {
		if (cell->style != first->style || cell->is_selected != first->is_selected ||
		    length + sizeof(cell->text) >= sizeof(text))
			break;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s", cell->text);
	}
	attrset((int)(first->is_selected ? A_REVERSE | (looks[first->style] & A_BOLD) : looks[first->style]));
	mvaddstr(row, from, text);
	return column;
}

void stage_show(const struct canvas *c, bool all)
{
	erase();
	for (int row = 0; row < c->rows; row++)
		for (int column = 0; column < c->columns;)
			column = show_run(c, row, column);
	attrset(A_NORMAL);
	if (all)
		clearok(curscr, TRUE);
	refresh();
}

int stage_key(void)
{
	static const struct {
		wint_t theirs;
		int ours;
	} keys[] = {
		{ KEY_UP, KEY_IS_UP },	       { KEY_DOWN, KEY_IS_DOWN },     { KEY_LEFT, KEY_IS_LEFT },
		{ KEY_RIGHT, KEY_IS_RIGHT },   { KEY_PPAGE, KEY_IS_PAGE_UP }, { KEY_NPAGE, KEY_IS_PAGE_DOWN },
		{ KEY_HOME, KEY_IS_HOME },     { KEY_END, KEY_IS_END },	      { KEY_BTAB, KEY_IS_BACK_TAB },
		{ KEY_ENTER, KEY_IS_ENTER },   { KEY_BACKSPACE, KEY_IS_BACKSPACE }, { KEY_RESIZE, KEY_IS_REDRAW },
	};
	wint_t key;
	int kind = get_wch(&key);

	if (kind == ERR)
		return KEY_IS_NONE;
	if (kind == OK)
		return key == '\r' ? KEY_IS_ENTER : (int)key;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].theirs == key)
			return keys[i].ours;
	return KEY_IS_NONE;
}
