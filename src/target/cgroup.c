#include "memspy/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "procfile.h"

enum { LINE_MOST = 8192, FILE_MOST = 1 << 20 };
#define NO_LIMIT (1ull << 62) /* version 1 says "none" with the largest number of whole pages */

/* The files that a version has its figures in. */
static const struct kind {
	const char *limit, *events;
} kinds[] = {
	{ "memory.limit_in_bytes", "memory.oom_control" },
	{ "memory.max", "memory.events" },
};

struct cgroup {
	const struct kind *kind;
	char *folder; /* of the group */
	size_t mount; /* so much of folder is where the groups are mounted */
};

void cgroup_free(struct cgroup *c)
{
	if (c)
		free(c->folder);
	free(c);
}

/* Is the word one of those that commas separate? */
static bool has_word(const char *list, size_t length, const char *word)
{
	const char *end = list + length;

	for (const char *at = list; at < end; at++) {
		size_t here = strcspn(at, ",");

		if (here > (size_t)(end - at))
			here = (size_t)(end - at);
		if (here == strlen(word) && memcmp(at, word, here) == 0)
			return true;
		at += here;
	}
	return false;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* "4:memory:/path" of version 1 goes before "0::/path": both are there where the memory of groups is still version 1's. */
static const char *find_path(const char *groups, const struct kind **ret)
{
	const char *found = NULL;

	for (const char *line = groups; *line; line = next_line(line)) {
		const char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path || path[1] != '/' || path > line + strcspn(line, "\n"))
			continue;
		if (has_word(controllers + 1, (size_t)(path - controllers - 1), "memory")) {
			*ret = &kinds[0];
			return path + 1;
		}
		if (controllers + 1 == path) {
			*ret = &kinds[1];
			found = path + 1;
		}
	}
	return found;
}

/* One line of mountinfo: what of the hierarchy is mounted, where, and is it the one that has the memory? */
static bool is_mount(const char *line, const struct kind *kind, char root[LINE_MOST], char place[LINE_MOST])
{
	char copy[LINE_MOST], type[32], *tail;
	size_t length = strcspn(line, "\n");
	int options = 0;

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	tail = strstr(copy, " - ");
	if (!tail || sscanf(copy, "%*d %*d %*s %8191s %8191s", root, place) != 2 || place[0] != '/' ||
	    sscanf(tail, " - %31s %*s %n", type, &options) != 1)
		return false;
	if (kind == &kinds[1])
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && options && has_word(tail + options, strlen(tail + options), "memory");
}

/* The path of the group without what the mount leaves out; NULL: it is not in there. */
static const char *below(const char *path, size_t length, const char *root)
{
	size_t out = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (length < out || strncmp(path, root, out) != 0 || (length > out && path[out] != '/'))
		return NULL;
	return path + out;
}

struct cgroup *cgroup_parse(const char *mountinfo, const char *groups)
{
	const struct kind *kind = NULL;
	const char *path = find_path(groups, &kind);
	size_t length = path ? strcspn(path, "\n") : 0;
	char root[LINE_MOST], place[LINE_MOST];

	if (!path || length >= LINE_MOST || memmem(path, length, "/..", 3))
		return NULL;
	for (const char *line = mountinfo; *line; line = next_line(line)) {
		const char *rest = is_mount(line, kind, root, place) ? below(path, length, root) : NULL;
		struct cgroup *c = rest ? calloc(1, sizeof(*c)) : NULL;

		if (!c)
			continue;
		c->kind = kind;
		c->mount = strlen(place);
		if (asprintf(&c->folder, "%s%.*s", place, (int)(length - (size_t)(rest - path)), rest) >= 0)
			return c;
		free(c);
		return NULL;
	}
	return NULL;
}

struct cgroup *cgroup_find(pid_t pid)
{
	_cleanup_(buf_done) struct buf mounts = { 0 }, groups = { 0 };
	struct err ignored;

	if (procfile_read(getpid(), "mountinfo", FILE_MOST, &mounts, &ignored) ||
	    procfile_read(pid, "cgroup", FILE_MOST, &groups, &ignored))
		return NULL;
	return cgroup_parse(mounts.data, groups.data);
}

/* The number behind the key of a file of the group at folder; key NULL: the file is the number. */
static bool read_number(const char *folder, size_t length, const char *file, const char *key, uint64_t *ret)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(fclosep) FILE *f = NULL;
	char line[128];
	unsigned long long value;

	if (asprintf(&path, "%.*s/%s", (int)length, folder, file) < 0) {
		path = NULL;
		return false;
	}
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		size_t skip = key ? strlen(key) : 0;

		if (key && (strncmp(line, key, skip) != 0 || line[skip] != ' '))
			continue;
		if (sscanf(line + skip, "%llu", &value) != 1)
			return false; /* "max" */
		*ret = value;
		return true;
	}
	return false;
}

uint64_t cgroup_limit(const struct cgroup *c)
{
	uint64_t least = NO_LIMIT, limit;

	for (size_t length = strlen(c->folder); length >= c->mount;) {
		if (read_number(c->folder, length, c->kind->limit, NULL, &limit) && limit < least)
			least = limit;
		do
			length--;
		while (length > c->mount && c->folder[length] != '/');
	}
	return least < NO_LIMIT ? least : 0;
}

bool cgroup_kills(const struct cgroup *c, uint64_t *ret)
{
	return read_number(c->folder, strlen(c->folder), c->kind->events, "oom_kill", ret);
}
