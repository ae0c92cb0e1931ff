/*
 * The two loops of top: on the terminal, and as lines.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/plain.h"
#include "memspy/stage.h"
#include "fault_private.h"
#include "signals_private.h"
#include "top_private.h"

enum { PLACES = 2 }; /* per process: what comes, and what is said of its recording */
enum { LOOK_MS = 1000 }; /* whether there are others, where they are looked for */

/* Signals, the keyboard if there is one, then the processes. A negative descriptor is skipped by poll. At most: milliseconds, -1 for ever. */
static int wait_for(const struct top *t, bool keyboard, int most, bool *ret_signal, struct err *e)
{
	const size_t count = 2 + PLACES * t->count;
	_cleanup_(freep) struct pollfd *fds = calloc(count, sizeof(*fds));

	if (!fds)
		return err_set(e, ENOMEM, "out of memory");
	fds[0] = (struct pollfd){ t->signals, POLLIN, 0 };
	fds[1] = (struct pollfd){ keyboard ? STDIN_FILENO : -1, POLLIN, 0 };
	for (size_t i = 0; i < t->count; i++) {
		const struct feed *f = &t->feeds[i];

		fds[2 + PLACES * i] = (struct pollfd){ f->stream ? client_fd(f->stream) : -1, POLLIN, 0 };
		fds[3 + PLACES * i] = (struct pollfd){ f->writer ? client_fd(f->writer) : -1, POLLIN, 0 };
	}
	if (poll(fds, count, most) < 0 && errno != EINTR)
		return err_sys(e, errno, "cannot wait");
	*ret_signal = fds[0].revents != 0 && signals_next(t->signals) != 0;
	/* A terminal that is gone says so for ever. */
	*ret_signal |= (fds[1].revents & (POLLHUP | POLLERR)) != 0;
	return 0;
}

static int look_ms(const struct top *t)
{
	return t->name || t->follow ? LOOK_MS : -1;
}

static bool all_ended(const struct top *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->feeds[i].stream)
			return false;
	return true;
}

static void say_end(const struct feed *f, struct err *e)
{
	if (f->is_gone)
		err_set(e, ESRCH, "%d went away%s%s%s", f->pid, f->how[0] ? " (" : "", f->how, f->how[0] ? ")" : "");
	else
		err_set(e, ESRCH, "the session of %d ended: %s", f->pid, f->how);
}

/* The one there was; of several, how many. */
static int gone(const struct top *t, struct err *e)
{
	if (t->count == 1)
		say_end(&t->feeds[0], e);
	else
		err_set(e, ESRCH, "all %zu processes went away", t->count);
	return COMMAND_GONE;
}

/* ---- on the terminal ---- */

static int draw(struct top *t, struct canvas *c, bool all, struct err *e)
{
	int rows, columns;

	stage_size(&rows, &columns);
	if (rows != c->rows || columns != c->columns) {
		int r;

		canvas_done(c);
		r = canvas_init(c, rows, columns, stage_has_unicode(), e);
		if (r < 0)
			return r;
	}
	screen_draw(t->screen, c);
	stage_show(c, all);
	return 0;
}

static void write_or_end(struct top *t)
{
	size_t at = screen_current(t->screen);
	struct feed *f = &t->feeds[at];
	struct err e = { "" };
	struct buf said = { 0 };
	int r;

	if (f->writer) {
		r = feed_write_end(f, &said, &e);
		screen_recording(t->screen, at, NULL, 0, 0);
	} else if (!f->stream) {
		r = err_set(&e, ESRCH, "%d went away: nothing more can be recorded", f->pid);
	} else {
		r = feed_write(f, NULL, false, &e);
		if (r == 0) {
			buf_printf(&said, "recording to %s from now on; w ends it", f->path);
			screen_recording(t->screen, at, f->path, 0, 0);
		}
	}
	screen_say(t->screen, r < 0, r < 0 ? e.text : said.data ? said.data : "");
	buf_done(&said);
}

static int take_keys(struct top *t, bool *quit, bool *all, struct err *e)
{
	int key, r = 0;

	while (r == 0 && (key = stage_key()) != KEY_IS_NONE) {
		enum screen_wish wish;

		r = screen_key(t->screen, key, &wish, e);
		*quit |= wish == WISH_QUIT;
		*all |= wish == WISH_REDRAW;
		if (wish == WISH_WRITE)
			write_or_end(t);
	}
	return r;
}

/* What came of one process, into the picture. */
static int turn(struct top *t, size_t i, struct err *e)
{
	struct feed *f = &t->feeds[i];
	bool took = false;
	int r;

	while ((r = feed_turn(f, e)) == FEED_TOOK)
		took = true;
	if (r == FEED_QUIET && took)
		return screen_taken(t->screen, i, e);
	if (r == FEED_ENDED) {
		struct err end;

		say_end(f, &end);
		screen_gone(t->screen, i, f->how);
		screen_say(t->screen, true, end.text);
		return f->ledger->samples ? screen_taken(t->screen, i, e) : 0;
	}
	return r < 0 ? r : 0;
}

static void turn_writer(struct top *t, size_t i)
{
	struct feed *f = &t->feeds[i];
	struct err e = { "" };
	bool was = f->writer;

	if (feed_write_turn(f, &e) < 0)
		screen_say(t->screen, true, e.text);
	if (was)
		screen_recording(t->screen, i, f->writer ? f->path : NULL, f->written_s, f->written_bytes);
}

static int run_on_stage(struct top *t, struct err *e)
{
	struct canvas c = { 0 };
	bool quit = false, all = false;
	int r = draw(t, &c, false, e);

	while (r == 0 && !quit) {
		r = wait_for(t, true, look_ms(t), &quit, e);
		if (r == 0)
			r = top_join(t, e);
		if (r == 0)
			r = take_keys(t, &quit, &all, e);
		for (size_t i = 0; r == 0 && i < t->count; i++) {
			r = turn(t, i, e);
			turn_writer(t, i);
		}
		if (r == 0 && !quit)
			r = draw(t, &c, all, e);
		all = false;
	}
	canvas_done(&c);
	return r;
}

int top_on_stage(struct top *t, struct err *e)
{
	int r = run_on_stage(t, e);

	stage_close();
	return r == 0 && all_ended(t) ? gone(t, e) : r;
}

/* ---- as lines ---- */

static int print(struct top *t, struct feed *f, struct err *e)
{
	_cleanup_(board_done) struct board b = { 0 };
	_cleanup_(buf_done) struct buf text = { 0 };
	const struct plain_look look = { .most_rows = t->rows, .by = t->look.by };
	struct screen_process about = f->about;
	int r = board_build(&b, f->ledger, &t->look, e);

	if (r < 0)
		return r;
	about.age_seconds += about.age_seconds > 0 ? f->ledger->seconds - f->ledger->began : 0;
	(t->is_json ? plain_json : plain_block)(&text, &about, f->ledger, &b, &look);
	if (text.failed)
		return err_set(e, ENOMEM, "out of memory for a block");
	if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0)
		return err_sys(e, errno, "cannot write");
	f->blocks++;
	return 0;
}

/* A block for each tick. FEED_TOOK: there may be another at once. */
static int turn_plain(struct top *t, size_t i, struct err *e)
{
	struct feed *f = &t->feeds[i];
	int r = feed_turn(f, e);

	if (r == FEED_TOOK) {
		r = print(t, f, e);
		return r < 0 ? r : FEED_TOOK;
	}
	if (r == FEED_ENDED && t->count > 1) {
		struct err end;

		say_end(f, &end);
		fault_say(NULL, "%s", end.text);
	}
	return r < 0 ? r : 0;
}

static bool is_enough(const struct top *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->feeds[i].stream && (t->blocks == 0 || t->feeds[i].blocks < t->blocks))
			return false;
	return true;
}

int top_plain(struct top *t, struct err *e)
{
	bool quit = false;
	int r = 0;

	while (r == 0 && !quit) {
		bool more = false;

		for (size_t i = 0; r == 0 && i < t->count; i++) {
			r = turn_plain(t, i, e);
			more |= r == FEED_TOOK;
			if (r >= 0)
				r = feed_write_turn(&t->feeds[i], e);
		}
		if (r == 0 && all_ended(t))
			return gone(t, e);
		if (r == 0 && is_enough(t))
			return 0;
		if (r == 0)
			r = wait_for(t, false, more ? 0 : look_ms(t), &quit, e);
		if (r == 0)
			r = top_join(t, e);
	}
	return r;
}
