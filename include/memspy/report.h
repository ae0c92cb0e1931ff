/*
 * report: a recording, told.
 *
 * A report is one view (which bytes: views.h) of one stretch of a recording, summed up one way (rows.h), and can be written
 * in many formats (format.h). What it holds, for those who write it: report_figures.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/moments.h"
#include "memspy/rows.h"
#include "memspy/views.h"

struct report_ask {
	enum report_view view;
	enum rows_by by;
	struct moment from, to;
	/* VIEW_TEMPORARY: freed within so many seconds, as far as the recorded ages tell: 1 ms, 2 ms, 4 ms … 16 s. 0: freed by
	 * its own thread before that thread's next sample, as the probe saw it. */
	double temporary_seconds;
	bool own_code;	/* without the import system and the standard library (own_code.h); not for report_html and summaries */
	/* Nothing of what was between the ends of the stretch (moments_open_ends): rows and figures. Not for report_dhat, summaries,
	 * and what only some views tell of a row (more.h). */
	bool only_ends;
	bool no_rows; /* nor are they summed up: figures by site, for diff, which makes rows of its own */
	bool unread; /* only the times of the stretch: for report_html, which reads the recording its own way */
};

/* What temporary_seconds comes to: 0 where it is none. */
double report_temporary_seconds(double asked);

struct report;

/* Reads the file. What a view cannot say of a stretch is refused with a sentence (-EINVAL). */
int report_new(struct report **ret, const char *path, const struct report_ask *ask, struct err *e);
void report_free(struct report *r);

struct report_look {
	size_t most_rows; /* lines of a tree as well; 0: all */
	unsigned width;	  /* columns of the terminal; 0: 100 */
	bool no_source;	  /* html: without lines of the source */
};

/* What record ends with: the five lines with most live bytes and how they grew, and what to do next. */
int report_closing(const char *path, unsigned width, struct buf *to, struct err *e);
