/*
 * room: the bound of a recording's size, kept by thinning it in good time. Serves this folder only.
 *
 * Thinning begins when an eighth of the bound is left and goes on beside the ticks (thinner.h). A thinning that took
 * long is not repeated before nine times that long has passed: it costs a tenth of a processor at most, whatever comes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording_private.h"

struct thinner;

struct room {
	uint64_t most; /* 0: no bound */
	struct thinner *thinner;
	uint64_t not_before_ns;
	int fault; /* of the last thinning, or -EFBIG: it was of no use; 0: there was none, or it was well */
	struct err why;
};

enum { ROOM_LATER = 1 };

void room_init(struct room *r, uint64_t most);
void room_done(struct room *r); /* a thinning under way is given up */
/*
 * Room for `more` bytes behind the last tick. ROOM_LATER: not yet; the answer takes up to 20 ms. With `wait` it takes
 * as long as thinning takes, and is never ROOM_LATER. A fault: there will be none. May put another file in the place of
 * *f.
 */
int room_make(struct room *r, struct recording_file *f, size_t more, bool wait, struct err *e);
void room_taken(struct room *r, const struct recording_file *f); /* f has grown */
