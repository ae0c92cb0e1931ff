/*
 * session_loader: where the target's loader keeps what the probe asks it for when objects come.
 */
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/symbols.h"
#include "session_private.h"

/* In the first object whose file is named so; 0: there is none. */
static uint64_t find_symbol(const struct session *s, const char *file, const char *name)
{
	_cleanup_(freep) struct object *objects = NULL;
	struct err ignored;
	uint64_t address = 0;
	size_t count;

	if (maps_objects(s->maps, s->remote, &objects, &count, &ignored))
		return 0;
	for (size_t i = 0; i < count && !address; i++) {
		_cleanup_(closep) int fd = -1;
		struct symbols *symbols = NULL;
		struct symbol found;

		if (!strstr(objects[i].path, file) || maps_open(s->id.pid, objects[i].first, &fd, &ignored) ||
		    symbols_open(&symbols, fd, &ignored))
			continue;
		if (symbols_find(symbols, name, &found))
			address = objects[i].bias + found.value;
		symbols_free(symbols);
	}
	return address;
}

/* glibc's is the symbol, musl has one that points there. */
uint64_t session_loaders_list(const struct session *s)
{
	uint64_t list = find_symbol(s, "/ld-", "_r_debug"), pointer = list ? 0 : find_symbol(s, "/ld-musl-", "_dl_debug_addr");
	struct err ignored;

	if (!list && !pointer)
		pointer = find_symbol(s, "/libc.so", "_dl_debug_addr"); /* where ld-musl-… is a link to it */
	if (pointer && remote_read_u64(s->remote, pointer, &list, &ignored))
		return 0;
	return list;
}

uint64_t session_libc_iterate(const struct session *s)
{
	static const char *const files[] = { "/libc.so", "/libc-2.", "/ld-musl-", "/libc.musl-" };
	uint64_t found = 0;

	for (size_t i = 0; !found && i < sizeof(files) / sizeof(files[0]); i++)
		found = find_symbol(s, files[i], "dl_iterate_phdr");
	return found;
}
