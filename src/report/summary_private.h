/*
 * summary_private: the facts of a summary, and what follows from them. Serves this folder only.
 */
#pragma once

#include "memspy/more.h"
#include "memspy/report_figures.h"
#include "memspy/summary.h"

enum { SIZE_BUCKETS = 40, GROWING_MOST = 5 };

struct summary_domain {
	struct estimate live, allocated;
};

struct summary_size {
	uint64_t live_bytes, live_blocks, allocated_blocks;
};

/* Shares of what was ever allocated, from 0 to 1; they add up to 1. */
struct summary_stacks {
	double whole;	 /* every frame is there and has its name */
	double cut;	 /* deeper than what is kept: the outermost callers are missing */
	double merged;	 /* no room for a stack of its own */
	double nameless; /* a function without a name or a file */
	double without;	 /* no Python frame stood behind it: threads and start-up of libraries */
};

struct growing {
	uint32_t row;
	struct difference a_minute;
};

struct summary {
	const struct report *r;
	struct more *more;	 /* by row of the report */
	uint32_t *by_blocks;	 /* rows of the report, most live blocks first */
	struct rows modules, threads;
	struct growing growing[GROWING_MOST];
	size_t growing_count;
	struct summary_domain domains[DOMAIN_COUNT];
	struct summary_size sizes[SIZE_BUCKETS]; /* bucket b: a mean from 2^(b-1) up to below 2^b bytes */
	struct estimate live, allocated, freed, temporary;
	struct interval live_sure;
	uint64_t peak_bytes;
	uint64_t lifetimes[LIFETIME_BUCKETS];
	struct summary_stacks stacks;
	size_t ticks;
	double gap_seconds;	 /* the longest between two ticks */
	uint64_t known_bytes;	 /* a line from this size on is known to 20 %; 0: all are */
};

/* "good", "fair" or "poor": the whole heap's interval, the stacks, what was lost; the worst of them. */
const char *summary_word(const struct summary *s);
/* What should be done to see better, one sentence each, with a newline; nothing when all is well. */
void summary_advice(const struct summary *s, struct buf *to);
