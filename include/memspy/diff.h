/*
 * diff: what changed between two recordings, or between two moments of one.
 *
 * Sites of both are put under the names of both, so what is called alike is one row: by line, file and line; by function, file
 * and function; and so on as rows.h has it. A line that moved is gone at one place and new at another; by function it is
 * one. Each change has its 95 % interval: of two recordings that of two independent estimates; of two moments of one
 * recording what stayed is certain, and only what came and went is not.
 *
 * It knows nothing of where the output goes. Paths are lent until diff_new returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/moments.h"
#include "memspy/report.h"
#include "memspy/rows.h"

struct diff_side {
	const char *path;
	struct moment at; /* not given: the last tick */
};

struct diff_ask {
	struct diff_side before, after;
	enum report_view view; /* live, allocated, peak, leaks or temporary */
	enum rows_by by;       /* not thread: two processes have none in common */
};

struct diff;

/* What cannot be compared is refused with a sentence. */
int diff_new(struct diff **ret, const struct diff_ask *ask, struct err *e);
void diff_free(struct diff *d);

struct diff_look {
	size_t most_rows; /* of the table; 0: all */
	unsigned width;	  /* columns of the terminal; 0: 100 */
};

/* Each appends to `to`; the caller checks to->failed at the end. */
void diff_table(const struct diff *d, const struct diff_look *look, struct buf *to);
int diff_json(const struct diff *d, struct buf *to, struct err *e);
/* One page for a browser: a flame graph coloured by change, and the rows. */
int diff_html(const struct diff *d, struct buf *to, struct err *e);
/* What go tool pprof -diff_base makes of two profiles; packed bytes that no terminal should get. */
int diff_pprof(const struct diff *d, struct buf *to, struct err *e);

struct diff_limit {
	double share;	/* of what there was before; */
	uint64_t bytes; /* or, where share is 0, so many */
};

enum diff_verdict {
	DIFF_WITHIN,	/* surely not more than the limit */
	DIFF_UNKNOWN,	/* the interval holds the limit */
	DIFF_MORE,	/* surely more */
};

/* "5%" or "10M". -EINVAL, -ERANGE. */
int diff_limit_parse(struct diff_limit *ret, const char *text, struct err *e);
/* Did the whole view grow by more than that? *e has a sentence of how much, whatever the answer. */
enum diff_verdict diff_judge(const struct diff *d, const struct diff_limit *limit, struct err *e);
