/*
 * report_private: what a report holds, and text for people. Serves this folder only.
 */
#pragma once

#include "memspy/report.h"
#include "memspy/series.h"

struct report {
	const char *path; /* lent until report_new returns */
	enum report_view view;
	enum rows_by by;
	struct series *series; /* read to its end */
	uint64_t first_rss, most_rss;
	double seconds, mark_seconds;
	struct estimate *marked; /* live by site at the mark, for leaks and growth */
	size_t marked_count;
	struct part *parts;
	size_t part_count;
	struct rows rows;
};

/* Reads the file; at the first tick that is at least so far (0 to 1) into it, live figures are kept in `marked`. */
int report_read(struct report *r, const char *path, double mark, struct err *e);

/* For a terminal: control characters, what turns the direction of text, what is not UTF-8 become visible escapes. */
void text_escape(struct buf *to, const char *text);
/* The part of a path that tells files apart, escaped, in at most `room` columns; cut from the left. */
void text_path(struct buf *to, const char *path, size_t room);
size_t text_columns(const char *text); /* of escaped text */
void text_pad(struct buf *to, size_t columns); /* so many spaces */
void text_number(struct buf *to, uint64_t n, size_t columns); /* "307,900", right-aligned */
void text_percent(struct buf *to, uint64_t bytes, struct interval sure, size_t columns); /* half the interval: "5 %" */
/* "shop/cache.py:88" */
void text_place(struct buf *to, const struct row *row, size_t room);
