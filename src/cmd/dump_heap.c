/*
 * The heap of an attached process at one moment: the daemon records it into memory, and that is told as a report.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dump_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/command.h"
#include "memspy/format.h"
#include "memspy/terminal.h"
#include "say_private.h"
#include "stream_private.h"

/* Until the first moment is written, and then well to its end. */
static int wait_for_one(struct client *c, struct err *e)
{
	const uint64_t deadline_ns = clock_now_ns() + STREAM_ANSWER_MS * 1000000ull;
	bool finishing = false, ended = false;

	while (!ended) {
		json_t *line;
		int r = clock_now_ns() < deadline_ns ? client_next(c, &line, STREAM_ANSWER_MS, e) : CLIENT_AGAIN;

		if (r == CLIENT_AGAIN)
			return err_set(e, ETIMEDOUT, "the memspy daemon does not answer");
		if (r)
			return r < 0 ? r : err_set(e, ECONNRESET, "the memspy daemon went away");
		ended = json_object_get(line, "end") != NULL;
		if (!finishing && json_integer_value(json_object_get(json_object_get(line, "progress"), "ticks")) > 0) {
			client_finish(c);
			finishing = true;
		}
		json_decref(line);
	}
	return 0;
}

static int take(pid_t pid, int fd, struct err *e)
{
	struct client *c = NULL;
	int r = stream_open(&c, pid, 1, 0, fd, e);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "%d is not attached, and a heap is seen from then on: memspy attach --pid %d first", pid,
			       pid);
	if (r == 0)
		r = wait_for_one(c, e);
	client_free(c);
	return r;
}

static int tell(const char *path, bool json, struct buf *to, struct err *e)
{
	const struct report_ask ask = { .view = VIEW_LIVE, .by = BY_LINE };
	const struct report_look look = { .most_rows = 20, .width = terminal_columns(STDOUT_FILENO) };
	struct report *report = NULL;
	int r = report_new(&report, path, &ask, e);

	if (r == 0)
		r = (json ? report_json : report_table)(report, &look, to, e);
	report_free(report);
	return r < 0 ? r : to->failed ? err_set(e, ENOMEM, "out of memory for the heap") : 0;
}

int dump_heap(pid_t pid, bool json, struct err *e)
{
	_cleanup_(closep) int fd = memfd_create("memspy-heap", MFD_CLOEXEC);
	_cleanup_(buf_done) struct buf text = { 0 };
	char path[32];
	int r = fd < 0 ? err_sys(e, errno, "cannot get memory for the heap") : take(pid, fd, e);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (r == 0)
		r = tell(path, json, &text, e);
	if (r == 0 && (fputs(text.data, stdout) < 0 || fflush(stdout)))
		return err_sys(e, errno ? errno : EIO, "cannot write the heap");
	return r;
}
