/* Which row something belongs to: made at first sight, found again by what tells rows apart. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "rows_private.h"

struct key {
	uint32_t function, file, line, kind;
};

struct making {
	struct key key;
	size_t row;
	UT_hash_handle hh;
};

void rows_builder_done(struct builder *b)
{
	struct making *m, *next;

	HASH_ITER(hh, b->by_key, m, next) {
		HASH_DEL(b->by_key, m);
		free(m);
	}
	free(b->rows);
	free(b->of_frame);
	free(b->own_of_frame);
	free(b->best);
	free(b->seen);
	free(b->of_part);
	modules_free(b->modules);
}

int rows_new(struct builder *b, const struct row *row, size_t *ret)
{
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 256;
		struct row *rows = realloc(b->rows, room * sizeof(*rows));
		size_t *seen = realloc(b->seen, room * sizeof(*seen));
		uint64_t *best = realloc(b->best, room * sizeof(*best));

		b->rows = rows ? rows : b->rows;
		b->seen = seen ? seen : b->seen;
		b->best = best ? best : b->best;
		if (!rows || !seen || !best)
			return -ENOMEM;
		b->room = room;
	}
	b->rows[b->count] = *row;
	b->rows[b->count].number = (uint32_t)b->count;
	b->seen[b->count] = 0;
	b->best[b->count] = 0;
	*ret = b->count++;
	return 0;
}

struct row rows_row_of_frame(const struct builder *b, uint32_t frame)
{
	struct frame f = names_frame_at(b->names, frame);
	bool alone = frame == 0 || f.kind != FRAME_PYTHON;
	const char *function = rows_function(b->names, frame);

	return (struct row){
		.function = (b->by == BY_FILE || b->by == BY_MODULE) && !alone ? "" : function,
		.file = names_text(b->names, f.file),
		.module = b->by != BY_MODULE ? "" : alone ? function : modules_name(b->modules, f.file),
		.line = b->by == BY_LINE || b->by == BY_STACK ? f.line : 0,
	};
}

/* The row of that key, a new one as `fresh` says. */
static int find_key(struct builder *b, const struct key *key, const struct row *fresh, size_t *ret)
{
	struct making *m;
	bool failed = false;

	HASH_FIND(hh, b->by_key, key, sizeof(*key), m);
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		m->key = *key;
		if (rows_new(b, fresh, &m->row) < 0) {
			free(m);
			return -ENOMEM;
		}
		HASH_ADD(hh, b->by_key, key, sizeof(m->key), m);
		failed = m->hh.tbl == NULL;
	}
	if (failed) {
		free(m);
		return -ENOMEM;
	}
	*ret = m->row;
	return 0;
}

int rows_of_frame(struct builder *b, uint32_t frame, size_t *ret)
{
	struct frame f = names_frame_at(b->names, frame);
	bool alone = frame == 0 || f.kind != FRAME_PYTHON;
	struct key key = { .file = f.file, .kind = frame ? f.kind : UINT32_MAX };
	struct row row;
	int r;

	if (b->of_frame[frame]) {
		*ret = b->of_frame[frame] - 1;
		return 0;
	}
	row = rows_row_of_frame(b, frame);
	if (b->by == BY_LINE)
		key.line = (uint32_t)f.line;
	if (b->by == BY_MODULE)
		key.file = modules_number(b->modules, f.file);
	/* Where no line is known, and for what is not Python, the function is all there is to tell rows apart. */
	if (b->by == BY_FUNCTION || alone || (b->by == BY_LINE && f.line == 0))
		key.function = f.function;
	r = find_key(b, &key, &row, ret);
	if (r == 0)
		b->of_frame[frame] = (uint32_t)*ret + 1;
	return r;
}

int rows_of_thread(struct builder *b, uint32_t thread, size_t *ret)
{
	struct row fresh = { .function = "", .file = "", .module = "", .thread = thread };
	struct key key = { .line = thread };

	return find_key(b, &key, &fresh, ret);
}
