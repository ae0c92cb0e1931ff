#include "waiting.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "memspy/remote.h"

enum { SPIN_NS = 500000, MS = 1000000 };

/* More that want to run than there are cores, ourselves counted in. */
static bool cores_are_busy(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	unsigned running = 0;

	if (f) {
		if (fscanf(f, "%*f %*f %*f %u/", &running) != 1)
			running = 0;
		fclose(f);
	}
	return running > (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * Two ways to wait for a stop, measured on two cores: where a core is free, looking again and again and stepping aside
 * each time (sched_yield) sees it after 15 µs, and sleeping after 60. Where none is free, each of our turns would wait
 * for a time slice of others: there we sleep, with a priority that puts us on as soon as the thread has stopped. That
 * needs a right that root has; without it the hold is longer, that is all.
 */
void waiting_begin(struct waiting *w)
{
	struct sched_param first = { .sched_priority = 1 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &w->signals);
	w->policy = sched_getscheduler(0);
	w->hurried = w->policy == SCHED_OTHER && cores_are_busy() &&
		     sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
}

void waiting_end(struct waiting *w)
{
	struct sched_param plain = { 0 };

	if (w->hurried)
		sched_setscheduler(0, w->policy, &plain);
	w->hurried = false;
	/* We may have eaten the SIGCHLD of another child: whoever waits for one looks again. */
	if (sigismember(&w->signals, SIGCHLD))
		kill(getpid(), SIGCHLD);
	sigprocmask(SIG_SETMASK, &w->signals, NULL);
}

int waiting_for_stop(const struct waiting *w, pid_t tid, uint64_t limit_ns, int *ret_status, struct err *e)
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
		left = (struct timespec){ (time_t)((limit_ns - passed) / 1000000000u), (long)((limit_ns - passed) % 1000000000u) };
		sigtimedwait(&child, NULL, &left);
	}
}

