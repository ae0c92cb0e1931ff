/*
 * A recording whose session lives in this process.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "memspy/clock.h"
#include "memspy/privileges.h"
#include "fault_private.h"
#include "record_private.h"
#include "say_private.h"
#include "signals_private.h"

struct here {
	struct job *job;
	struct watch *watch; /* NULL: its end is behind us, and its children are recorded still */
	struct recorder *recorder;
};

/* Until the next beat, a signal, or the end of the target. */
static int wait_for(const struct here *h, bool *ret_signal)
{
	struct pollfd fds[2 + KIN_FDS] = { { h->job->signals, POLLIN, 0 }, { h->watch ? watch_fd(h->watch) : -1, POLLIN, 0 } };
	uint64_t now = clock_now_ns(), due = h->watch ? watch_due(h->watch) : UINT64_MAX, left;
	size_t count = 2;
	struct timespec t;

	if (h->job->kin) {
		count += kin_fds(h->job->kin, fds + 2);
		due = kin_due(h->job->kin) < due ? kin_due(h->job->kin) : due;
	}
	left = due > now ? due - now : 0;
	t = (struct timespec){ (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
	if (ppoll(fds, count, &t, NULL) < 0 && errno != EINTR)
		return -errno;
	*ret_signal = fds[0].revents != 0 && signals_next(h->job->signals) != 0;
	return 0;
}

static void close_watch(struct here *h)
{
	struct err late = { "" };
	int closed = watch_close(h->watch, "detached", &late);

	h->watch = NULL;
	if (closed < 0 && h->job->end != RECORDER_GONE)
		fault_say(NULL, "while detaching: %s", late.text);
}

/* The one that was asked for is gone, its children are not. */
static bool goes_on(struct here *h)
{
	if (!h->job->kin || h->job->end != RECORDER_GONE)
		return false;
	if (h->watch) {
		close_watch(h);
		kin_first_ended(h->job->kin);
		kin_turn(h->job->kin, clock_now_ns());
	}
	return !kin_is_over(h->job->kin);
}

static int drive(struct here *h, struct err *e)
{
	struct job *j = h->job;
	bool signal = false;
	int code = 0;

	while ((!j->ended && code == 0) || (j->ended && goes_on(h))) {
		if (wait_for(h, &signal) < 0)
			return err_sys(e, errno, "cannot wait");
		if (signal)
			break;
		if (h->watch)
			code = watch_turn(h->watch, clock_now_ns(), e);
		if (j->kin)
			kin_turn(j->kin, clock_now_ns());
	}
	/* It ends everything, also where the target went in the same moment and its children did not. */
	if (signal && h->watch && !j->ended)
		watch_record_end(h->watch, h->recorder, "interrupted");
	if (j->kin)
		kin_end(j->kin, signal ? "interrupted" : h->watch ? j->why : "ended with the others");
	return j->ended ? 0 : code; /* what ended it was told */
}

static void say_attached_here(const struct job *j, const struct watch *w)
{
	struct recording_about about = { 0 };
	struct session_facts facts;

	watch_about(w, &about);
	watch_facts(w, &facts);
	say_attached_to(j->pid, about.name ? about.name : "", about.python ? about.python : "", &facts, j->verbose);
}

int record_watch(struct job *j, struct watch *w, struct err *e)
{
	struct here h = { .job = j, .watch = w };
	int r = output_open(&j->output, e);

	privileges_keep(j->follow ? PRIVILEGES_ATTACH : PRIVILEGES_LOOK);
	say_attached_here(j, w);
	if (!r)
		r = watch_record(w, &h.recorder, j->output.fd, &j->recorder, record_tell, j, e);
	if (!r && j->follow)
		r = kin_new(&j->kin, j, w, e);
	if (!r) {
		j->output.fd = -1; /* the writer's now */
		r = drive(&h, e);
	}
	if (h.watch)
		close_watch(&h);
	if (!r)
		r = record_close(j, e);
	kin_free(j->kin);
	j->kin = NULL;
	return r;
}

int record_here(struct job *j, struct err *e)
{
	struct watch *w;
	int r = watch_open(&w, &session_live, j->pid, &j->session, e);

	return r ? r : record_watch(j, w, e);
}
