#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_private.h"

int output_open(struct output *o, struct err *e)
{
	return o->fd >= 0 ? 0 : recording_create(o->path, o->force, &o->fd, e);
}

/* Is there room for a beginning? Better asked now than after the target was touched. */
static int try_out(struct output *o, struct err *e)
{
	char bytes[4096] = "{}"; /* and spaces: a document, should we be killed before it is gone */
	ssize_t n, done = 0;
	int code = 0;

	memset(bytes + 2, ' ', sizeof(bytes) - 2);

	while (!code && done < (ssize_t)sizeof(bytes)) { /* why the second half was not taken is said when it is tried */
		n = pwrite(o->fd, bytes + done, sizeof(bytes) - (size_t)done, done);
		code = n < 0 ? errno : n == 0 ? ENOSPC : 0;
		done += n;
	}

	if (ftruncate(o->fd, 0) < 0 && !code)
		code = errno;
	return code ? err_sys(e, code, "cannot write %s", o->path) : 0;
}

int output_prepare(struct output *o, const char *path, bool force, struct err *e)
{
	struct stat st;
	int r;

	*o = (struct output){ .path = path, .force = force, .fd = -1 };
	o->made = lstat(path, &st) < 0 && errno == ENOENT;
	/* A file that is there and may be replaced keeps its content until the session stands. */
	if (!o->made && force && S_ISREG(st.st_mode))
		return access(path, W_OK) == 0 ? 0 : err_sys(e, errno, "cannot write %s", path);
	r = output_open(o, e);
	return r ? r : try_out(o, e);
}

void output_done(struct output *o, bool worth_keeping)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	if (o->made && !worth_keeping)
		unlink(o->path);
}
