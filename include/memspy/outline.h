/*
 * outline: a report as a tree of lines, callers above what they called, of which some are shown.
 *
 * Branches are numbered in the order of a walk, larger ones first; 0 is the whole and no line. What is shown is the reader's:
 * the largest for a page that ends, what was unfolded for a screen. A caller that does nothing itself and calls but one stands
 * at the same depth as what it calls, so that long ways down do not leave the page.
 *
 * The report must live as long. Texts are escaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/report.h"

struct outline;

int outline_new(struct outline **ret, const struct report *r, struct err *e);
void outline_free(struct outline *o);

uint32_t outline_count(const struct outline *o); /* the whole included */
uint32_t outline_parent(const struct outline *o, uint32_t branch);
uint32_t outline_after(const struct outline *o, uint32_t branch); /* the first behind it that is not below it */
static inline bool outline_has_calls(const struct outline *o, uint32_t branch)
{
	return outline_after(o, branch) > branch + 1;
}

/* shown: by branch. Sets those of the `most` largest branches: with each its callers. */
int outline_largest(const struct outline *o, size_t most, bool *shown, struct err *e);

struct outline_line {
	uint32_t branch; /* 0: of the caller of the line before, some are not shown */
	uint32_t rest;	 /* so many */
	uint64_t rest_bytes;
	bool is_folded;	 /* it calls, and nothing of it is shown */
	size_t stem;	 /* what stands before it: place in `stems` */
};

struct outline_page {
	struct outline_line *at;
	size_t count;
	struct buf stems; /* texts with their NULs */
};

int outline_page(const struct outline *o, const bool *shown, struct outline_page *ret, struct err *e);
void outline_page_done(struct outline_page *p);

/* "     total         own   % all": what stands above outline_figures. */
extern const char outline_head[];
void outline_figures(const struct outline *o, uint32_t branch, struct buf *to);
void outline_label(const struct outline *o, uint32_t branch, size_t room, struct buf *to);
