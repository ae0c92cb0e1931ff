/*
 * rows: sites summed up by line, function, file, module, thread or stack.
 *
 * What goes in are parts, figures of stacks; how they came to be (live, leaked, grown) is the caller's. A part belongs to
 * exactly one row as its own: that of its innermost Python frame, or of its thread. So the rows' own figures add up to the
 * sum, to the byte.
 *
 * Texts are lent by the names and the rows. It knows nothing of files, processes or of how rows are shown.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/estimate.h"
#include "memspy/modules.h"
#include "memspy/names.h"

#define ROWS_NO_PYTHON "<no python>"

enum rows_by { BY_LINE, BY_FUNCTION, BY_FILE, BY_MODULE, BY_THREAD, BY_STACK, BY_COUNT };
extern const char *const rows_by_names[BY_COUNT]; /* "line" "function" "file" "module" "thread" "stack" */

struct part {
	uint32_t stack;
	uint32_t thread; /* 0: several */
	struct estimate figures;
	/* Of what grew or shrank: what it was, to be taken off; and what came meanwhile, for how sure that is. Else 0. */
	struct estimate before, came;
};

struct row {
	const char *function; /* "" by file, module, thread; by line, of the function with most bytes of its own there */
	const char *file;     /* "" by thread; by module, one of its files */
	const char *module;   /* by module; else "" */
	int32_t line;	      /* 0: none */
	uint32_t stack;	      /* by stack; else 0 */
	uint32_t thread;      /* by thread; 0: several */
	uint32_t number;      /* from 0, in order of first sight */
	struct estimate own, before, came;
	uint64_t total_bytes, total_before; /* of every stack that the row is somewhere in, each counted once */
};

enum { ROWS_NONE = UINT32_MAX };

struct rows {
	struct row *at; /* row_bytes descending, then row_total, then by name */
	size_t count;
	uint32_t *of_part; /* the row that a part is the own of; ROWS_NONE: it has no figures */
	struct estimate sum, sum_before, sum_came;
	struct modules *modules; /* by module */
};

int rows_build(struct rows *ret, enum rows_by by, const struct names *n, const struct part *parts, size_t count,
	       struct err *e);
void rows_done(struct rows *r);

/* What a row says; below 0 where it shrank. Bytes of an estimate never pass INT64_MAX. */
static inline int64_t row_bytes(const struct row *r)
{
	return (int64_t)r->own.bytes - (int64_t)r->before.bytes;
}

static inline int64_t row_total(const struct row *r)
{
	return (int64_t)r->total_bytes - (int64_t)r->total_before;
}

static inline int64_t rows_sum(const struct rows *r)
{
	return (int64_t)r->sum.bytes - (int64_t)r->sum_before.bytes;
}

/* A frame as people read it: never empty, nor a name for what has none. */
const char *rows_function(const struct names *n, uint32_t frame);
/* The frame a stack's bytes belong to; 0: no Python. */
uint32_t rows_leaf(const struct names *n, uint32_t stack);
