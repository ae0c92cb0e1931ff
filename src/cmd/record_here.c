/*
 * A recording whose session lives in this process.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "memspy/clock.h"
#include "memspy/privileges.h"
#include "record_private.h"
#include "say_private.h"
#include "signals_private.h"

/* Until the next beat, a signal, or the end of the target. */
static int wait_for(const struct job *j, const struct watch *w, bool *ret_signal)
{
	struct pollfd fds[] = { { j->signals, POLLIN, 0 }, { watch_fd(w), POLLIN, 0 } };
	uint64_t now = clock_now_ns(), due = watch_due(w), left = due > now ? due - now : 0;
	struct timespec t = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };

	if (ppoll(fds, 2, &t, NULL) < 0 && errno != EINTR)
		return -errno;
	*ret_signal = fds[0].revents != 0 && signals_next(j->signals) != 0;
	return 0;
}

static int drive(struct job *j, struct watch *w, struct recorder *r, struct err *e)
{
	int code = 0;

	while (!j->ended && code == 0) {
		bool signal = false;

		if (wait_for(j, w, &signal) < 0)
			return err_sys(e, errno, "cannot wait");
		if (signal)
			watch_record_end(w, r, "interrupted");
		else
			code = watch_turn(w, clock_now_ns(), e);
	}
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
	struct recorder *recorder;
	struct err late = { "" };
	int r = output_open(&j->output, e), closed;

	privileges_keep(PRIVILEGES_LOOK);
	say_attached_here(j, w);
	if (!r)
		r = watch_record(w, &recorder, j->output.fd, &j->recorder, record_tell, j, e);
	if (!r) {
		j->output.fd = -1; /* the writer's now */
		r = drive(j, w, recorder, e);
	}
	closed = watch_close(w, "detached", &late);
	if (closed < 0 && j->end != RECORDER_GONE)
		fprintf(stderr, "memspy: while detaching: %s\n", late.text);
	if (!r)
		r = record_close(j, e);
	return r;
}

int record_here(struct job *j, struct err *e)
{
	struct watch *w;
	int r = watch_open(&w, &session_live, j->pid, &j->session, e);

	return r ? r : record_watch(j, w, e);
}
