#include "memspy/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps_private.h"
#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "procfile.h"

enum {
	MAX_MAPS = 1000000,	   /* the kernel's own limit is 65530 unless raised */
	MAX_TEXT = 256 << 20,
};

struct maps {
	struct map *maps;
	size_t count, room;
	char *text; /* the paths live here */
};

static void maps_freep(struct maps **m)
{
	maps_free(*m);
}

void maps_free(struct maps *m)
{
	if (!m)
		return;
	free(m->maps);
	free(m->text);
	free(m);
}

/* A number in base 16 or 10, then one `end` character. Steps behind it; false when it is not one. */
static bool number(const char **at, unsigned base, char end, uint64_t *ret)
{
	uint64_t value = 0;
	const char *s = *at;

	for (;; s++) {
		unsigned digit = *s >= '0' && *s <= '9' ? (unsigned)(*s - '0')
			       : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a') + 10
							: 99;

		if (digit >= base)
			break;
		if (value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (s == *at || *s != end)
		return false;
	*ret = value;
	*at = s + 1;
	return true;
}

static bool permissions(const char **at, struct map *ret)
{
	const char *s = *at;

	if (strnlen(s, 5) < 5 || s[4] != ' ')
		return false;
	ret->readable = s[0] == 'r';
	ret->writable = s[1] == 'w';
	ret->executable = s[2] == 'x';
	ret->shared = s[3] == 's';
	*at = s + 5;
	return true;
}

/* The kernel says so behind the path; whether it is true, opening the file will tell. */
static void cut_deleted(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(path), tail = sizeof(deleted) - 1;

	if (length > tail && strcmp(path + length - tail, deleted) == 0)
		path[length - tail] = '\0';
}

/* NULL, or what the line lacks. */
static const char *parse_line(char *line, struct map *ret)
{
	const char *at = line;
	uint64_t major, minor;
	char *path;

	if (!number(&at, 16, '-', &ret->start) || !number(&at, 16, ' ', &ret->end) || ret->start >= ret->end)
		return "address range";
	if (!permissions(&at, ret))
		return "permissions";
	if (!number(&at, 16, ' ', &ret->offset))
		return "offset";
	if (!number(&at, 16, ':', &major) || !number(&at, 16, ' ', &minor))
		return "device";
	/* A line of anonymous memory ends behind a blank, or (in a file of ours) right behind the inode. */
	if (!number(&at, 10, ' ', &ret->inode)) {
		if (!number(&at, 10, '\0', &ret->inode))
			return "inode";
		at--;
	}
	ret->device_major = (uint32_t)major;
	ret->device_minor = (uint32_t)minor;
	path = line + (at - line);
	path += strspn(path, " ");
	cut_deleted(path);
	ret->path = path;
	return NULL;
}

/*
 * The kernel lists in order, but the process may change between two reads of the list, and then a mapping
 * can be told twice. What we already have wins.
 */
static bool fit_behind(const struct maps *m, struct map *map)
{
	const struct map *last = m->count ? &m->maps[m->count - 1] : NULL;

	if (!last || map->start >= last->end)
		return true;
	if (map->end <= last->end)
		return false;
	if (map->inode)
		map->offset += last->end - map->start;
	map->start = last->end;
	return true;
}

static int append(struct maps *m, struct map *map, struct err *e)
{
	struct map *grown;

	if (!fit_behind(m, map))
		return 0;
	if (m->count == MAX_MAPS)
		return err_set(e, E2BIG, "more than %d mappings", MAX_MAPS);
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 256;
		grown = reallocarray(m->maps, m->room, sizeof(*grown));
		if (!grown)
			return err_set(e, ENOMEM, "no memory for %zu mappings", m->room);
		m->maps = grown;
	}
	m->maps[m->count++] = *map;
	return 0;
}

/* Takes text, which is writable and ends with NUL. */
static int parse(struct maps **ret, char *text, size_t length, struct err *e)
{
	_cleanup_(maps_freep) struct maps *m = calloc(1, sizeof(*m));
	char *end = text + length;
	unsigned line_number = 0;

	if (!m) {
		free(text);
		return err_set(e, ENOMEM, "no memory for a list of mappings");
	}
	m->text = text;
	for (char *line = text, *next; line < end; line = next) {
		struct map map = { 0 };
		const char *lacks;
		int r;

		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next : end;
		*next++ = '\0';
		line_number++;
		if (!*line)
			continue;
		lacks = parse_line(line, &map);
		if (lacks)
			return err_set(e, EINVAL, "line %u has no %s", line_number, lacks);
		r = append(m, &map, e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(m);
	return 0;
}

int maps_parse(struct maps **ret, const char *text, size_t length, struct err *e)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return err_set(e, ENOMEM, "no memory for a list of mappings");
	memcpy(copy, text, length);
	copy[length] = '\0';
	return parse(ret, copy, length, e);
}

int maps_read(struct maps **ret, pid_t pid, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	size_t length;
	int r;

	r = procfile_read(pid, "maps", MAX_TEXT, &text, e);
	if (r)
		return r;
	if (text.length == 0) {
		err_set(e, ESRCH, "process %d has no memory: it has ended, or belongs to the kernel", pid);
		return READ_GONE;
	}
	length = text.length;
	r = parse(ret, TAKE(text.data), length, e);
	return r < 0 ? err_add(e, r, "/proc/%d/maps", pid) : r;
}

size_t maps_count(const struct maps *m)
{
	return m->count;
}

const struct map *maps_at(const struct maps *m, size_t i)
{
	return i < m->count ? &m->maps[i] : NULL;
}

size_t maps_first_ending_behind(const struct maps *m, raddr address)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct map *maps_find(const struct maps *m, raddr address)
{
	size_t i = maps_first_ending_behind(m, address);

	return i < m->count && m->maps[i].start <= address ? &m->maps[i] : NULL;
}
