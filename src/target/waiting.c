#include "waiting.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "memspy/remote.h"

enum { SPIN_NS = 60000, MS = 1000000 };

void waiting_begin(struct waiting *w)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &w->signals);
	w->policy = sched_getscheduler(0);
	w->hurried = false;
}

/*
 * Two ways to wait for a stop, measured on two cores. Where a core is free, looking again and again and stepping aside
 * each time (sched_yield) sees it after 15 µs, sleeping after 60. Where none is free, each of our turns would wait for a
 * time slice of others: there we sleep, with a priority that puts us on as soon as the thread has stopped. So the first
 * is tried until it takes too long once, then the second. It needs a right that root has; without it the hold is longer.
 */
static void hurry(struct waiting *w)
{
	struct sched_param first = { .sched_priority = 1 };

	if (!w->hurried && w->policy == SCHED_OTHER)
		sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
	w->hurried = true;
}

void waiting_end(struct waiting *w)
{
	struct sched_param plain = { 0 };

	if (w->hurried && w->policy == SCHED_OTHER)
		sched_setscheduler(0, w->policy, &plain);
	w->hurried = false;
	/* We may have eaten the SIGCHLD of another child: whoever waits for one looks again. */
	if (sigismember(&w->signals, SIGCHLD))
		kill(getpid(), SIGCHLD);
	sigprocmask(SIG_SETMASK, &w->signals, NULL);
}

int waiting_for_stop(struct waiting *w, pid_t tid, uint64_t limit_ns, int *ret_status, struct err *e)
{
	uint64_t start = clock_now_ns();
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t got = waitpid(tid, ret_status, __WALL | WNOHANG);
		uint64_t passed = clock_now_ns() - start;
		struct timespec left;

		if (got < 0 && errno != EINTR)
			return errno == ECHILD ? READ_GONE : err_sys(e, errno, "cannot wait for thread %d", tid);
		if (got == tid)
			return WIFSTOPPED(*ret_status) ? 0 : READ_GONE;
		if (passed > limit_ns)
			return err_set(e, ETIMEDOUT, "thread %d did not stop within %u ms", tid,
				       (unsigned)(limit_ns / MS));
		if (passed < SPIN_NS && !w->hurried) {
			sched_yield();
			continue;
		}
		hurry(w);
		left = (struct timespec){ (time_t)((limit_ns - passed) / 1000000000u), (long)((limit_ns - passed) % 1000000000u) };
		sigtimedwait(&child, NULL, &left);
	}
}

