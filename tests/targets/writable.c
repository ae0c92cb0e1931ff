/*
 * A library whose slots lie in a page with its own data: linked with norelro, nothing makes that page read-only but
 * somebody who thinks that all slots are.
 */
#include <stdlib.h>
#include <string.h>

static int uses = 1;
static void *(*volatile allocate)(size_t);

void *keep(size_t n)
{
	void *p = malloc(n);

	return p ? memset(p, 1, n) : NULL;
}

int use(void)
{
	allocate = malloc; /* its address: a slot that is no call */
	free(allocate(1000));
	free(calloc(10, 10));
	allocate = NULL; /* a copy is a copy: whoever keeps one in a session is led to the probe by it for good */
	return ++uses;
}
