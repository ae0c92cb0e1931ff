#include "put_private.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
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

int put_output(const struct args *a, const struct buf *text, struct err *e)
{
	if (args_given(a, "output"))
		return put_file(args_text(a, "output"), args_flag(a, "force"), text, e);
	fwrite(text->data ? text->data : "", 1, text->length, stdout);
	return 0;
}

unsigned put_width(const struct args *a)
{
	struct winsize size;

	return !args_given(a, "output") && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
