#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals_private.h"

static sigset_t before;
static void (*pipe_before)(int), (*size_before)(int);

/* By nohup: what is blocked would come to us all the same. */
static bool is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int signals_catch(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, errno, "cannot wait for signals");
	sigprocmask(SIG_BLOCK, &set, &before);
	pipe_before = signal(SIGPIPE, SIG_IGN);
	size_before = signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
	return fd;
}

void signals_restore(void)
{
	signal(SIGPIPE, pipe_before);
	signal(SIGXFSZ, size_before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int signals_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
