#include "procfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"

static int fault(int code, pid_t pid, const char *name, struct err *e)
{
	if (code == ENOENT || code == ESRCH) {
		err_set(e, ESRCH, "no process %d", pid);
		return READ_GONE;
	}
	return err_sys(e, code, "cannot read /proc/%d/%s", pid, name);
}

int procfile_read(pid_t pid, const char *name, size_t max, struct buf *to, struct err *e)
{
	char path[64], bytes[16384]; /* no more than four pages at a time come from a seq_file anyway */
	_cleanup_(closep) int fd = -1;
	size_t before = to->length;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault(errno, pid, name, e);
	for (;;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault(errno, pid, name, e);
		if (n == 0)
			break;
		if (to->length - before + (size_t)n > max)
			return err_set(e, E2BIG, "%s is larger than %zu bytes", path, max);
		buf_add(to, bytes, (size_t)n);
	}
	buf_add(to, "", 0); /* an empty file is an empty string, not NULL */
	if (to->failed)
		return err_set(e, ENOMEM, "no memory to read %s", path);
	return 0;
}

const char *procfile_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ':') {
			line += length + 1;
			return line + strspn(line, " \t");
		}
	}
	return NULL;
}

bool procfile_number(const char *text, const char *key, uint64_t *ret)
{
	const char *value = procfile_value(text, key);

	if (!value || !isdigit((unsigned char)*value))
		return false;
	*ret = strtoull(value, NULL, 10);
	return true;
}
