/* Which of the mapped objects is the interpreter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "python_private.h"

static bool is_libpython(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return (!strncmp(name, "libpython2.", 11) || !strncmp(name, "libpython3.", 11)) && name[11] >= '0' &&
	       name[11] <= '9' && strstr(name, ".so");
}

/* It has a program's entry, whoever loaded it: no SONAME. */
static bool is_executable(const struct python *p)
{
	return !symbols_soname(p->symbols)[0];
}

raddr python_address(const struct python *p, const char *name)
{
	struct symbol s;

	return symbols_find(p->symbols, name, &s) && s.value ? s.value + p->object.bias : 0;
}

/* Whether this object is a CPython at all. Takes a copy of what the maps lend. */
static int try_object(struct python *p, const struct object *object, bool *ret_is_python, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	uint64_t size;
	int q;

	symbols_free(p->symbols);
	p->symbols = NULL;
	q = maps_open(p->pid, object->first, &fd, e);
	if (!q)
		q = symbols_open(&p->symbols, fd, e);
	if (q)
		return q;
	free((char *)p->first.path);
	p->first = *object->first;
	p->first.path = strdup(object->path);
	if (!p->first.path)
		return err_set(e, ENOMEM, "out of memory for a path");
	p->object = *object;
	p->object.first = &p->first;
	p->object.path = p->first.path;

	p->runtime = python_address(p, "_PyRuntime");
	if (!p->runtime && symbols_section(p->symbols, ".PyRuntime", &p->runtime, &size))
		p->runtime += p->object.bias;
	*ret_is_python = p->runtime || python_address(p, "_PyThreadState_Current");
	return 0;
}

/*
 * Where to look for the interpreter, in this order: a libpython goes before the executable, for both can be mapped; and
 * where neither is one, any object may be: the executable is the loader when that was called by name.
 */
enum { LIBRARY, EXECUTABLE, ANY, PASSES };

static bool is_candidate(const struct object *o, int pass, const char *exe)
{
	return pass == LIBRARY ? is_libpython(o->path) : pass == EXECUTABLE ? !strcmp(o->path, exe) : true;
}

int python_find_object(struct python *p, const struct object *objects, size_t count, struct err *e)
{
	char exe[4096] = "";
	struct err ignored;
	bool is_python = false;
	int q = proc_exe(p->pid, exe, sizeof(exe), e);

	if (q)
		return q;
	for (size_t i = 0; i < count; i++)
		if (stranger_is_pypy(objects[i].path))
			return stranger_refuse(p->pid, objects[i].path, e);
	for (int pass = 0; pass < PASSES; pass++)
		for (size_t i = 0; i < count; i++) {
			if (!is_candidate(&objects[i], pass, exe))
				continue;
			q = try_object(p, &objects[i], &is_python, pass == EXECUTABLE ? e : &ignored);
			if (q && pass == EXECUTABLE)
				return err_add(e, q, "%s", objects[i].path);
			if (!q && is_python) {
				snprintf(p->build, sizeof(p->build), "%s, %s", is_executable(p) ? "static" : "shared",
					 symbols_is_stripped(p->symbols) ? "stripped" : "with symbols");
				return 0;
			}
		}
	return stranger_refuse(p->pid, exe, e);
}
