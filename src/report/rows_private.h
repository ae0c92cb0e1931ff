/*
 * rows_private: rows in the making. Serves this folder only.
 */
#pragma once

#include "memspy/rows.h"

struct making; /* a row under construction, by what tells it from others */

struct builder {
	enum rows_by by;
	const struct names *names;
	struct modules *modules; /* by module */
	struct making *by_key;
	struct row *rows;
	size_t count, room;
	uint32_t *of_frame;   /* row + 1 by frame id; by stack: by stack id */
	uint64_t *own_of_frame;
	uint64_t *best;	      /* of a row: the most bytes that one of its frames has */
	size_t *seen;	      /* of a row: the last part that counted in its total */
	uint32_t *of_part;    /* numbers of rows */
};

void rows_builder_done(struct builder *b);
struct row rows_row_of_frame(const struct builder *b, uint32_t frame);
/* -ENOMEM. A row of nothing but what it says; the row that a frame's bytes are counted in; that of a thread. */
int rows_new(struct builder *b, const struct row *row, size_t *ret);
int rows_of_frame(struct builder *b, uint32_t frame, size_t *ret);
int rows_of_thread(struct builder *b, uint32_t thread, size_t *ret);
