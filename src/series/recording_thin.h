/*
 * recording_thin: old ticks of a recording merged, on the way into another file. Serves this folder only.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"

/* A file that grows at its end, in large pieces. What is written is sent to the disk as it comes. */
struct thin_out {
	int fd; /* lent */
	uint64_t bytes, begun;
	struct buf text;
};

void thin_out_done(struct thin_out *o);
int thin_out_flush(struct thin_out *o, struct err *e);
/* The bytes at .. end of another file, as they are. stop may be NULL; once true, -ECANCELED. */
int thin_out_copy(struct thin_out *o, int from, uint64_t at, uint64_t end, const atomic_bool *stop, struct err *e);

/*
 * Header and first tick as they are, then ticks in groups until one would end behind `end`. *ret_at: where in the file
 * the last tick taken ends; what follows there belongs behind what was written. Moves the file position of `from`.
 */
int recording_thin(int from, uint64_t end, struct thin_out *o, uint64_t *ret_at, const atomic_bool *stop,
		   struct err *e);
