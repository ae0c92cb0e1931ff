#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

/* libc tells debuggers where a thread's descriptor has its kernel id: {bits, count, offset}. */
static void look_into_libc(struct python *p, const struct object *object)
{
	_cleanup_(closep) int fd = -1;
	struct symbols *s = NULL;
	struct symbol found;
	struct err ignored;
	uint32_t where[3];

	if (maps_open(p->pid, object->first, &fd, &ignored) || symbols_open(&s, fd, &ignored))
		return;
	if (!p->getspecific && symbols_find(s, "pthread_getspecific", &found) && found.is_function)
		p->getspecific = found.value + object->bias;
	if (!p->tid_offset && symbols_find(s, "_thread_db_pthread_tid", &found) &&
	    symbols_bytes(s, found.value, where, sizeof(where)) && where[0] == 32 && where[2] < 1 << 16)
		p->tid_offset = where[2];
	symbols_free(s);
}

void libc_find(struct python *p, const struct object *objects, size_t count)
{
	static const char *const names[] = { "libc.so", "libc-", "libpthread.so", "libpthread-", "libc.musl-", "ld-musl-" };

	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(objects[i].path, '/');
		const char *base_name = slash ? slash + 1 : objects[i].path;

		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (!strncmp(base_name, names[k], strlen(names[k])))
				look_into_libc(p, &objects[i]);
	}
}
