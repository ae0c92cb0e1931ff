/*
 * plot_log: what sites held, change by change, for as long as nobody knows which of them matter.
 *
 * Which lines are the largest is known when the recording was read to its end; the log then says how they came to be so, without
 * reading it again. It is bounded: when it is full, two ticks become one in it, and so on. Serves this folder only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/series.h"
#include "plot_private.h"

struct plot_log;

int plot_log_new(struct plot_log **ret, struct err *e);
void plot_log_free(struct plot_log *l);
/* A site holds so many bytes from a tick on; ticks come in order. */
int plot_log_add(struct plot_log *l, uint32_t site, uint64_t live, uint64_t tick, struct err *e);
/*
 * Names the `most` largest lines of the series, which was read to its end, in track->lines, and fills in what they held at each
 * of its ticks. The largest: by what they held at the end, or when the heap was largest.
 */
int plot_log_lines(struct plot_log *l, const struct series *s, size_t most, struct track *track, struct err *e);
