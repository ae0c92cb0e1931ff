/*
 * gadgets: two short pieces of code that every libc has. We write no code into the target: we look for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/tracee.h"

enum { CHUNK = 1 << 20, TEXT_MAX = 64 << 20 };

static const unsigned char syscall_ret[] = { 0x0f, 0x05, 0xc3 };
/* mov $15, %rax (REX.W form, glibc and musl); syscall. And the short form mov $15, %eax; syscall. */
static const unsigned char restorer_long[] = { 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05 };
static const unsigned char restorer_short[] = { 0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05 };

static void search(raddr *found, raddr base, const unsigned char *bytes, size_t length, const unsigned char *what,
		   size_t what_length)
{
	const unsigned char *at = *found ? NULL : memmem(bytes, length, what, what_length);

	if (at)
		*found = base + (raddr)(at - bytes);
}

static int search_map(struct gadgets *g, const struct map *map, struct remote *remote, unsigned char *bytes,
		      struct err *e)
{
	const size_t overlap = 16;

	for (raddr at = map->start; at < map->end && at - map->start < TEXT_MAX; at += CHUNK - overlap) {
		size_t length = map->end - at < CHUNK ? map->end - at : CHUNK;
		int r = remote_read(remote, at, bytes, length, e);

		if (r)
			return r == READ_TORN ? 0 : r;
		search(&g->syscall_ret, at, bytes, length, syscall_ret, sizeof(syscall_ret));
		search(&g->sigreturn, at, bytes, length, restorer_long, sizeof(restorer_long));
		search(&g->sigreturn, at, bytes, length, restorer_short, sizeof(restorer_short));
		if (g->syscall_ret && g->sigreturn)
			return 0;
	}
	return 0;
}

static bool is_libc(const struct map *map)
{
	const char *name = strrchr(map->path, '/');

	return name && (!strncmp(name, "/libc.so", 8) || !strncmp(name, "/libc-2.", 8) || !strncmp(name, "/ld-musl-", 9) ||
			!strncmp(name, "/libpthread", 11));
}

int gadgets_find(struct gadgets *ret, const struct maps *maps, struct remote *remote, struct err *e)
{
	_cleanup_(freep) unsigned char *bytes = malloc(CHUNK);
	struct gadgets g = { 0 };

	if (!bytes)
		return err_set(e, ENOMEM, "out of memory");
	for (int everywhere = 0; everywhere < 2; everywhere++) { /* libc first: it has both */
		for (size_t i = 0; i < maps_count(maps) && !(g.syscall_ret && g.sigreturn); i++) {
			const struct map *map = maps_at(maps, i);
			int r;

			if (!map->executable || !map->readable || map->path[0] != '/' || (!everywhere && !is_libc(map)))
				continue;
			r = search_map(&g, map, remote, bytes, e);
			if (r)
				return r;
		}
	}
	if (!g.syscall_ret || !g.sigreturn)
		return err_set(e, ENOTSUP,
			       "its libc has no signal restorer that we know: memspy cannot enter it safely");
	*ret = g;
	return 0;
}
