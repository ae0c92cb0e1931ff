/*
 * series: a recording, read tick by tick.
 *
 * The file is a claim: whatever it holds, the answer is a tick or a sentence. One tick is in memory at a time; names
 * and the figures of every site add up as ticks are read. Older versions of the format are read, newer ones refused. A
 * last line that was cut off (the machine crashed, or it is being written) is left out, and said by series_is_torn.
 *
 * It knows nothing of processes, nor of how a recording is shown. Everything lent lives until the next series_next or
 * series_free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/names.h"
#include "memspy/recording.h"
#include "memspy/sample.h"

struct series;

enum { SERIES_END = 1 };

/* Reads up to the first tick. */
int series_open(struct series **ret, const char *path, struct err *e);
void series_free(struct series *s);
/* The next tick: 0, SERIES_END, or a fault that names the line. */
int series_next(struct series *s, struct err *e);

/* Strings are never NULL. */
const struct recording_about *series_about(const struct series *s);
const struct names *series_names(const struct series *s);
/* As of the tick just read; all sites seen so far. The figures of the heap stay as they were at a tick without heap. */
const struct sample *series_sample(const struct series *s);
double series_seconds(const struct series *s); /* since the first tick */
const char *series_end(const struct series *s); /* why it ended; NULL: it was cut off, or is being written */
bool series_is_torn(const struct series *s);

/* The time of the last tick of a file, without reading what is before it in full. 0 where there is no tick. */
int series_last_seconds(const char *path, double *ret, struct err *e);
