/*
 * board: the rows of a live view: which, in what order, with what beside them.
 *
 * Made anew from a ledger for each look at it. The rows' own figures add up to the sum; what a filter, or a baseline,
 * leaves out is counted. Texts are lent by the ledger's names and by the board.
 */
#pragma once

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/ledger.h"
#include "memspy/rows.h"

enum board_sort {
	SORT_LIVE,
	SORT_TOTAL,
	SORT_GROWN,	 /* since we began to look, or since the mark */
	SORT_PER_MINUTE,
	SORT_ALLOCATED,	 /* bytes per second */
	SORT_BLOCKS,
	SORT_AGE,
	SORT_NAME,
	SORT_COUNT,
};
extern const char *const board_sort_names[SORT_COUNT]; /* "live" "total" "grown" "growth" "allocated" "blocks" "age" "name" */

struct board_look {
	enum rows_by by;
	enum board_sort sort;
	bool reversed;
	bool own_code;	       /* without the import system and the standard library */
	const regex_t *filter; /* of "function file:line"; NULL: all. Lent */
};

struct entry {
	struct row row;
	struct difference grown; /* own, since we began to look or since the mark */
	struct difference per_minute; /* own, over the last minute */
	double allocated_per_s; /* bytes, over the last seconds */
	double held_seconds;	/* for so long it was never without live bytes, as far as we looked */
	uint64_t key;		/* the same row has the same key at the next look */
};

struct board {
	struct rows rows;
	struct entry *at;
	size_t count;
	size_t left_out;	   /* rows with live bytes that are not shown */
	struct estimate sum, shown; /* of all rows; of those shown */
	struct difference grown;   /* of all */
	bool has_growth, has_rate; /* enough time has passed to tell */
	struct difference per_minute; /* of all */
	double allocated_per_s;
};

/* No change at all is within the interval: it may be noise. */
static inline bool board_is_noise(const struct difference *d)
{
	return d->low <= 0 && d->high >= 0;
}

/* What a ledger says now, looked at in one way. */
int board_build(struct board *ret, struct ledger *l, const struct board_look *look, struct err *e);
void board_done(struct board *b);

/* What tells a row from others: the same at every look. */
uint64_t board_key(const struct row *row, enum rows_by by);
