/*
 * A thread that waits, stopped, with system calls made in its name: a signal that comes meanwhile ends its wait as
 * if nobody had been there, without one the wait goes on, a SIGSTOP stops it in the end, and its own signal mask is back.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "memspy/maps.h"
#include "memspy/remote.h"
#include "memspy/tracee.h"

#define MS 1000000u

static void nothing(int signal)
{
	(void)signal;
}

static int in_pause(void)
{
	return pause();
}

static int in_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(0), &event, 1, -1);
}

static int in_nanosleep(void)
{
	return nanosleep(&(struct timespec){ .tv_sec = 1000 }, NULL);
}

/* 0 when its wait was ended by a signal. */
static pid_t start(int (*wait_in)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = nothing }, NULL); /* no SA_RESTART */
	_exit(wait_in() == -1 && errno == EINTR ? 0 : 1);
}

static int visit(pid_t pid, int signal)
{
	struct gadgets gadgets;
	struct remote *remote;
	struct tracee *t;
	struct maps *maps;
	struct err e;
	int64_t got = 0;
	int r;

	if (remote_new_live(&remote, pid, &e) || maps_read(&maps, pid, &e) || gadgets_find(&gadgets, maps, remote, &e))
		return printf("%s\n", e.text), 1;
	r = tracee_stop(&t, pid, pid, remote, maps, &gadgets, &e);
	if (r == -EPERM)
		exit(77);
	if (!r && signal)
		kill(pid, signal);
	if (!r)
		r = tracee_syscall(t, SYS_getpid, (uint64_t[6]){ 0 }, &got, &e);
	if (!r)
		r = tracee_release(t, &e);
	if (!r && got != pid)
		r = 1;
	tracee_free(t);
	maps_free(maps);
	remote_free(remote);
	return r;
}

/* Exit status, -1 still waiting, -2 stopped, -3 something else. */
static int outcome(pid_t pid)
{
	int status = 0;

	for (int i = 0; i < 200; i++) {
		if (waitpid(pid, &status, WNOHANG | WUNTRACED) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSTOPPED(status) ? -2 : -3;
		clock_sleep_until(clock_now_ns() + MS);
	}
	return -1;
}

static bool blocks_signals(pid_t pid)
{
	unsigned long long mask = 1;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "SigBlk: %llx", &mask);
	if (f)
		fclose(f);
	return mask != 0;
}

static const struct {
	const char *what;
	int (*wait_in)(void);
	int signal, want;
} cases[] = {
	{ "pause is ended by a signal", in_pause, SIGUSR1, 0 },
	{ "pause goes on without one", in_pause, 0, -1 },
	{ "pause is stopped by SIGSTOP", in_pause, SIGSTOP, -2 },
	{ "epoll_wait is ended by a signal", in_epoll, SIGUSR1, 0 },
	{ "epoll_wait goes on without one", in_epoll, 0, -1 },
	{ "nanosleep is ended by a signal", in_nanosleep, SIGUSR1, 0 },
	{ "nanosleep goes on without one", in_nanosleep, 0, -1 },
};

int main(void)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = start(cases[i].wait_in);
		int got = -4;

		clock_sleep_until(clock_now_ns() + 50 * MS);
		if (!visit(pid, cases[i].signal))
			got = outcome(pid);
		if (got < 0 && blocks_signals(pid))
			got = -5;
		printf("%s  %s\n", got == cases[i].want ? "ok  " : "FAIL", cases[i].what);
		failed += got != cases[i].want;
		if (got < 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	return failed > 0;
}
