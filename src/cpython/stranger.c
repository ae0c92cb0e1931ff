/*
 * stranger: what a process is that is no CPython as far as we can see, and what to do about it.
 */
#include <errno.h>
#include <string.h>

#include "memspy/proc.h"
#include "python_private.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begins_with(const char *path, const char *word)
{
	return !strncmp(base_name(path), word, strlen(word));
}

bool stranger_is_pypy(const char *path)
{
	return begins_with(path, "libpypy") || begins_with(path, "pypy");
}

/* qemu-aarch64 and its like run one program; a qemu-system-… is a machine of its own. */
static bool is_emulator(const char *path)
{
	return begins_with(path, "qemu-") && !begins_with(path, "qemu-system-");
}

int stranger_refuse(pid_t pid, const char *path, struct err *e)
{
	enum proc_kind kind = proc_kind(pid);

	if (kind == PROC_32_BIT)
		return err_set(e, ENOTSUP, "%d is a 32-bit process, and memspy reads 64-bit ones only; run the program with a "
			       "64-bit Python", pid);
	if (kind == PROC_FOREIGN)
		return err_set(e, ENOTSUP, "%d runs a program for another kind of processor; run a memspy built for that", pid);
	if (stranger_is_pypy(path))
		return err_set(e, ENOTSUP, "%d is PyPy, not CPython: memspy reads CPython's heap only; run the program with that",
			       pid);
	if (is_emulator(path))
		return err_set(e, ENOTSUP, "%d is %s: what runs emulated in it cannot be read; run the program with a Python "
			       "built for this machine", pid, base_name(path));
	if (begins_with(path, "python"))
		return err_set(e, EAGAIN, "%d has not loaded its Python library yet: try again in a moment", pid);
	return err_set(e, ENOTSUP, "%d is %s, not CPython: memspy reads CPython's heap only", pid, base_name(path));
}
