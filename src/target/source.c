#include "memspy/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memspy/cleanup.h"

enum { READ_MOST = 8 << 20, LINE_MOST = 4096 };

/* As the process has it: with its current directory in front, where there is none. */
static int absolute(pid_t pid, const char *file, char to[PATH_MAX], struct err *e)
{
	char link[32], cwd[PATH_MAX] = "";
	int n;

	snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	if (file[0] != '/' && readlink(link, cwd, sizeof(cwd) - 1) < 0)
		return err_sys(e, errno, "cannot read %s", link);
	n = snprintf(to, PATH_MAX, "%s%s%s", cwd, file[0] != '/' ? "/" : "", file);
	return n >= PATH_MAX ? err_set(e, ENAMETOOLONG, "the name of the file is too long") : 0;
}

/* First only looked at: to open a device can do something. */
static int open_inside(pid_t pid, const char *path, int *ret, struct err *e)
{
	_cleanup_(closep) int root = -1;
	_cleanup_(closep) int seen = -1;
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char name[40];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/%d/root", pid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, errno, "cannot open the root of %d", pid);
	seen = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (seen < 0)
		return err_sys(e, errno, "%.200s in %d", path, pid);
	if (fstat(seen, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%.200s in %d is no ordinary file", path, pid);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", seen);
	*ret = open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, errno, "cannot read %.200s in %d", path, pid) : 0;
}

/* What is behind READ_MOST bytes is nobody's source. */
static int read_all(int fd, struct buf *to, struct err *e)
{
	char chunk[16384];
	ssize_t n = 1;

	while (n > 0 && to->length < READ_MOST) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_sys(e, errno, "cannot read the source");
		else
			buf_add(to, chunk, (size_t)n);
	}
	return to->failed ? err_set(e, ENOMEM, "out of memory for the source") : 0;
}

int source_lines(pid_t pid, const char *file, int first, int count, struct buf *to, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(buf_done) struct buf text = { 0 };
	char path[PATH_MAX];
	const char *line;
	int number = 1, r = absolute(pid, file, path, e);

	if (r == 0)
		r = open_inside(pid, path, &fd, e);
	if (r == 0)
		r = read_all(fd, &text, e);
	if (r < 0)
		return r;
	line = text.data;
	for (size_t left = text.length; left && number < first + count; number++) {
		const char *end = memchr(line, '\n', left);
		size_t length = end ? (size_t)(end - line) : left;

		if (number >= first) {
			buf_add(to, line, length < LINE_MOST ? length : LINE_MOST);
			buf_putc(to, '\n');
		}
		left -= length + (end != NULL);
		line += length + (end != NULL);
	}
	return to->failed ? err_set(e, ENOMEM, "out of memory for the source") : 0;
}
