/*
 * moments: one recording at two moments.
 *
 * What a recording says of every site at the beginning and at the end of a stretch of it: what reports of a window and
 * comparisons stand on. A moment is written as people say it ("30", "5m", "-10", "90%") and stands for a tick: the
 * beginning for the first tick that is not before it, the end for the last that is not after it, so that nothing from
 * outside the stretch counts.
 *
 * It knows nothing of what the figures are for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/lifetimes.h"
#include "memspy/sample.h"
#include "memspy/series.h"

struct moment {
	enum { MOMENT_NOT_GIVEN, MOMENT_SINCE_START, MOMENT_BEFORE_END, MOMENT_SHARE, MOMENT_SHARE_OF_STRETCH } kind;
	double value; /* seconds, or the share from 0 to 1: of the whole length; of what is before the end of the stretch */
};

/* "30", "0.5", "5m": since the first tick; "-10", "-1m": before the last; "90%": of the length. -EINVAL, -ERANGE. */
int moment_parse(struct moment *ret, const char *text, struct err *e);
/* Seconds since the first tick; within 0 .. last. `otherwise` where it was not given, and what a share of a stretch is of. */
double moment_seconds(const struct moment *m, double last, double otherwise);

enum { MOMENTS_TREND = 16 };

/* What was live at one of the moments between. */
struct moments_live {
	uint64_t *bytes; /* by place in series_sample()->sites */
	size_t count;	 /* sites that come later had nothing then */
	double seconds;
};

struct moments {
	struct series *series; /* read up to the end of the stretch: its names, its sample and its seconds are of that */
	struct site *before;   /* by place in series_sample()->sites; as of the beginning */
	size_t before_count;   /* sites that come later had nothing then */
	struct site *middle;   /* likewise, half-way between the first tick and the end */
	size_t middle_count;
	/* Evenly spread over the ticks up to the end; the last is the end. Those that fall together are left out. */
	struct moments_live trend[MOMENTS_TREND];
	size_t trend_count;
	struct lifetimes lifetimes; /* of the stretch */
	double from_seconds, to_seconds; /* of the two ticks; the same where there is but one */
	double middle_seconds;
	double last_seconds;	/* of the recording */
	uint64_t rss_first, rss_before, rss_most; /* at the first tick, at the beginning; the largest up to the end */
	uint64_t live_before;	/* bytes of the heap at the beginning */
	size_t ticks;		/* in the stretch, both ends included */
	bool is_whole;		/* the stretch ends with the recording: series_end and series_is_torn can be asked */
};

/*
 * Not given: from the first tick, to the last. A stretch with no tick in it, and one that ends before it begins, are
 * sentences (-EINVAL), as is a recording without a tick (-ENODATA).
 */
int moments_open(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e);
/* Only the beginning and the end, much quicker: no middle, no trend, no lifetimes. */
int moments_open_ends(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e);
/* Only the times of the two ticks and of the last, for those who read the file themselves; nothing to be freed. */
int moments_find(struct moments *ret, const char *path, struct moment from, struct moment to, struct err *e);
void moments_done(struct moments *m);
/* When the heap was largest in a stretch, as its ticks say: seconds since the first. It reads the totals only. */
int moments_largest(const char *path, struct moment from, struct moment to, double *ret, struct err *e);

/* The site's figures at the beginning; zeroes where it was not there yet. Lent. */
const struct site *moments_before(const struct moments *m, size_t site);
const struct site *moments_middle(const struct moments *m, size_t site);
uint64_t moments_live_at(const struct moments *m, size_t place, size_t site); /* place: in trend */
