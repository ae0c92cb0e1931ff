/*
 * The recording that a person asks top for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/watch.h"
#include "say_private.h"
#include "stream_private.h"
#include "top_private.h"

enum { NAMES_MOST = 100 };
#define FILE_MOST (256u << 20)

static int create(struct feed *f, const char *path, bool force, int *ret_fd, struct err *e)
{
	int r = -EEXIST;

	if (path) {
		f->path = strdup(path);
		return f->path ? recording_create(path, force, ret_fd, e) : err_set(e, ENOMEM, "out of memory");
	}
	for (int i = 0; i < NAMES_MOST && r == -EEXIST; i++) {
		free(f->path);
		if ((i ? asprintf(&f->path, "memspy.%d-%d.json", f->pid, i) : asprintf(&f->path, "memspy.%d.json", f->pid)) < 0) {
			f->path = NULL;
			return err_set(e, ENOMEM, "out of memory");
		}
		r = recording_create(f->path, false, ret_fd, e);
	}
	return r;
}

static void forget_file(struct feed *f)
{
	client_free(f->writer);
	free(f->path);
	f->writer = NULL;
	f->path = NULL;
}

int feed_write(struct feed *f, const char *path, bool force, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	int r = create(f, path, force, &fd, e);

	if (r == 0)
		r = stream_open(&f->writer, f->pid, f->interval_s, FILE_MOST, fd, e);
	if (r < 0 && fd >= 0)
		unlink(f->path);
	if (r < 0)
		forget_file(f);
	f->written_s = 0;
	f->written_bytes = f->written_ticks = 0;
	return r;
}

/* 1: that was the last of it. */
static int take_progress(struct feed *f, const json_t *line, struct err *e)
{
	const json_t *p = json_object_get(line, "progress"), *end = json_object_get(line, "end");

	f->written_s = json_number_value(json_object_get(p, "elapsed"));
	f->written_bytes = (uint64_t)json_integer_value(json_object_get(p, "bytes"));
	f->written_ticks = (uint64_t)json_integer_value(json_object_get(p, "ticks"));
	if (end && json_integer_value(end) == RECORDER_FAILED)
		return err_set(e, EIO, "%s: %s", f->path, say_text(line, "why"));
	return end != NULL;
}

static int follow(struct feed *f, int timeout_ms, struct err *e)
{
	for (;;) {
		json_t *line;
		int r = client_next(f->writer, &line, timeout_ms, e);

		if (r)
			return r == CLIENT_AGAIN ? 0 : r < 0 ? r : err_set(e, ECONNRESET, "the memspy daemon went away");
		r = take_progress(f, line, e);
		json_decref(line);
		if (r)
			return r;
	}
}

int feed_write_turn(struct feed *f, struct err *e)
{
	int r = f->writer ? follow(f, 0, e) : 0;

	if (r != 0)
		forget_file(f);
	return r < 0 ? r : 0;
}

int feed_write_end(struct feed *f, struct buf *said, struct err *e)
{
	int r;

	client_finish(f->writer);
	r = follow(f, STREAM_ANSWER_MS, e);
	if (r >= 0)
		buf_printf(said, "%s holds %llu ticks; next: memspy report %s", f->path,
			   (unsigned long long)f->written_ticks, f->path);
	forget_file(f);
	return r < 0 ? r : 0;
}
