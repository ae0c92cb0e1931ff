#include "put_private.h"

#include <errno.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/recording.h"

int put_file(const char *path, bool force, const struct buf *text, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	int r = recording_create(path, force, &fd, e);

	for (size_t done = 0; r == 0 && done < text->length;) {
		ssize_t n = write(fd, text->data + done, text->length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = err_sys(e, n < 0 ? errno : EIO, "cannot write %s", path);
			unlink(path);
			break;
		}
		done += (size_t)n;
	}
	return r;
}
