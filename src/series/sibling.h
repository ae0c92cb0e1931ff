/*
 * sibling: a new file in the place of an open one, in one step. Serves this folder only.
 *
 * Where the open file stands is asked of the kernel, so it may have been moved, and whoever opened it need not say.
 * Until the step the new one has no name, where the file system can do that: whatever kills us, nothing is left behind.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "memspy/err.h"

struct sibling {
	int fd;	 /* open for reading and writing; owner and mode are those of the old one */
	int dir;
	char name[NAME_MAX + 1], own_name[64];
	bool has_name;
};

int sibling_new(struct sibling *ret, int old, struct err *e);
/* The old one's name is the new one's; both stay open. -ESTALE: it is no longer where it was. */
int sibling_replace(struct sibling *s, int old, struct err *e);
void sibling_done(struct sibling *s); /* closes; fd -1 is left alone */
