/*
 * format: the forms that a report is written in.
 *
 * The sums agree to the byte whatever the form. Names of the target are escaped for where they go. JSON is a contract: its
 * keys stay.
 *
 * A new format is one file, report_NAME.c, and one line in REPORT_FORMATS.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/report.h"

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
