#include "sibling.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "whole.h"

static int find_place(struct sibling *s, int old, struct err *e)
{
	char link[64], path[PATH_MAX];
	ssize_t n;
	char *slash;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", old);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return err_sys(e, errno, "cannot tell where it is");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (path[0] != '/' || !slash || strlen(slash + 1) > NAME_MAX)
		return err_set(e, ENAMETOOLONG, "it has no name to be replaced");
	snprintf(s->name, sizeof(s->name), "%s", slash + 1);
	slash[slash == path] = '\0';
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir < 0 ? err_sys(e, errno, "cannot open its directory %s", path) : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A name may be another's by now, or the path one of another mount namespace. */
static int check_place(const struct sibling *s, int old, struct err *e)
{
	struct stat is, should;

	if (fstat(old, &should) < 0)
		return err_sys(e, errno, "cannot tell what it is");
	if (fstatat(s->dir, s->name, &is, AT_SYMLINK_NOFOLLOW) < 0 || !is_same(&is, &should))
		return err_set(e, ESTALE, "it is not to be seen at its place: removed, moved, or in another container");
	return 0;
}

static int make(struct sibling *s, struct err *e)
{
	s->fd = openat(s->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd >= 0)
		return 0;
	/* Not every file system can do that. */
	s->fd = openat(s->dir, s->own_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	s->has_name = s->fd >= 0;
	return s->fd < 0 ? err_sys(e, errno, "cannot make a file beside it") : 0;
}

static int look_alike(const struct sibling *s, int old, struct err *e)
{
	struct stat is, should;

	if (fstat(old, &should) < 0 || fstat(s->fd, &is) < 0)
		return err_sys(e, errno, "cannot tell what it is");
	if ((is.st_uid != should.st_uid || is.st_gid != should.st_gid) &&
	    fchown(s->fd, should.st_uid, should.st_gid) < 0)
		return err_sys(e, errno, "cannot give the file beside it the same owner");
	if (fchmod(s->fd, should.st_mode & 07777) < 0)
		return err_sys(e, errno, "cannot give the file beside it the same mode");
	return 0;
}

int sibling_new(struct sibling *ret, int old, struct err *e)
{
	struct sibling s = { .fd = -1, .dir = -1 };
	int r;

	snprintf(s.own_name, sizeof(s.own_name), ".memspy-%d-%d", getpid(), old);
	r = find_place(&s, old, e);
	if (r == 0)
		r = check_place(&s, old, e);
	if (r == 0)
		r = make(&s, e);
	if (r == 0)
		r = look_alike(&s, old, e);
	if (r < 0)
		sibling_done(&s);
	else
		*ret = s;
	return r;
}

struct step {
	const struct sibling *s;
	int error;
};

static void take_place(void *step)
{
	struct step *st = step;
	const struct sibling *s = st->s;
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", s->fd);
	if (!s->has_name && linkat(AT_FDCWD, link, s->dir, s->own_name, AT_SYMLINK_FOLLOW) < 0) {
		st->error = errno;
		return;
	}
	if (renameat(s->dir, s->own_name, s->dir, s->name) == 0)
		return;
	st->error = errno;
	if (!s->has_name)
		unlinkat(s->dir, s->own_name, 0);
}

/* A descriptor made without a name does not learn of the one the file gets: the next sibling would not find it. */
static void open_by_name(struct sibling *s)
{
	int fd = openat(s->dir, s->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat is, should;

	if (fd < 0)
		return;
	if (fstat(fd, &is) == 0 && fstat(s->fd, &should) == 0 && is_same(&is, &should)) {
		int unnamed = s->fd;

		s->fd = fd;
		fd = unnamed;
	}
	close(fd);
}

int sibling_replace(struct sibling *s, int old, struct err *e)
{
	struct step step = { .s = s };
	int r = check_place(s, old, e);

	if (r < 0)
		return r;
	whole(take_place, &step); /* a kill between the two would leave a second name */
	if (step.error)
		return err_sys(e, step.error, "cannot put the file beside it in its place");
	s->has_name = false;
	open_by_name(s);
	return 0;
}

void sibling_done(struct sibling *s)
{
	if (s->has_name)
		unlinkat(s->dir, s->own_name, 0);
	s->has_name = false;
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir >= 0)
		close(s->dir);
	s->fd = s->dir = -1;
}
