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
/* Behind SERIES_END: looks again at a file that is being written; what came since is there for series_next. */
int series_more(struct series *s, struct err *e);

/* Strings are never NULL. */
const struct recording_about *series_about(const struct series *s);
const struct names *series_names(const struct series *s);
/* As of the tick just read; all sites seen so far. The figures of the heap stay as they were at a tick without heap. */
const struct sample *series_sample(const struct series *s);
double series_seconds(const struct series *s); /* since the first tick */
/* The heap as whoever wrote the tick summed it up; of what the sites say where the file does not. */
struct series_heap {
	uint64_t live, low, high;
};
struct series_heap series_heap(const struct series *s);
/* What the tick just read said something of: indices of sites, which never move. One may be there twice. */
const uint32_t *series_changed(const struct series *s, size_t *ret_count);
/* Sites are not read from here on, for readers of totals only: most of a file is sites. */
void series_skip_sites(struct series *s);
/*
 * Sites are read late from here on, for those who look at few ticks: what their rows say is there behind series_settle, and a
 * row that a later one of its site replaced is not looked at. Which sites there are and which changed is known at once.
 */
void series_read_late(struct series *s);
int series_settle(struct series *s, struct err *e);
const char *series_end(const struct series *s); /* why it ended; NULL: it was cut off, or is being written */
bool series_is_torn(const struct series *s);

/*
 * The times of all ticks of a file, without reading what else is in them: seconds since the first, in order. The caller
 * frees *ret (NULL where there is none). A last tick that is torn is left out, as series_next does.
 */
int series_times(const char *path, double **ret, size_t *ret_count, struct err *e);
