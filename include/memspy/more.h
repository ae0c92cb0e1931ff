/*
 * more: what a view tells of a row beside its bytes.
 */
#pragma once

#include <stdint.h>

#include "memspy/report_figures.h"

/* What else is known of a row's own sites. */
struct more {
	struct estimate live, middle; /* at the end of the stretch, and half-way through the recording up to there */
	struct estimate came;	      /* allocated since half-way */
	struct estimate allocated, freed; /* in the stretch */
	uint64_t certain_bytes; /* leaks: of what was live at the beginning, what nothing that was freed since can have been */
	uint64_t lifetimes[LIFETIME_BUCKETS]; /* samples freed in the stretch */
	uint64_t trend[MOMENTS_TREND]; /* live bytes; moments.trend says when */
};

int more_new(struct more **ret, const struct report *r, struct err *e);
/* Of the newer half, in bytes a minute. All 0 where that is less than a second. */
struct difference more_growth(const struct report *r, const struct more *m);
/* At most so old may half of what is live be, in seconds; as long as the recording where it may be older than that. */
double more_age(const struct report *r, const struct more *m);
/* One of "suspect", "grows", "stays", "turns over", "shrinks", "unclear" (docs/reports.md). */
const char *more_verdict(const struct report *r, const struct row *row, const struct more *m);
/* The bucket below whose upper bound that share of what was freed was freed; LIFETIME_BUCKETS: nothing was. */
int more_lifetime(const struct more *m, double share);

/* Figures that one view has more than others, beside those of the contract, for programs. */
struct column {
	const char *name;
	int64_t (*value)(const struct report *r, const struct row *row, const struct more *m);
};
const struct column *columns_of(enum report_view view); /* ends with a NULL name */
