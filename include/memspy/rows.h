/*
 * rows: sites summed up by line, function, file or stack.
 *
 * What goes in are parts, figures of stacks; how they came to be (live, leaked, grown) is the caller's. A part belongs to
 * exactly one row as its own: that of its innermost Python frame. So the rows' own figures add up to the sum, to the byte.
 *
 * Texts are lent by the names. It knows nothing of files, processes or of how rows are shown.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/estimate.h"
#include "memspy/names.h"

#define ROWS_NO_PYTHON "<no python>"

enum rows_by { BY_LINE, BY_FUNCTION, BY_FILE, BY_STACK, BY_COUNT };
extern const char *const rows_by_names[BY_COUNT]; /* "line" "function" "file" "stack" */

struct part {
	uint32_t stack;
	struct estimate figures;
};

struct row {
	const char *function; /* "" by file; by line, of the function with most bytes of its own there */
	const char *file;
	int32_t line;	      /* 0: none */
	uint32_t stack;	      /* by stack; else 0 */
	struct estimate own;
	uint64_t total_bytes; /* of every stack that the row is somewhere in, each counted once */
};

struct rows {
	struct row *at; /* own bytes descending, then total bytes, then by name */
	size_t count;
	struct estimate sum;
};

int rows_build(struct rows *ret, enum rows_by by, const struct names *n, const struct part *parts, size_t count,
	       struct err *e);
void rows_done(struct rows *r);

/* A frame as people read it: never empty, nor a name for what has none. */
const char *rows_function(const struct names *n, uint32_t frame);
/* The frame a stack's bytes belong to; 0: no Python. */
uint32_t rows_leaf(const struct names *n, uint32_t stack);
