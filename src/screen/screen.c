#include "screen_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"

static void screen_freep(struct screen **s)
{
	screen_free(*s);
}

int screen_new(struct screen **ret, const struct screen_options *o, struct err *e)
{
	_cleanup_(screen_freep) struct screen *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return err_set(e, ENOMEM, "out of memory for the screen");
	s->options = *o;
	s->look = (struct board_look){ .by = o->by, .sort = o->sort, .own_code = o->own_code };
	if (o->filter) {
		snprintf(s->filter, sizeof(s->filter), "%s", o->filter);
		r = screen_filter(s, e);
	}
	if (r < 0 || s->is_bad)
		return r < 0 ? r : err_set(e, EINVAL, "\"%.80s\" is not a regular expression", s->filter);
	*ret = TAKE(s);
	return 0;
}

static void shown_free(struct shown *p)
{
	if (!p)
		return;
	board_done(&p->now.board);
	callers_done(&p->callers);
	ledger_done(&p->ledger);
	free((char *)p->about.name);
	free((char *)p->about.python);
	free(p->row_text);
	free(p->file);
	free(p);
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		shown_free(s->at[i]);
	if (s->has_expression)
		regfree(&s->expression);
	buf_done(&s->source);
	free(s->source_file);
	free(s->at);
	free(s);
}

int screen_add(struct screen *s, const struct screen_process *about, double seconds, struct ledger **ret, struct err *e)
{
	struct shown *p = calloc(1, sizeof(*p)), **at = realloc(s->at, (s->count + 1) * sizeof(*at));
	int r;

	s->at = at ? at : s->at;
	if (!p || !at) {
		free(p);
		return err_set(e, ENOMEM, "out of memory for a process");
	}
	p->about = *about;
	p->about.name = strdup(about->name ? about->name : "");
	p->about.python = strdup(about->python ? about->python : "");
	p->added = p->now.seconds = seconds;
	p->now.marked = -1;
	r = ledger_init(&p->ledger, e);
	if (r == 0 && (!p->about.name || !p->about.python))
		r = err_set(e, ENOMEM, "out of memory for a process");
	if (r < 0) {
		shown_free(p);
		return r;
	}
	s->at[s->count++] = p;
	*ret = &p->ledger;
	return 0;
}

struct shown *screen_shown(const struct screen *s)
{
	return s->current < s->count ? s->at[s->current] : NULL;
}

struct board_look screen_look_of(const struct screen *s)
{
	return s->look;
}

size_t screen_current(const struct screen *s)
{
	return s->current;
}

/* ---- figures ---- */

int screen_look(struct screen *s, struct shown *p, struct err *e)
{
	struct look_at now = {
		.last = p->ledger.last, .live = p->ledger.live, .seconds = p->ledger.seconds, .marked = p->ledger.marked,
		.history = p->ledger.history,
	};
	int r = board_build(&now.board, &p->ledger, &s->look, e);

	if (r < 0)
		return r;
	board_done(&p->now.board);
	p->now = now;
	p->is_looked_at = true;
	if (s->page != PAGE_CALLERS || p != screen_shown(s))
		return 0;
	callers_done(&p->callers);
	return callers_build(&p->callers, &p->ledger, &s->look, p->row, e);
}

int screen_look_all(struct screen *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->count && r == 0; i++)
		if (s->at[i]->ledger.samples)
			r = screen_look(s, s->at[i], e);
	return r;
}

int screen_taken(struct screen *s, size_t process, struct err *e)
{
	return s->is_paused || process >= s->count ? 0 : screen_look(s, s->at[process], e);
}

void screen_gone(struct screen *s, size_t process, const char *how)
{
	if (process >= s->count)
		return;
	s->at[process]->is_gone = true;
	snprintf(s->at[process]->how, sizeof(s->at[process]->how), "%s", how);
}

void screen_recording(struct screen *s, size_t process, const char *path, double seconds, uint64_t bytes)
{
	struct shown *p = process < s->count ? s->at[process] : NULL;

	if (!p)
		return;
	if (!path || !p->file || strcmp(path, p->file) != 0) {
		free(p->file);
		p->file = path ? strdup(path) : NULL;
	}
	p->file_seconds = seconds;
	p->file_bytes = bytes;
}

void screen_say(struct screen *s, bool wrong, const char *sentence)
{
	snprintf(s->message, sizeof(s->message), "%s", sentence);
	s->message_is_wrong = wrong;
}

/* ---- what is selected ---- */

size_t screen_row_at(const struct shown *p)
{
	for (size_t i = 0; p->selected && i < p->now.board.count; i++)
		if (p->now.board.at[i].key == p->selected)
			return i;
	return 0;
}

size_t screen_caller_at(const struct shown *p)
{
	for (size_t i = 0; p->caller && i < p->callers.count; i++)
		if (p->callers.at[i].path == p->caller)
			return i;
	return 0;
}

bool screen_is_folded(const struct shown *p, uint64_t path)
{
	for (size_t i = 0; i < p->folded_count; i++)
		if (p->folded[i] == path)
			return true;
	return false;
}

void screen_fold(struct shown *p, uint64_t path, bool fold)
{
	if (fold && !screen_is_folded(p, path) && p->folded_count < FOLDED_MOST)
		p->folded[p->folded_count++] = path;
	for (size_t i = 0; !fold && i < p->folded_count; i++)
		if (p->folded[i] == path)
			p->folded[i] = p->folded[--p->folded_count];
}

size_t screen_next_caller(const struct shown *p, size_t at)
{
	const struct caller *c = &p->callers.at[at];

	return at + 1 + (screen_is_folded(p, c->path) ? c->below : 0);
}

static void name_thread(const struct screen *s, const struct shown *p, uint32_t thread, struct buf *to)
{
	bool is_main = thread == (uint32_t)p->about.pid;
	struct buf name = { 0 };

	buf_printf(to, is_main ? "main thread" : thread ? "thread %u" : "several threads", thread);
	if (is_main)
		return;
	if (thread && s->options.thread && s->options.thread(s->options.own, p->about.pid, (pid_t)thread, &name) == 0) {
		buf_puts(to, " ");
		text_escape(to, name.data ? name.data : "");
	} else if (thread && s->options.thread) {
		buf_puts(to, " (ended)");
	}
	buf_done(&name);
}

void screen_name_row(const struct screen *s, const struct shown *p, const struct row *row, enum rows_by by,
		     struct buf *to)
{
	struct row shorter = *row;

	shorter.file = ledger_file(&p->ledger, row->file);
	if (by == BY_MODULE) {
		text_escape(to, row->module);
	} else if (by == BY_THREAD) {
		name_thread(s, p, row->thread, to);
	} else {
		text_place(to, &shorter, 60);
		buf_puts(to, to->length && *row->function ? " " : "");
		text_escape(to, row->function);
	}
}

int screen_open_callers(struct screen *s, struct err *e)
{
	struct shown *p = screen_shown(s);
	const struct entry *x;
	struct buf text = { 0 };

	if (!p || p->now.board.count == 0)
		return 0;
	x = &p->now.board.at[screen_row_at(p)];
	screen_name_row(s, p, &x->row, s->look.by, &text);
	free(p->row_text);
	p->row_text = text.data;
	p->row = x->key;
	p->row_bytes = x->row.own.bytes ? x->row.own.bytes : x->row.total_bytes;
	p->caller = 0;
	p->caller_top = 0;
	p->folded_count = 0;
	s->page = PAGE_CALLERS;
	callers_done(&p->callers);
	return callers_build(&p->callers, &p->ledger, &s->look, p->row, e);
}

/* ---- the filter ---- */

/* Small letters match capitals, as long as there is no capital in what is typed. */
static int flags_of(const char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			return REG_EXTENDED | REG_NOSUB;
	return REG_EXTENDED | REG_NOSUB | REG_ICASE;
}

int screen_filter(struct screen *s, struct err *e)
{
	regex_t expression;

	s->is_bad = s->filter[0] && regcomp(&expression, s->filter, flags_of(s->filter)) != 0;
	if (s->is_bad)
		return 0;
	if (s->has_expression)
		regfree(&s->expression);
	s->has_expression = s->filter[0] != '\0';
	if (s->has_expression)
		s->expression = expression;
	s->look.filter = s->has_expression ? &s->expression : NULL;
	return screen_look_all(s, e);
}
