/*
 * cleanup: whoever makes it, frees it, on every way out.
 *
 * _cleanup_(f) runs f on the variable when its scope ends; TAKE hands the value on and leaves nothing
 * behind to clean. Constructors write *ret on success only, destructors accept NULL and half-built things.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE(x)                          \
	({                               \
		__typeof__(x) taken = (x); \
		(x) = NULL;              \
		taken;                   \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* For descriptors: the value, and -1 left behind. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
