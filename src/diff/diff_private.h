/*
 * diff_private: what a difference holds. Serves this folder only.
 */
#pragma once

#include "memspy/diff.h"
#include "memspy/report_figures.h"

struct diff_end { /* before, or after */
	char *path;
	struct report *report;
	double seconds; /* of its tick */
	uint64_t rss, every, lost; /* every: bytes between samples; 0: every allocation counted */
};

struct diff {
	enum report_view view;
	enum rows_by by;
	bool is_one; /* recording: what is in both is known to be the same */
	struct diff_end before, after; /* is_one: they share a report, which after owns */
	const struct names *names;     /* of both */
	struct names *merged;	       /* NULL: is_one */
	struct part *parts; /* before is what was, figures what is; one per site of either side */
	size_t part_count;
	struct rows rows; /* those without bytes of their own left out; the largest change first, up or down */
};

static inline int64_t diff_size(int64_t change)
{
	return change < 0 ? -change : change;
}

/* came: what was allocated between two moments of one recording. */
struct difference diff_interval_of(const struct diff *d, const struct estimate *before, const struct estimate *after,
				   const struct estimate *came);
struct difference diff_interval(const struct diff *d, const struct row *row);
struct difference diff_sum_interval(const struct diff *d);
/* "new", "gone", "grew", "shrank" or "same"; *ret_sure: whether that is beyond doubt. */
const char *diff_state(const struct row *row, const struct difference *change, bool *ret_sure);
