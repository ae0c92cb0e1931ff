/*
 * listing: a source file with what its lines hold, as memory_profiler shows it, for every function without a decorator.
 *
 * A line has what was allocated in it and in all that it called; `own` is what it allocated itself. A stack counts once for a
 * line however often it is in it. Where the source cannot be read, or is newer than the recording, that is said, and the lines
 * with figures are told all the same.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/moments.h"

struct listing;

struct listing_ask {
	const char *what; /* "app.py", "shop/app.py:remember": the end of a path, and perhaps a function's name or the end of it */
	struct moment from, to; /* growth is over that; everything else as of its end, or since attach */
};

/* -ENOENT: no such file or function in the recording, with what there is instead; -EINVAL: several files end like that. */
int listing_new(struct listing **ret, const char *path, const struct listing_ask *ask, struct err *e);
void listing_free(struct listing *l);

void listing_text(const struct listing *l, bool whole_file, unsigned width, struct buf *to);
void listing_json(const struct listing *l, struct buf *to);
