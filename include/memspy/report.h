/*
 * report: a recording, told.
 *
 * A report is one view (which bytes) of one stretch of a recording, summed up one way (rows.h), and can be written in any
 * of the formats below. The sums agree to the byte whatever the way and the format. Names of the target are escaped
 * for where they go. JSON is a contract: its keys stay.
 *
 * A new format is one file, report_NAME.c, and one line in REPORT_FORMATS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/moments.h"
#include "memspy/rows.h"

enum report_view {
	VIEW_LIVE,	/* allocated and not freed, at the end of the stretch */
	VIEW_ALLOCATED, /* allocated in the stretch */
	VIEW_PEAK,	/* live at the moment the whole heap was largest */
	VIEW_LEAKS,	/* live at the end, less what may be younger than the newest tenth, or than --from */
	VIEW_TEMPORARY, /* allocated in the stretch and freed at once */
	VIEW_GROWTH,	/* live at the end, less live at the beginning: rows may be below 0 */
	VIEW_CHURN,	/* allocated in the stretch, told per second */
	VIEW_LIFETIMES, /* allocated and freed in the stretch, told by age */
	VIEW_COUNT,
};
extern const char *const report_view_names[VIEW_COUNT]; /* "live" "allocated" "peak" "leaks" … */

struct report_ask {
	enum report_view view;
	enum rows_by by;
	struct moment from, to;
	/* VIEW_TEMPORARY: freed within so many seconds, as far as the recorded ages tell: 1 ms, 2 ms, 4 ms … 16 s. 0: freed by
	 * its own thread before that thread's next sample, as the probe saw it. */
	double temporary_seconds;
	bool own_code;	/* without the import system and the standard library (own_code.h); not for report_html and summaries */
	bool only_ends; /* nothing of what was between the ends of the stretch (moments_open_ends): rows and figures, for diff */
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

/* FORMAT(name, what it is for, is it bytes that no terminal should get); the name is that of report_NAME(). */
#define REPORT_FORMATS(FORMAT)                                                \
	FORMAT(table, "for people", false)                                    \
	FORMAT(tree, "callers and what they called", false)                   \
	FORMAT(json, "for programs", false)                                   \
	FORMAT(csv, "for spreadsheets", false)                                \
	FORMAT(collapsed, "for flamegraph.pl and its kin: a stack a line", false) \
	FORMAT(speedscope, "for speedscope.app", false)                       \
	FORMAT(pprof, "for go tool pprof", true)                              \
	FORMAT(gprof2dot, "for gprof2dot -f json", false)                     \
	FORMAT(dhat, "for dh_view and the Firefox Profiler", false)           \
	FORMAT(svg, "a flame graph as a picture", false)                      \
	FORMAT(html, "a page that needs nothing but a browser", true)

/* Each appends to `to`; the caller checks to->failed at the end. */
#define REPORT_DECLARE(name, does, binary) \
	int report_##name(const struct report *r, const struct report_look *look, struct buf *to, struct err *e);
REPORT_FORMATS(REPORT_DECLARE)

struct report_format {
	const char *name, *does;
	bool binary;
	int (*write)(const struct report *r, const struct report_look *look, struct buf *to, struct err *e);
};
extern const struct report_format report_formats[]; /* ends with a NULL name */
const struct report_format *report_format_find(const char *name); /* NULL: there is none */

/* What record ends with: the five lines with most live bytes and how they grew, and what to do next. */
int report_closing(const char *path, unsigned width, struct buf *to, struct err *e);
