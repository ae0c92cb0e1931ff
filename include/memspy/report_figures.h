/*
 * report_figures: what a report holds, and what follows from it, for those who write it in some form.
 *
 * A report and its sites are one's to read; nobody changes them behind report_new. Sites are numbers: places in the sample.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/estimate.h"
#include "memspy/moments.h"
#include "memspy/rows.h"
#include "memspy/series.h"
#include "memspy/views.h"

struct more;

/*
 * Formats that tell stacks ask report_stacks, those that tell rows read `rows`. parts[i] is of the same site as
 * series_sample(r->moments.series)->sites[i], which has its thread and domain too.
 */
struct report {
	char *path;
	enum report_view view;
	enum rows_by by;
	int temporary_bucket; /* the oldest that counts as temporary; -1: as the probe saw it */
	bool peak_is_tick; /* the peak of a stretch: what was live at its end, which is that moment */
	bool since_attach; /* the stretch has no beginning: all that was before the first tick counts as well */
	struct names *own_names; /* of own code only; NULL: those of the recording */
	struct moments moments; /* names, figures and recording_about: moments.series */
	struct part *parts;
	size_t part_count;
	struct rows rows;
	struct more *more; /* by row; NULL: the view tells nothing of it */
};

static inline const struct names *report_names(const struct report *r)
{
	return r->own_names ? r->own_names : series_names(r->moments.series);
}

static inline const struct sample *report_sample(const struct report *r)
{
	return series_sample(r->moments.series);
}

/* The site's figures at the beginning of the stretch; zeroes where it was not there yet, and since attach. */
const struct site *report_before(const struct report *r, size_t site);

struct estimate report_allocated(const struct report *r, size_t site); /* in the stretch, as is freed */
struct estimate report_freed(const struct report *r, size_t site);
struct estimate report_temporary(const struct report *r, size_t site);
struct part report_part(const struct report *r, size_t site); /* what the view takes of it */

uint64_t report_a_second(const struct report *r, uint64_t figure); /* of the stretch; 0 where that has no length */

/* The bytes of the view and their 95 % interval, of a row and of all. */
struct difference report_interval(const struct report *r, const struct row *row);
struct difference report_sum_interval(const struct report *r);

/* All that is known of one stack, in all threads and through all allocators. */
struct report_stack {
	uint32_t stack; /* 0: no Python */
	struct estimate figures, before; /* what the view is of: figures less before */
	struct estimate live, peak;	 /* at the end of the stretch, whatever the view */
	struct estimate allocated, freed, temporary; /* in the stretch */
	uint64_t lifetimes[LIFETIME_BUCKETS];	     /* samples freed in the stretch */
};

static inline int64_t report_stack_bytes(const struct report_stack *s)
{
	return (int64_t)s->figures.bytes - (int64_t)s->before.bytes;
}

/*
 * One for each stack that any of these figures is of; by bytes of the view, most first, then by stack. Formats that know
 * no bytes below 0 leave out the stacks that shrank: that is report_grown. The caller frees *ret.
 */
int report_stacks(const struct report *r, struct report_stack **ret, size_t *ret_count, struct err *e);
/* Of the sum, what stacks with more than 0 bytes have; the rest, less than 0, is rows_sum less this. */
uint64_t report_grown(const struct report_stack *stacks, size_t count);
