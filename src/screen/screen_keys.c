/* What the keys of a screen do. */
#include <stdio.h>
#include <string.h>

#include "screen_private.h"

/* ---- lists ---- */

static size_t moved(const struct screen *s, size_t at, size_t count, int key)
{
	const size_t page = s->page_rows > 2 ? (size_t)s->page_rows - 1 : 1;

	switch (key) {
	case KEY_IS_UP:
	case 'k':
		return at ? at - 1 : 0;
	case KEY_IS_DOWN:
	case 'j':
		return at + 1 < count ? at + 1 : at;
	case KEY_IS_PAGE_UP:
		return at > page ? at - page : 0;
	case KEY_IS_PAGE_DOWN:
		return count == 0 ? 0 : at + page < count ? at + page : count - 1;
	case KEY_IS_HOME:
		return 0;
	case KEY_IS_END:
		return count ? count - 1 : 0;
	default:
		return at;
	}
}

static void move_row(const struct screen *s, struct shown *p, int key)
{
	size_t at = moved(s, screen_row_at(p), p->now.board.count, key);

	p->selected = at ? p->now.board.at[at].key : 0; /* the first place, not the row that happens to be there */
}

/* Among the nodes that are to be seen. */
static void move_caller(const struct screen *s, struct shown *p, int key)
{
	size_t seen = 0, at = 0, i = 0, want;

	for (size_t k = 0; k < p->callers.count; k = screen_next_caller(p, k), seen++)
		if (k == screen_caller_at(p))
			at = seen;
	want = moved(s, at, seen, key);
	for (; want && i < p->callers.count; want--)
		i = screen_next_caller(p, i);
	p->caller = i < p->callers.count ? p->callers.at[i].path : 0;
}

/* ---- pages ---- */

static int group(struct screen *s, enum rows_by by, struct err *e)
{
	struct shown *p = screen_shown(s);

	s->look.by = by;
	s->page = PAGE_TABLE;
	p->selected = 0;
	p->top = 0;
	return screen_look_all(s, e);
}

static int sort(struct screen *s, bool reverse, struct err *e)
{
	if (reverse) {
		s->look.reversed = !s->look.reversed;
	} else {
		s->look.sort = (s->look.sort + 1) % SORT_COUNT;
		s->look.reversed = false;
	}
	return screen_look_all(s, e);
}

static int mark(struct screen *s, bool on, struct err *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (on)
			ledger_mark(&s->at[i]->ledger);
		else
			ledger_unmark(&s->at[i]->ledger);
	if (on && s->look.sort == SORT_LIVE)
		s->look.sort = SORT_GROWN;
	else if (!on && s->look.sort == SORT_GROWN)
		s->look.sort = SORT_LIVE;
	screen_say(s, false, on ? "marked: from now on only what has grown since is shown; u takes the mark away" : "");
	return screen_look_all(s, e);
}

static int pause(struct screen *s, struct err *e)
{
	s->is_paused = !s->is_paused;
	return s->is_paused ? 0 : screen_look_all(s, e);
}

static int go_to(struct screen *s, size_t process, struct err *e)
{
	if (process >= s->count)
		return 0;
	s->current = process;
	s->page = PAGE_TABLE;
	return s->is_paused || !screen_shown(s)->ledger.samples ? 0 : screen_look(s, screen_shown(s), e);
}

static void help(struct screen *s)
{
	if (s->page != PAGE_HELP)
		s->page_behind = s->page;
	s->page = s->page == PAGE_HELP ? s->page_behind : PAGE_HELP;
	s->help_top = 0;
}

static void back(struct screen *s)
{
	if (s->page == PAGE_HELP)
		s->page = s->page_behind;
	else
		s->page = PAGE_TABLE;
}

/* ---- the filter ---- */

static int type(struct screen *s, int key, struct err *e)
{
	size_t length = strlen(s->filter);

	if (key == KEY_IS_ENTER || key == KEY_IS_ESCAPE) {
		s->is_typing = false;
		if (key == KEY_IS_ESCAPE || s->is_bad)
			memcpy(s->filter, s->filter_before, sizeof(s->filter));
	} else if (key == KEY_IS_BACKSPACE || key == 8) {
		while (length && ((unsigned char)s->filter[length - 1] & 0xc0) == 0x80)
			s->filter[--length] = '\0';
		if (length)
			s->filter[length - 1] = '\0';
	} else if (key == 21) { /* Ctrl-U */
		s->filter[0] = '\0';
	} else if (key >= ' ' && key < 127 && length + 1 < sizeof(s->filter)) {
		s->filter[length] = (char)key;
		s->filter[length + 1] = '\0';
	} else if (key >= 0x80 && key < 0x10000 && length + 4 < sizeof(s->filter)) {
		if (key >= 0x800)
			s->filter[length++] = (char)(0xe0 | key >> 12);
		s->filter[length++] = (char)(key >= 0x800 ? 0x80 | (key >> 6 & 0x3f) : 0xc0 | key >> 6);
		s->filter[length++] = (char)(0x80 | (key & 0x3f));
		s->filter[length] = '\0';
	} else {
		return 0;
	}
	return screen_filter(s, e);
}

static void begin_typing(struct screen *s)
{
	s->page = PAGE_TABLE;
	s->is_typing = true;
	memcpy(s->filter_before, s->filter, sizeof(s->filter));
}

/* ---- keys ---- */

static int key_of_callers(struct screen *s, int key)
{
	struct shown *p = screen_shown(s);
	size_t at = screen_caller_at(p);

	if (p->callers.count && (key == KEY_IS_LEFT || key == KEY_IS_RIGHT))
		screen_fold(p, p->callers.at[at].path, key == KEY_IS_LEFT);
	else if (p->callers.count && (key == KEY_IS_ENTER || key == ' '))
		screen_fold(p, p->callers.at[at].path, !screen_is_folded(p, p->callers.at[at].path));
	else
		move_caller(s, p, key);
	return 0;
}

static int key_of_page(struct screen *s, int key, struct err *e)
{
	struct shown *p = screen_shown(s);

	switch (s->page) {
	case PAGE_TABLE:
		if (key == KEY_IS_ENTER || key == KEY_IS_RIGHT)
			return screen_open_callers(s, e);
		move_row(s, p, key);
		return 0;
	case PAGE_CALLERS:
		return key_of_callers(s, key);
	case PAGE_PROCESSES:
		if (key == KEY_IS_ENTER || key == KEY_IS_RIGHT)
			return go_to(s, s->process_at, e);
		s->process_at = moved(s, s->process_at, s->count, key);
		return 0;
	default:
		s->help_top = (int)moved(s, (size_t)s->help_top, 40, key);
		return 0;
	}
}

static int key_of_all(struct screen *s, int key, enum screen_wish *ret, struct err *e)
{
	switch (key) {
	case 'q':
	case 3:
		*ret = WISH_QUIT;
		return 0;
	case 'w':
		*ret = WISH_WRITE;
		return 0;
	case 12: /* Ctrl-L */
	case KEY_IS_REDRAW:
		*ret = WISH_REDRAW;
		return 0;
	case '?':
	case 'h':
		help(s);
		return 0;
	case KEY_IS_ESCAPE:
	case KEY_IS_BACKSPACE:
	case 8:
		back(s);
		return 0;
	case '/':
		begin_typing(s);
		return 0;
	case 'l':
		return group(s, BY_LINE, e);
	case 'f':
		return group(s, BY_FUNCTION, e);
	case 'F':
		return group(s, BY_FILE, e);
	case 'M':
		return group(s, BY_MODULE, e);
	case 't':
		return group(s, BY_THREAD, e);
	case 's':
	case 'S':
		return sort(s, key == 'S', e);
	case 'i':
		s->look.own_code = !s->look.own_code;
		return screen_look_all(s, e);
	case 'm':
	case 'u':
		return mark(s, key == 'm', e);
	case 'p':
		return pause(s, e);
	case 'g':
		s->graph_asked = true;
		s->graph_on = !s->graph_on;
		return 0;
	case '0':
		s->page = s->count > 1 ? PAGE_PROCESSES : s->page;
		s->process_at = s->current;
		return 0;
	case KEY_IS_TAB:
		return go_to(s, (s->current + 1) % s->count, e);
	case KEY_IS_BACK_TAB:
		return go_to(s, (s->current + s->count - 1) % s->count, e);
	default:
		if (key >= '1' && key <= '9')
			return go_to(s, (size_t)(key - '1'), e);
		return key_of_page(s, key, e);
	}
}

int screen_key(struct screen *s, int key, enum screen_wish *ret, struct err *e)
{
	*ret = WISH_NOTHING;
	s->message[0] = '\0';
	if (s->is_typing && key != 3)
		return type(s, key, e);
	if (s->count == 0) {
		*ret = key == 'q' || key == 3 ? WISH_QUIT : WISH_NOTHING;
		return 0;
	}
	return key_of_all(s, key, ret, e);
}
