/*
 * series_private: the parts of a series: lines of a file, and what a tick adds. Serves this folder only.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/series.h"
#include "recording_private.h"
#include "sites_private.h"
#include "tick_text.h"

enum {
	LINE_MOST = 64 << 20, /* a tick with a million sites has 150 MB of numbers: nobody's; a liar's line ends here */
	DEPTH_MOST = 4096,    /* frames in a stack; the probe keeps 1024 */
	COLUMNS_MOST = 256,
};

/* A file as it was when it was opened, a line at a time. */
struct lines {
	int fd;
	char *data;
	size_t room, start, end; /* bytes at hand: data[start .. end) */
	uint64_t at;   /* where in the file data[0] is from */
	uint64_t left; /* to read. What is added meanwhile is not looked at: it begins where the closing was */
	bool at_end;
	uint64_t number; /* of the line last given, from 1 */
};

enum { LINES_END = 1 };

int lines_open(struct lines *l, const char *path, struct err *e);
void lines_done(struct lines *l);
/* Without the newline and NUL-terminated; lent until the next call. -EFBIG: longer than LINE_MOST. */
int lines_next(struct lines *l, char **ret, size_t *ret_length, struct err *e);
bool lines_is_last(struct lines *l); /* nothing follows the line last given */
uint64_t lines_place(const struct lines *l); /* where in the file the next line begins */
/* Goes on at a place of the file as it is now. */
int lines_go_on(struct lines *l, uint64_t place, struct err *e);

struct series {
	char *path;
	struct lines lines;
	json_t *header; /* owns the strings of about */
	struct recording_about about;
	int columns[COLUMNS_MOST]; /* enum site_column by place in a row; -1: not known to us */
	size_t column_count;
	struct names *names;
	uint16_t *depths; /* by stack id - 1 */
	size_t depth_room;
	struct sites sites;
	uint32_t *changed;    /* by the tick just read: indices of sites */
	size_t changed_count, changed_room;
	struct sample sample; /* its sites are lent by the table above */
	struct series_heap heap;
	bool skips_sites, says_heap;
	double seconds;
	bool any_tick, closed, torn;
	uint64_t end_place; /* where the line began that was the end, or torn */
	char *end;
};

/* ---- series_claims.c ---- */

/* "FILE: line N: …" */
int series_bad(const struct series *s, struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A whole number from 0 on; -1 where there is none. */
json_int_t series_whole(const json_t *v);
/* An id from 0 to most; false where it is not. */
bool series_id(const json_t *v, uint64_t most, uint32_t *ret);
int series_list(const struct series *s, const json_t *tick, const char *key, const json_t **ret, struct err *e);

/* ---- what the first line and each further one add ---- */

int series_header(struct series *s, const char *line, size_t length, struct err *e);
int series_names_of(struct series *s, const json_t *tick, struct err *e);
/* sites: the text of their rows, if tick is without them. */
int series_tick(struct series *s, const json_t *tick, const struct span *sites, struct err *e);
