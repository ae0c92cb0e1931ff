/*
 * A recording of a program from its beginning to its end: we start it, and it keeps our terminal and pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "record_private.h"
#include "signals_private.h"

#define STEP_NS 2000000u       /* between two looks whether the interpreter is up */
#define UP_NS 10000000000u     /* it must be up by then */
#define PYTHON_NS 2000000000u  /* a shell or env in front of it must have made way by then */

/*
 * The program stands still for a moment when its interpreter is up (stop_at_start). Should we be killed just then, the
 * kernel lets it go on; the request survives the exec. A program that runs does not notice.
 */
static void go_on_without_us(pid_t us)
{
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	if (getppid() != us) /* already */
		prctl(PR_SET_PDEATHSIG, 0);
}

static int start(char *const program[], pid_t *ret, struct err *e)
{
	const pid_t us = getpid();
	_cleanup_(closep) int told = -1;
	int pipes[2], failed = 0;
	pid_t child;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	child = fork();
	if (child == 0) {
		go_on_without_us(us);
		signals_restore();
		execvp(program[0], program);
		failed = errno;
		_exit(write(pipes[1], &failed, sizeof(failed)) == sizeof(failed) ? 127 : 126);
	}
	close(pipes[1]);
	told = pipes[0];
	if (child < 0)
		return err_sys(e, errno, "cannot start %s", program[0]);
	/* The pipe closes with the exec: from then on it is the program that we look at. */
	if (read(told, &failed, sizeof(failed)) == sizeof(failed)) {
		waitpid(child, NULL, 0);
		return err_hint(e, err_sys(e, failed, "cannot start %s", program[0]), "write its whole path, or python3 before a script");
	}
	*ret = child;
	return 0;
}

static bool has_ended(pid_t child, siginfo_t *ret)
{
	*ret = (siginfo_t){ 0 };
	return waitid(P_PID, (id_t)child, ret, WEXITED | WNOHANG | WNOWAIT) == 0 && ret->si_pid == child;
}

/* Attaches as soon as there is an interpreter to attach to. */
static int attach(struct job *j, struct watch **ret, const char *name, struct err *e)
{
	uint64_t begin = clock_now_ns();

	for (;;) {
		struct err tried = { "" };
		int r = watch_open(ret, &session_live, j->pid, &j->session, &tried);
		uint64_t waited = clock_now_ns() - begin;
		siginfo_t end;
		bool pointless = r == -EPERM || r == -EACCES || r == -ENOSYS;

		if (r == 0)
			return 0;
		if (has_ended(j->pid, &end))
			return err_set(e, ESRCH, "%s ended (%s %d) before anything could be recorded; what can be is a CPython that runs", name,
				       end.si_code == CLD_EXITED ? "status" : "signal", end.si_status);
		if (pointless || waited > (r == -EAGAIN ? UP_NS : PYTHON_NS))
			return err_set(e, -r, "%s", tried.text);
		if (signals_next(j->signals))
			return err_set(e, EINTR, "interrupted before anything could be recorded");
		clock_sleep_until(clock_now_ns() + STEP_NS);
	}
}

/* Waits for the program; signals that come to us meanwhile are passed on. */
static int wait_for(pid_t child, int signals)
{
	for (;;) {
		int status, signal = signals_next(signals);

		if (waitpid(child, &status, WNOHANG) != 0)
			return status;
		/* Ctrl-C reaches it through the terminal already. */
		if (signal && signal != SIGINT)
			kill(child, signal);
		clock_sleep_until(clock_now_ns() + 10 * STEP_NS);
	}
}

int record_program(struct job *j, char *const program[], struct err *e)
{
	struct watch *w;
	bool stopped;
	int r = start(program, &j->pid, e);

	if (r)
		return r;
	j->is_program = true;
	stopped = session_live.stop_at_start && session_live.stop_at_start(j->pid, PYTHON_NS);
	r = attach(j, &w, program[0], e);
	if (stopped)
		kill(j->pid, SIGCONT);
	if (!r)
		r = record_watch(j, w, e);
	if (r < 0 && !j->last.ticks)
		kill(j->pid, SIGTERM); /* it was started to be recorded */
	wait_for(j->pid, j->signals);
	return r;
}
