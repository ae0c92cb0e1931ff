#include "memspy/python_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"

enum { FILE_MOST = 4 << 20 };

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length > n && strcmp(text + length - n, end) == 0;
}

static bool is_python(const char *path, const char *data)
{
	static const char *const ends[] = { ".py", ".pyw", ".pyx", ".pyi", ".pxd" };
	const char *first_end = strchr(data, '\n'), *python = strstr(data, "python");

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(path, ends[i]))
			return true;
	return strncmp(data, "#!", 2) == 0 && first_end && python && python < first_end;
}

char *python_file_read(const char *path, struct stat *ret)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(freep) char *data = NULL;
	size_t length = 0;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode) || ret->st_size > FILE_MOST)
		return NULL;
	data = malloc((size_t)ret->st_size + 1);
	while (data && length < (size_t)ret->st_size) {
		n = read(fd, data + length, (size_t)ret->st_size - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	if (!data || n < 0)
		return NULL;
	data[length] = '\0';
	return is_python(path, data) ? TAKE(data) : NULL;
}
