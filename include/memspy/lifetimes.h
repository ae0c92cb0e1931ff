/*
 * lifetimes: how long the blocks of a site lived, and the most it held, as far as ticks tell.
 *
 * The lifetimes of blocks add up to the area under the curve of how many were live. So no block has to be looked at, and one
 * that lived from between two ticks to between two others counts right on average. A stretch counts as if it were all
 * there was: from its first tick to its last.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/series.h"

struct site_lifetimes {
	double block_seconds;		  /* of all blocks */
	uint64_t most_bytes, most_blocks; /* live at one tick */
	uint64_t blocks;		  /* live now, ... */
	double since;			  /* ... and counted up to here */
};

struct lifetimes {
	struct site_lifetimes *at; /* by place in series_sample()->sites */
	size_t count, room;
	uint64_t peak_bytes;
	double peak_seconds; /* the tick that first knew of the heap's maximum */
};

/* After each tick of the stretch, in order. */
int lifetimes_tick(struct lifetimes *h, const struct series *s, struct err *e);
/* After the last: seconds is its time. */
void lifetimes_end(struct lifetimes *h, double seconds);
void lifetimes_done(struct lifetimes *h);
