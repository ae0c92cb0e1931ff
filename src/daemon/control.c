#include "memspy/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "memspy/cleanup.h"

enum { WAITING_CONNECTIONS = 16 };

static int choose(char to[CONTROL_PATH_MAX], struct err *e)
{
	const char *forced = getenv("MEMSPY_RUNTIME_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (forced && forced[0] == '/')
		n = snprintf(to, CONTROL_PATH_MAX, "%s", forced);
	else if (geteuid() == 0)
		n = snprintf(to, CONTROL_PATH_MAX, "/run/memspy");
	else if (runtime && runtime[0] == '/')
		n = snprintf(to, CONTROL_PATH_MAX, "%s/memspy", runtime);
	else
		n = snprintf(to, CONTROL_PATH_MAX, "/tmp/memspy-%u", (unsigned)geteuid());
	/* CONTROL_PATH_MAX leaves room for "/control.sock" in a socket address. */
	if (n >= CONTROL_PATH_MAX)
		return err_set(e, ENAMETOOLONG, "the path %.40s… is too long for a socket; set MEMSPY_RUNTIME_DIR", to);
	return 0;
}

int control_directory(char to[CONTROL_PATH_MAX], struct err *e)
{
	struct stat st;
	int r = choose(to, e);

	if (r)
		return r;
	if (mkdir(to, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "cannot make %s", to);
	if (lstat(to, &st) < 0)
		return err_sys(e, errno, "cannot look at %s", to);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return err_set(e, EPERM,
			       "%s must be a directory of yours with mode 0700; remove it, memspy makes it anew", to);
	return 0;
}

static int address(struct sockaddr_un *ret, struct err *e)
{
	char directory[CONTROL_PATH_MAX];
	int r = control_directory(directory, e);

	if (r)
		return r;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/control.sock", directory);
	return 0;
}

void control_unlink(void)
{
	struct sockaddr_un at;
	struct err e;

	if (address(&at, &e) == 0)
		unlink(at.sun_path);
}

static int lock(int *ret, struct err *e)
{
	char directory[CONTROL_PATH_MAX], path[CONTROL_PATH_MAX + 16];
	_cleanup_(closep) int fd = -1;
	int r = control_directory(directory, e);

	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/daemon.lock", directory);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(e, EBUSY, "another memspy daemon is running") :
					      err_sys(e, errno, "cannot lock %s", path);
	*ret = take_fd(&fd);
	return 0;
}

int control_listen(int *ret_socket, int *ret_lock, struct err *e)
{
	_cleanup_(closep) int held = -1;
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un at;
	mode_t before;
	int r = lock(&held, e);

	if (!r)
		r = address(&at, e);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, errno, "cannot make a socket");
	unlink(at.sun_path); /* we hold the lock: it can only be stale */
	before = umask(0177);
	r = bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, WAITING_CONNECTIONS) < 0 ? errno : 0;
	umask(before);
	if (r)
		return err_sys(e, r, "cannot listen on %s", at.sun_path);
	*ret_socket = take_fd(&fd);
	*ret_lock = take_fd(&held);
	return 0;
}

static int check_peer(int fd, struct err *e)
{
	struct ucred who;
	socklen_t length = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) < 0)
		return err_sys(e, errno, "cannot tell who is on the control socket");
	if (who.uid != geteuid() && who.uid != 0)
		return err_set(e, EPERM, "uid %u is on the control socket of uid %u", (unsigned)who.uid,
			       (unsigned)geteuid());
	return 0;
}

int control_accept(int listener, int *ret_fd, struct err *e)
{
	_cleanup_(closep) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return CONTROL_AGAIN;
	if (fd < 0)
		return err_sys(e, errno, "cannot accept a connection");
	r = check_peer(fd, e);
	if (!r)
		*ret_fd = take_fd(&fd);
	return r;
}

int control_connect(int *ret_fd, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un at;
	int r = address(&at, e);

	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "cannot make a socket");
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_set(e, ENOENT, "no memspy daemon is running");
		return err_sys(e, errno, "cannot connect to %s", at.sun_path);
	}
	r = check_peer(fd, e);
	if (!r)
		*ret_fd = take_fd(&fd);
	return r;
}
