#include "waiting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/remote.h"

enum { SPIN_NS = 60000, SLEEP_NS = 1000000, MS = 1000000 };

/* The core of a thread that sleeps; -1 for one that runs, or that cannot be seen. */
static int core_of_sleeper(pid_t pid, pid_t tid)
{
	char path[64], line[1024];
	_cleanup_(fclosep) FILE *f = NULL;
	const char *at;
	int core;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return -1;
	at = strrchr(line, ')');
	if (!at || strncmp(at, ") R", 3) == 0)
		return -1;
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%d", &core) == 1 && core >= 0 && core < CPU_SETSIZE ? core : -1;
}

/*
 * A thread that sleeps wakes where it slept. On that core we would be in its way, and each of its stops would move one
 * of us to another core, which has to be woken, too: a stop costs 35 µs then instead of 12, measured on two cores.
 */
static void step_aside(struct waiting *w, int core)
{
	cpu_set_t others;

	w->aside = false;
	if (core < 0 || sched_getaffinity(0, sizeof(w->cores), &w->cores) < 0)
		return;
	others = w->cores;
	CPU_CLR(core, &others);
	w->aside = CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof(others), &others) == 0;
}

/* Of all processes, as the kernel counts them now; we are one of them. */
static bool more_work_than_cores(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/loadavg", "re");
	unsigned running = 0;

	return f && fscanf(f, "%*s %*s %*s %u/", &running) == 1 && running > (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * We and the thread go in front of all that has no real-time priority. It needs a right that root has; without it each of
 * our turns may wait for a time slice of others, and the hold is longer.
 */
static void go_first(struct waiting *w, pid_t tid)
{
	struct sched_param first = { .sched_priority = 1 };

	if (w->first || w->policy != SCHED_OTHER)
		return;
	w->first = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
	w->boost = w->first ? boost_begin(tid) : NULL;
}

void waiting_begin(struct waiting *w, pid_t pid, pid_t tid)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &w->signals);
	w->policy = sched_getscheduler(0);
	w->first = false;
	w->sleeps = false;
	w->boost = NULL;
	step_aside(w, core_of_sleeper(pid, tid));
	if (more_work_than_cores())
		go_first(w, tid);
}

void waiting_end(struct waiting *w)
{
	struct sched_param plain = { 0 };

	boost_end(w->boost);
	w->boost = NULL;
	if (w->first)
		sched_setscheduler(0, w->policy, &plain);
	w->first = false;
	if (w->aside)
		sched_setaffinity(0, sizeof(w->cores), &w->cores);
	w->aside = false;
	/* We may have eaten the SIGCHLD of another child: whoever waits for one looks again. */
	if (sigismember(&w->signals, SIGCHLD))
		kill(getpid(), SIGCHLD);
	sigprocmask(SIG_SETMASK, &w->signals, NULL);
}

/*
 * Where a core is free for the thread, looking again and again, and stepping aside for others each time, sees a stop after
 * 15 µs, sleeping after 60; a priority from the beginning made some stops there take milliseconds. Where none is free,
 * stepping aside costs time slices: there we have the priority from the beginning. Once it took too long the thread may
 * want the very core that we look from: we sleep from then on, with the priority, and are woken as it stops.
 */
int waiting_for_stop(struct waiting *w, pid_t tid, uint64_t limit_ns, int *ret_status, struct err *e)
{
	uint64_t start = clock_now_ns();
	const struct timespec soon = { 0, SLEEP_NS };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t got = waitpid(tid, ret_status, __WALL | WNOHANG);
		uint64_t passed = clock_now_ns() - start;

		if (got < 0 && errno != EINTR)
			return errno == ECHILD ? READ_GONE : err_sys(e, errno, "cannot wait for thread %d", tid);
		if (got == tid)
			return WIFSTOPPED(*ret_status) ? 0 : READ_GONE;
		if (passed > limit_ns)
			return err_set(e, ETIMEDOUT, "thread %d did not stop within %u ms", tid,
				       (unsigned)(limit_ns / MS));
		if (passed < SPIN_NS && !w->sleeps) {
			if (!w->first)
				sched_yield();
			continue;
		}
		w->sleeps = true;
		go_first(w, tid);
		/* Another thread of ours may be given the signal, and drop it: we look again soon. */
		sigtimedwait(&child, NULL, &soon);
	}
}

