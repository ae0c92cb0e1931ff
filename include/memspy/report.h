/*
 * report: a recording, told.
 *
 * A report is one view (which bytes) of one recording, summed up one way (rows.h), and can be written as a table for
 * people, as JSON for programs (a contract: its keys stay) or as collapsed stacks for flame graphs. The sums agree
 * to the byte whatever the way and the form. Names of the target are escaped for where they go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/rows.h"

enum report_view {
	VIEW_LIVE,	/* allocated and not freed, at the end */
	VIEW_ALLOCATED, /* ever allocated since attach */
	VIEW_PEAK,	/* live at the moment the whole heap was largest */
	VIEW_LEAKS,	/* live at the end, less what may be younger than the newest tenth of the recording */
	VIEW_COUNT,
};
extern const char *const report_view_names[VIEW_COUNT]; /* "live" "allocated" "peak" "leaks" */

struct report;

/* Reads the file. */
int report_new(struct report **ret, const char *path, enum report_view view, enum rows_by by, struct err *e);
void report_free(struct report *r);

struct report_look {
	size_t most_rows; /* 0: all */
	unsigned width;	  /* columns of the terminal; 0: 100 */
};

/* Each appends to `to`; check to->failed at the end. */
void report_table(const struct report *r, const struct report_look *look, struct buf *to);
void report_json(const struct report *r, struct buf *to);
int report_collapsed(const struct report *r, struct buf *to, struct err *e);

/* What record ends with: the five lines with most live bytes and how they grew, and what to do next. */
int report_closing(const char *path, unsigned width, struct buf *to, struct err *e);
