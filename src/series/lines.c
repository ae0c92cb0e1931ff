#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "series_private.h"

static int cannot_open(const char *path, int code, struct err *e)
{
	int r = err_sys(e, code, "cannot open %s", path);

	if (code == ENOENT)
		return err_hint(e, r, "memspy record --pid N -o FILE makes a recording");
	if (code == EACCES)
		return err_hint(e, r, "read it as whoever recorded it, or as root");
	return r;
}

int lines_open(struct lines *l, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* no waiting at a pipe that has no writer */
	struct stat st;

	if (fd < 0)
		return cannot_open(path, errno, e);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, EINVAL, "%s is not an ordinary file; write the name of a recording", path);
	}
	*l = (struct lines){ .fd = fd, .left = (uint64_t)st.st_size };
	return 0;
}

void lines_done(struct lines *l)
{
	if (l->data || l->room)
		free(l->data);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct lines){ .fd = -1 };
}

/* More bytes behind those at hand. */
static int fill(struct lines *l, struct err *e)
{
	size_t room;
	ssize_t n;

	if (l->start) {
		memmove(l->data, l->data + l->start, l->end - l->start);
		l->end -= l->start;
		l->at += l->start;
		l->start = 0;
	}
	if (l->end + 1 >= l->room) {
		char *data;

		room = l->room ? l->room * 2 : 1 << 18;
		data = realloc(l->data, room);
		if (!data)
			return err_set(e, ENOMEM, "out of memory for a line of %zu bytes", room);
		l->data = data;
		l->room = room;
	}
	room = l->room - l->end - 1;
	do
		n = read(l->fd, l->data + l->end, room < l->left ? room : l->left);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "cannot read");
	l->at_end = n == 0;
	l->left -= (uint64_t)n;
	l->end += (size_t)n;
	return 0;
}

int lines_next(struct lines *l, char **ret, size_t *ret_length, struct err *e)
{
	size_t seen = 0;
	char *newline = NULL;

	for (;;) {
		if (l->end > l->start + seen)
			newline = memchr(l->data + l->start + seen, '\n', l->end - l->start - seen);
		if (newline || l->at_end)
			break;
		seen = l->end - l->start;
		if (seen > LINE_MOST)
			return err_set(e, EFBIG, "line %llu is longer than %d MiB", (unsigned long long)l->number + 1,
				       LINE_MOST >> 20);
		if (fill(l, e) < 0)
			return -EIO;
	}
	if (!newline && l->end == l->start)
		return LINES_END;
	*ret = l->data + l->start;
	*ret_length = newline ? (size_t)(newline - *ret) : l->end - l->start;
	(*ret)[*ret_length] = '\0';
	l->start += *ret_length + (newline != NULL);
	l->number++;
	return 0;
}

bool lines_is_last(struct lines *l)
{
	struct err ignored;

	/* The line that was given is spoilt by reading on: asked only once it is of no more use. */
	if (l->start == l->end && !l->at_end)
		fill(l, &ignored);
	return l->start == l->end && l->at_end;
}

uint64_t lines_where(const struct lines *l, const char *at)
{
	return l->at + (uint64_t)(at - l->data);
}

uint64_t lines_place(const struct lines *l)
{
	return l->at + l->start;
}

int lines_go_on(struct lines *l, uint64_t place, struct err *e)
{
	struct stat st;

	if (fstat(l->fd, &st) < 0 || lseek(l->fd, (off_t)place, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot read on");
	l->start = l->end = 0;
	l->at = place;
	l->left = (uint64_t)st.st_size > place ? (uint64_t)st.st_size - place : 0;
	l->at_end = false;
	return 0;
}
