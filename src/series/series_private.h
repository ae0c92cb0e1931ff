/*
 * series_private: the parts of a series: lines of a file, and what a tick adds. Serves this folder only.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change.h"
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
uint64_t lines_where(const struct lines *l, const char *at); /* where in the file a byte of the line last given is */
uint64_t lines_place(const struct lines *l); /* where in the file the next line begins */
/* Goes on at a place of the file as it is now. */
int lines_go_on(struct lines *l, uint64_t place, struct err *e);

struct site_key {
	uint32_t stack, thread, domain;
};

/* A row that is not read yet: where it is in the file. */
struct late_row {
	uint64_t at;
	uint16_t length; /* 0: there is none */
	bool waits;	 /* it is in the list */
	struct site_key key;
};

struct late {
	struct late_row *rows; /* by site */
	uint32_t *waiting;     /* sites */
	size_t room, waiting_count;
};

/* The columns of a site's row in version 1, in order. The last is an array of LIFETIME_BUCKETS, left out where all are 0. */
enum site_column {
	COLUMN_STACK, COLUMN_LIVE_BYTES, COLUMN_LIVE_BLOCKS, COLUMN_LIVE_N, COLUMN_LIVE_VAR,
	COLUMN_ALLOC_BYTES, COLUMN_ALLOC_BLOCKS, COLUMN_FREED_BYTES, COLUMN_PEAK_BYTES, COLUMN_LIVE_SURE,
	COLUMN_ALLOC_N, COLUMN_ALLOC_VAR, COLUMN_ALLOC_SURE,
	COLUMN_PEAK_BLOCKS, COLUMN_PEAK_N, COLUMN_PEAK_VAR, COLUMN_PEAK_SURE,
	COLUMN_TEMP_BYTES, COLUMN_TEMP_BLOCKS, COLUMN_TEMP_N, COLUMN_THREAD, COLUMN_DOMAIN,
	COLUMN_LIFETIMES, COLUMN_COUNT,
};
extern const char *const site_columns[COLUMN_COUNT];

/* The line of a tick. */
struct tick {
	json_t *rest; /* what a parser took */
	struct span lists[LIST_COUNT]; /* the text of lists that are not in it */
};

struct series {
	char *path;
	struct lines lines;
	json_t *header; /* owns the strings of about */
	struct recording_about about;
	json_int_t version;
	int columns[COLUMNS_MOST]; /* of version 1: enum site_column by place in a row; -1: not known to us */
	size_t column_count;
	struct names *names;
	uint16_t *depths; /* by stack id - 1 */
	size_t depth_room;
	struct sites sites;
	uint32_t *latest; /* of version 1, by stack: a site of it, as last read */
	size_t latest_room;
	struct changes changes; /* of version 2 */
	uint32_t *changed;    /* by the tick just read, of version 1: indices of sites */
	size_t changed_count, changed_room;
	struct sample sample; /* its sites are lent by the table above */
	struct series_heap heap;
	bool skips_sites, is_late, says_heap;
	struct late late;
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
int series_names_of(struct series *s, const struct tick *tick, struct err *e);
int series_tick(struct series *s, const struct tick *tick, struct err *e);
/* Version 2. */
int series_changes(struct series *s, const struct tick *tick, struct err *e);

/* ---- series_lists.c ---- */

enum { LIST_COLUMNS = AMOUNT_FIGURES }; /* that are known of a row */

struct list_row {
	int64_t numbers[LIST_COLUMNS]; /* INT64_MIN: no whole number */
	size_t count;
};

typedef int list_taker(struct series *s, const struct list_row *row, struct err *e);
/* Every row of a list, in order. */
int series_each(struct series *s, const struct tick *tick, enum tick_list list, const char *key, list_taker *take, struct err *e);
/* An id from 0 to most; false where it is not. */
bool list_id(const struct list_row *row, size_t column, uint64_t most, uint32_t *ret);

/* ---- series_rows.c: version 1 ---- */

int series_rows(struct series *s, const struct tick *tick, struct err *e);
/* One row, by its text, which no digit follows. */
int series_row(struct series *s, const char *text, size_t length, struct site *ret, struct err *e);

/* ---- series_sites.c ---- */

size_t series_latest(const struct series *s, uint32_t stack); /* a site of it, the last that was asked for; SIZE_MAX: none */
int series_place(struct series *s, const struct site_key *key, size_t *ret, struct err *e);
int series_change(struct series *s, size_t site, struct err *e); /* for series_changed */
void series_expect(const struct series *s, const char *row); /* it begins here: the memory of its site will be needed */

/* ---- series_late.c: rows that wait for series_settle ---- */

/* Whose the row at `at` is, and where it ends; NULL: not such. */
const char *late_key(const struct series *s, const char *at, const char *end, struct site_key *ret);
/* In place of what waits of that site. `row` is in the line just read. */
int late_keep(struct series *s, const struct site_key *key, const char *row, size_t length, struct err *e);
void late_forget(struct series *s, size_t site); /* a newer row was read */
void late_done(struct late *l);
