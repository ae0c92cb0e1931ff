#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording_private.h"
#include "whole.h"

/* One change of the file: text at `at`, and the file ends behind it. Undone by putting the closing back at `at`. */
struct change {
	int fd;
	const char *text;
	size_t length;
	uint64_t at;
	bool can_undo;
	int error;
};

static int write_at(int fd, const char *text, size_t length, uint64_t at)
{
	while (length) {
		ssize_t n = pwrite(fd, text, length, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		text += n;
		at += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

/* Undoing needs no new block of the disk: the closing goes where it was. */
static void undo(const struct change *c)
{
	if (write_at(c->fd, RECORDING_CLOSING, strlen(RECORDING_CLOSING), c->at) != 0)
		return;
	while (ftruncate(c->fd, (off_t)(c->at + strlen(RECORDING_CLOSING))) < 0 && errno == EINTR)
		;
}

static void make(void *change)
{
	struct change *c = change;

	c->error = write_at(c->fd, c->text, c->length, c->at);
	if (!c->error && ftruncate(c->fd, (off_t)(c->at + c->length)) < 0)
		c->error = errno;
	if (c->error && c->can_undo)
		undo(c);
}

int recording_file_start(struct recording_file *f, int fd, const struct buf *text, struct err *e)
{
	struct stat st;
	struct change c = { .fd = fd, .text = text->data, .length = text->length };

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot write the recording");
	if (!S_ISREG(st.st_mode) || st.st_size != 0)
		return err_set(e, EINVAL, "a recording needs an ordinary, empty file");
	whole(make, &c);
	if (c.error) {
		if (ftruncate(fd, 0) < 0)
			return err_sys(e, c.error, "cannot begin the recording, nor empty its file");
		return err_sys(e, c.error, "cannot begin the recording");
	}
	*f = (struct recording_file){
		.fd = fd, .bytes = text->length, .tail = text->length - strlen(RECORDING_CLOSING), .empty = true
	};
	return 0;
}

int recording_file_append(struct recording_file *f, const struct buf *text, size_t keep, struct err *e)
{
	struct change c = { .fd = f->fd, .text = text->data, .length = text->length, .at = f->tail, .can_undo = true };

	whole(make, &c);
	if (c.error)
		return err_sys(e, c.error, "cannot add to the recording; it is valid up to the last tick");
	f->bytes = f->tail + text->length;
	f->tail += keep;
	f->empty = false;
	return 0;
}

static int refuse(const char *path, int code, struct err *e)
{
	struct stat st;
	int r;

	if (code == EEXIST && lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, EEXIST, "%s is not an ordinary file (%s); memspy writes to a file of its own only",
			       path, S_ISLNK(st.st_mode) ? "a symbolic link" : S_ISDIR(st.st_mode) ? "a directory" :
				S_ISFIFO(st.st_mode) ? "a pipe" : S_ISSOCK(st.st_mode) ? "a socket" : "a device");
	if (code == EEXIST)
		return err_set(e, EEXIST, "%s exists; -f overwrites it", path);
	r = err_sys(e, code, "cannot write %s", path);
	if (code == ENOENT || code == ENOTDIR)
		return err_hint(e, r, "make its folder first, or choose another place with -o");
	return code == EACCES || code == EROFS ? err_hint(e, r, "choose another place with -o") : r;
}

int recording_create(const char *path, bool force, int *ret_fd, struct err *e)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;
	int fd = open(path, flags, 0600);

	/* Unlinking and creating anew, rather than truncating: other names of the old file keep what they had, and the
	 * new one is ours and 0600. Whoever puts something else there in between gets the refusal. */
	if (fd < 0 && errno == EEXIST && force && lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		if (unlink(path) < 0)
			return err_sys(e, errno, "cannot overwrite %s", path);
		fd = open(path, flags, 0600);
	}
	if (fd < 0)
		return refuse(path, errno, e);
	*ret_fd = fd;
	return 0;
}
