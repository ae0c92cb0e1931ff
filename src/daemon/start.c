#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/control.h"
#include "start_private.h"

enum { START_MS = 5000, READY_FD = 3 };

static int open_log(int *ret, struct err *e)
{
	char directory[CONTROL_PATH_MAX], path[CONTROL_PATH_MAX + 16];
	int r = control_directory(directory, e);

	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/daemon.log", directory);
	*ret = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret < 0 ? err_sys(e, errno, "cannot open %s", path) : 0;
}

/* In the child: nothing of the caller's may stay open, or its terminal and pipes would live as long as we do. */
static _Noreturn void become_daemon(int log, int ready)
{
	char *const argv[] = { "memspy", "daemon", "--ready-fd", "3", NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/") < 0 || null < 0)
		_exit(127);
	umask(077);
	log = fcntl(log, F_DUPFD_CLOEXEC, 10);
	ready = fcntl(ready, F_DUPFD_CLOEXEC, 10);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	dup2(ready, READY_FD);
	syscall(SYS_close_range, READY_FD + 1, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* The daemon says "ready", or nothing before it ends; its log has the reason. */
static int await(int ready, struct err *e)
{
	struct pollfd p = { .fd = ready, .events = POLLIN };
	char directory[CONTROL_PATH_MAX] = "", word[8];
	struct err ignored;
	int n = poll(&p, 1, START_MS);

	if (n > 0 && read(ready, word, sizeof(word)) == 6 && memcmp(word, "ready\n", 6) == 0)
		return 0;
	control_directory(directory, &ignored);
	if (n == 0)
		return err_set(e, ETIMEDOUT, "the memspy daemon did not come up; see %s/daemon.log", directory);
	return err_set(e, ECHILD, "the memspy daemon ended at once; see %s/daemon.log", directory);
}

int start_daemon(struct err *e)
{
	_cleanup_(closep) int log = -1;
	int pipes[2], r = open_log(&log, e), fd;
	pid_t child;

	if (r)
		return r;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	child = fork();
	if (child == 0)
		become_daemon(log, pipes[1]);
	close(pipes[1]);
	r = child < 0 ? err_sys(e, errno, "cannot start the memspy daemon") : await(pipes[0], e);
	close(pipes[0]);
	/* Two of us may have started one each; the one that lost the race left, the other answers. */
	if (r == -ECHILD && control_connect(&fd, e) == 0) {
		close(fd);
		return 0;
	}
	return r;
}
