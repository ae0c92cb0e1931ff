/* A tree on a terminal: keys fold and unfold it. */
#include "report_fold_private.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/folder.h"
#include "memspy/screen.h"
#include "memspy/stage.h"
#include "signals_private.h"

static void outline_freep(struct outline **o)
{
	outline_free(*o);
}

static void folder_freep(struct folder **f)
{
	folder_free(*f);
}

static int draw(struct folder *f, struct canvas *c, struct err *e)
{
	int rows, columns, r;

	stage_size(&rows, &columns);
	if (rows != c->rows || columns != c->columns) {
		canvas_done(c);
		r = canvas_init(c, rows, columns, stage_has_unicode(), e);
		if (r < 0)
			return r;
	}
	folder_draw(f, c);
	stage_show(c, false);
	return 0;
}

static int loop(struct folder *f, int signals, struct err *e)
{
	_cleanup_(canvas_done) struct canvas c = { 0 };
	bool quit = false;
	int r = 0, key;

	while (r == 0 && !quit) {
		struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { signals, POLLIN, 0 } };

		r = draw(f, &c, e);
		if (r < 0)
			break;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot wait");
		if ((fds[1].revents && signals_next(signals)) || (fds[0].revents & (POLLHUP | POLLERR)))
			break;
		while (r == 0 && !quit && (key = stage_key()) != KEY_IS_NONE)
			r = folder_key(f, key, &quit, e);
	}
	return r;
}

int report_fold(const struct report *r, const char *title, struct err *e)
{
	_cleanup_(outline_freep) struct outline *o = NULL;
	_cleanup_(folder_freep) struct folder *f = NULL;
	int rows, columns, signals, code = outline_new(&o, r, e);

	if (code == 0)
		code = stage_open(e);
	if (code < 0)
		return code;
	signals = signals_catch(e);
	code = signals < 0 ? signals : 0;
	stage_size(&rows, &columns);
	if (code == 0)
		code = folder_new(&f, o, title, rows > 10 ? (size_t)rows - 6 : 4, e);
	if (code == 0)
		code = loop(f, signals, e);
	stage_close();
	return code;
}
