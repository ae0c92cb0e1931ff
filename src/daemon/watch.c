#include "memspy/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/ending.h"
#include "watch_private.h"

enum { FAULTS_IN_A_ROW = 3, RETRY_NS = 20000000 };

struct watch {
	const struct session_ops *ops;
	struct session *session;
	struct session_options options;
	pid_t pid;
	struct ending end;
	uint64_t start_ns, due_ns;
	uint64_t first_rss_bytes, ticks;
	struct sample last;
	bool has_last;
	unsigned faults;
	struct recorder *recorders;
};

int watch_open(struct watch **ret, const struct session_ops *ops, pid_t pid, const struct session_options *o,
	       struct err *e)
{
	return watch_open_child(ret, ops, pid, NULL, 0, o, e);
}

int watch_open_child(struct watch **ret, const struct session_ops *ops, pid_t pid, const struct family *family, unsigned place,
		     const struct session_options *o, struct err *e)
{
	_cleanup_(freep) struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(e, ENOMEM, "out of memory");
	r = ending_watch(&w->end, pid, e);
	if (r)
		return r;
	r = place ? ops->open_child(&w->session, pid, family, place, o, e) : ops->open(&w->session, pid, o, e);
	if (r) {
		ending_unwatch(&w->end);
		return r;
	}
	w->ops = ops;
	w->options = *o;
	w->pid = pid;
	w->start_ns = w->due_ns = clock_now_ns();
	*ret = TAKE(w);
	return 0;
}

static void sweep(struct watch *w)
{
	struct recorder **at = &w->recorders;

	while (*at) {
		struct recorder *r = *at;

		if (r->ended) {
			*at = r->next;
			recorder_free(r);
		} else {
			at = &r->next;
		}
	}
}

static void end_all(struct watch *w, enum recorder_end end, const char *why)
{
	for (struct recorder *r = w->recorders; r; r = r->next)
		recorder_end(r, end, why);
	sweep(w);
}

static bool is_gone(const struct watch *w)
{
	struct pollfd p = { .fd = w->end.fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void hand_out(struct watch *w, struct sample *s)
{
	sample_done(&w->last);
	w->last = *s;
	if (!w->has_last)
		w->first_rss_bytes = s->memory.rss;
	w->has_last = true;
	w->ticks++;
}

/* One tick of the session for everybody who is due: a read of the table is the expensive part. */
static int take(struct watch *w, uint64_t now, bool everybody, struct err *e)
{
	struct sample s = { 0 };
	int r = w->ops->tick(w->session, &s, e);

	if (r < 0 || r == READ_TORN || (r == READ_GONE && !s.has_heap)) {
		sample_done(&s);
		return r;
	}
	hand_out(w, &s);
	for (struct recorder *p = w->recorders; p; p = p->next)
		if (everybody || r == READ_GONE || p->due_ns <= now)
			recorder_take(p, &w->last, w->ops->names(w->session));
	sweep(w);
	return r;
}

static int gone(struct watch *w, struct err *e)
{
	char how[ENDING_WORDS], why[ENDING_WORDS + 16];

	ending_describe(&w->end, how);
	snprintf(why, sizeof(why), "target %s", how[0] ? how : "went away");
	end_all(w, RECORDER_GONE, why);
	err_set(e, ESRCH, "%d went away%s%s%s", w->pid, how[0] ? " (" : "", how, how[0] ? ")" : "");
	return READ_GONE;
}

/* A look that gave nothing (torn, a fault) is tried again soon, but not at once: that could go on for ever. */
static void schedule(struct watch *w, uint64_t now)
{
	w->due_ns = now + (uint64_t)(w->options.interval_s * 1e9);
	for (struct recorder *r = w->recorders; r; r = r->next)
		if (r->due_ns < w->due_ns)
			w->due_ns = r->due_ns;
	if (w->due_ns <= now)
		w->due_ns = now + RETRY_NS;
}

int watch_turn(struct watch *w, uint64_t now, struct err *e)
{
	bool dead = is_gone(w);
	int r;

	if (!dead && now < w->due_ns)
		return 0;
	r = take(w, now, dead, e); /* of a dead one, too: the table outlives it */
	if (dead || r == READ_GONE)
		return gone(w, e);
	w->faults = r < 0 ? w->faults + 1 : 0;
	if (w->faults >= FAULTS_IN_A_ROW) {
		end_all(w, RECORDER_FAILED, e->text);
		return r;
	}
	schedule(w, clock_now_ns());
	return 0;
}

int watch_close(struct watch *w, const char *why, struct err *e)
{
	int r;

	if (!w)
		return 0;
	if (w->recorders)
		take(w, 0, true, e); /* what happened since the last beat */
	end_all(w, RECORDER_DONE, why);
	r = w->ops->close(w->session, e);
	sample_done(&w->last);
	ending_unwatch(&w->end);
	free(w);
	return r;
}

int watch_record(struct watch *w, struct recorder **ret, int fd, const struct recorder_options *o, recorder_tell *tell,
		 void *own, struct err *e)
{
	struct recording_about about = { 0 };
	struct recorder *r;
	int code;

	w->ops->about(w->session, &about);
	about.interval_s = o->interval_s;
	about.wall_ns = clock_wall_ns();
	code = recorder_new(&r, fd, &about, o, e);
	if (code)
		return code;
	r->tell = tell;
	r->own = own;
	r->next = w->recorders;
	w->recorders = r;
	w->due_ns = 0; /* its first tick is now */
	*ret = r;
	return 0;
}

void watch_record_end(struct watch *w, struct recorder *r, const char *why)
{
	struct err e = { "" };

	r->due_ns = 0;
	if (take(w, 0, false, &e) == READ_GONE) { /* may free r */
		gone(w, &e);
		return;
	}
	for (struct recorder *p = w->recorders; p; p = p->next)
		if (p == r)
			recorder_end(r, RECORDER_DONE, why);
	sweep(w);
}

pid_t watch_pid(const struct watch *w)
{
	return w->pid;
}

int watch_fd(const struct watch *w)
{
	return w->end.fd;
}

uint64_t watch_due(const struct watch *w)
{
	return w->due_ns;
}

void watch_about(const struct watch *w, struct recording_about *ret)
{
	w->ops->about(w->session, ret);
}

void watch_facts(const struct watch *w, struct session_facts *ret)
{
	*ret = (struct session_facts){ .way = "" };
	if (w->ops->facts)
		w->ops->facts(w->session, ret);
}

const struct session_options *watch_options(const struct watch *w)
{
	return &w->options;
}

void watch_progress(const struct watch *w, struct progress *ret)
{
	*ret = (struct progress){ .elapsed_s = (double)(clock_now_ns() - w->start_ns) / 1e9, .ticks = w->ticks };
	if (!w->has_last)
		return;
	progress_of(ret, &w->last);
	if (ret->elapsed_s > 0)
		ret->rss_per_minute = ((double)w->last.memory.rss - (double)w->first_rss_bytes) / (ret->elapsed_s / 60);
}

const struct sample *watch_last(const struct watch *w)
{
	return w->has_last ? &w->last : NULL;
}

const struct names *watch_names(const struct watch *w)
{
	return w->ops->names(w->session);
}

struct family *watch_family(const struct watch *w)
{
	return w->ops->family ? w->ops->family(w->session) : NULL;
}

unsigned watch_recordings(const struct watch *w)
{
	unsigned count = 0;

	for (const struct recorder *r = w->recorders; r; r = r->next)
		count++;
	return count;
}
