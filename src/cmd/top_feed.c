/*
 * One process that top looks at: its session in the daemon, and what comes of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/watch.h"
#include "say_private.h"
#include "stream_private.h"
#include "top_private.h"

enum { ATTEMPTS = 3 };
#define STREAM_MOST (4 << 20) /* then it begins anew: what is in it has been read */
enum { STREAM_FIRSTS = 4 };   /* but not before it has so many times what its first tick took, which names everything */

double top_seconds(void)
{
	return (double)clock_now_ns() / 1e9;
}

/* ---- the session ---- */

static json_t *attach_request(pid_t pid, const struct session_options *o)
{
	return json_pack("{s:s, s:i, s:I, s:i, s:I, s:i, s:f, s:s, s:b}", "op", "attach", "pid", (int)pid, "sample_bytes",
			 (json_int_t)o->sample_bytes, "domains", (int)o->domains, "table_bytes", (json_int_t)o->table_bytes,
			 "inject", (int)o->inject, "interval", o->interval_s, "hold", "shared", "follow", (int)(o->places > 0));
}

/* 0: it is ours; -EALREADY: it was there. A daemon that was just leaving is asked anew. */
static int attach(struct feed *f, const struct session_options *o, struct err *e)
{
	int r = READ_GONE;

	for (int i = 0; i < ATTEMPTS && r == READ_GONE; i++) {
		json_t *answer = NULL;

		r = client_new(&f->hold, true, e);
		if (r == 0)
			r = client_call(f->hold, attach_request(f->pid, o), &answer, e);
		json_decref(answer);
		if (r != 0) {
			client_free(f->hold);
			f->hold = NULL;
		}
	}
	f->is_ours = r == 0;
	return r == READ_GONE ? -ECONNRESET : r;
}

/* ---- the stream ---- */

static void end_stream(struct feed *f)
{
	series_free(f->series);
	client_free(f->stream);
	closep(&f->fd);
	f->series = NULL;
	f->stream = NULL;
	f->fd = -1;
}

static int begin_stream(struct feed *f, struct err *e)
{
	char path[32];
	int r;

	f->fd = memfd_create("memspy-top", MFD_CLOEXEC);
	if (f->fd < 0)
		return err_sys(e, errno, "cannot get memory for what is seen");
	r = stream_open(&f->stream, f->pid, f->interval_s, 0, f->fd, e);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	if (r == 0)
		r = series_open(&f->series, path, e);
	f->base_seconds = top_seconds(); /* its first tick was just taken */
	f->first_bytes = 0;
	f->is_long = false;
	if (r < 0)
		end_stream(f);
	return r;
}

static double age_of(uint64_t start_ns)
{
	struct timespec now;

	if (start_ns == 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 0;
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)start_ns / 1e9;
}

static int take_about(struct feed *f, struct err *e)
{
	const struct recording_about *about = series_about(f->series);

	f->about = (struct screen_process){
		.pid = f->pid, .name = strdup(about->name), .python = strdup(about->python),
		.age_seconds = age_of(about->start_time_ns), .rss_before = about->rss_at_attach,
		.memory_limit = about->memory_limit, .stays = !f->is_ours,
	};
	return f->about.name && f->about.python ? 0 : err_set(e, ENOMEM, "out of memory");
}

int feed_open(struct feed *f, pid_t pid, const struct session_options *o, bool has_options, struct err *e)
{
	int r = -ENOENT;

	*f = (struct feed){ .pid = pid, .interval_s = o->interval_s, .fd = -1 };
	/* A session of somebody else's may end, or never come to be, before we look through it. */
	for (int i = 0; i < ATTEMPTS && r == -ENOENT && !f->is_ours; i++) {
		r = attach(f, o, e);
		if (r == -EALREADY && has_options)
			return args_wrong(e, "%d is attached already, with settings of its own; leave out yours, or detach it first", pid);
		if (r == 0 || r == -EALREADY)
			r = begin_stream(f, e);
	}
	return r == 0 ? take_about(f, e) : r;
}

int feed_join(struct feed *f, pid_t pid, const struct session_options *o, struct err *e)
{
	int r;

	*f = (struct feed){ .pid = pid, .interval_s = o->interval_s, .fd = -1 };
	r = begin_stream(f, e);
	return r == 0 ? take_about(f, e) : r;
}

/* The next tick of what was written. */
static int read_tick(struct feed *f, struct err *e)
{
	int r = series_next(f->series, e);

	if (r == SERIES_END) {
		r = series_more(f->series, e);
		if (r == 0)
			r = series_next(f->series, e);
	}
	if (r != 0)
		return r < 0 ? r : FEED_QUIET;
	r = ledger_take(f->ledger, series_names(f->series), series_sample(f->series), f->base_seconds + series_seconds(f->series), e);
	return r < 0 ? r : FEED_TOOK;
}

/* "target killed by signal 9" without its first word */
static void take_end(struct feed *f, const json_t *line)
{
	const char *why = say_text(line, "why");

	f->is_gone = json_integer_value(json_object_get(line, "end")) == RECORDER_GONE;
	if (strncmp(why, "target ", 7) == 0)
		why += 7;
	snprintf(f->how, sizeof(f->how), "%s", strcmp(why, "went away") == 0 ? "" : why);
}

/*
 * The stream has become long: a new one begins, with all that is live in its first tick. When that cannot be (the process is
 * just going away) the old one goes on, and says so.
 */
static void begin_anew(struct feed *f)
{
	struct feed fresh = *f;
	struct err ignored = { "" };

	if (begin_stream(&fresh, &ignored) < 0)
		return;
	end_stream(f);
	ledger_source(f->ledger);
	*f = fresh;
}

static bool is_full(struct feed *f, const json_t *progress)
{
	uint64_t bytes = (uint64_t)json_integer_value(json_object_get(progress, "bytes"));

	if (!f->first_bytes && json_integer_value(json_object_get(progress, "ticks")) > 0)
		f->first_bytes = bytes;
	return bytes > STREAM_MOST && bytes > STREAM_FIRSTS * f->first_bytes;
}

/* What the daemon says of the stream. */
static int read_lines(struct feed *f, struct err *e)
{
	json_t *line;
	int r = 0;

	while (!f->has_end && (r = client_next(f->stream, &line, 0, e)) == 0) {
		f->is_long |= is_full(f, json_object_get(line, "progress"));
		f->has_end = json_object_get(line, "end") != NULL;
		if (f->has_end)
			take_end(f, line);
		json_decref(line);
	}
	if (r == 0 || r == CLIENT_AGAIN)
		return 0;
	return r < 0 ? r : err_set(e, ECONNRESET, "the memspy daemon went away");
}

int feed_turn(struct feed *f, struct err *e)
{
	int r, more;

	if (!f->stream)
		return FEED_QUIET;
	r = read_lines(f, e);
	if (r == 0)
		r = read_tick(f, e);
	/* Who asks for them is slower than they come: what is in between is passed over, and its memory given back. */
	for (more = r; f->is_long && more == FEED_TOOK; r = more < 0 ? more : FEED_TOOK)
		more = read_tick(f, e);
	if (r >= 0 && f->is_long && !f->has_end)
		begin_anew(f);
	if (r != FEED_QUIET || !f->has_end)
		return r;
	client_free(f->stream);
	f->stream = NULL;
	return FEED_ENDED;
}

int feed_close(struct feed *f, struct err *e)
{
	json_t *answer = NULL;
	int r = 0;

	if ((f->hold || f->series) && !f->is_gone)
		r = client_once(json_pack("{s:s, s:i}", "op", "leave", "pid", (int)f->pid), false, &answer, e);
	f->stays = json_is_true(json_object_get(answer, "stays"));
	json_decref(answer);
	if (r == CLIENT_NONE || r == -ENOENT) /* somebody detached it: nothing is left to end */
		r = 0;
	end_stream(f);
	client_free(f->hold);
	free((char *)f->about.name);
	free((char *)f->about.python);
	f->hold = NULL;
	f->about = (struct screen_process){ 0 };
	return r;
}
