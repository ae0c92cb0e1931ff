#include "memspy/rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "memspy/cleanup.h"

const char *const rows_by_names[BY_COUNT] = {
	[BY_LINE] = "line", [BY_FUNCTION] = "function", [BY_FILE] = "file", [BY_STACK] = "stack",
};

struct key {
	uint32_t function, file, line, kind;
};

/* A row under construction; found by its key. */
struct making {
	struct key key;
	size_t row;
	UT_hash_handle hh;
};

struct builder {
	enum rows_by by;
	const struct names *names;
	struct making *by_key;
	struct row *rows;
	size_t count, room;
	uint32_t *of_frame;   /* row + 1 by frame id; by stack: by stack id */
	uint64_t *own_of_frame;
	uint64_t *best;	      /* of a row: the most bytes that one of its frames has */
	size_t *seen;	      /* of a row: the last part that counted in its total */
};

const char *rows_function(const struct names *n, uint32_t frame)
{
	struct frame f = names_frame_at(n, frame);
	const char *text = names_text(n, f.function);

	if (frame == 0)
		return ROWS_NO_PYTHON;
	if (*text)
		return text;
	return f.kind == FRAME_MERGED ? "<merged>" : f.kind == FRAME_TRUNCATED ? "<truncated>" : "<unknown>";
}

uint32_t rows_leaf(const struct names *n, uint32_t stack)
{
	uint32_t first = names_stack_at(n, stack).frame;

	for (; stack; stack = names_stack_at(n, stack).parent) {
		uint32_t frame = names_stack_at(n, stack).frame;

		if (names_frame_at(n, frame).kind == FRAME_PYTHON)
			return frame;
	}
	return first; /* nothing of it was kept: that is what its row says */
}

static void builder_done(struct builder *b)
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
}

static int new_row(struct builder *b, const struct row *row, size_t *ret)
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
	b->seen[b->count] = 0;
	b->best[b->count] = 0;
	*ret = b->count++;
	return 0;
}

static struct row row_of_frame(const struct builder *b, uint32_t frame)
{
	struct frame f = names_frame_at(b->names, frame);
	bool alone = frame == 0 || f.kind != FRAME_PYTHON;

	return (struct row){
		.function = b->by == BY_FILE && !alone ? "" : rows_function(b->names, frame),
		.file = names_text(b->names, f.file),
		.line = b->by == BY_LINE || b->by == BY_STACK ? f.line : 0,
	};
}

/* The row that a frame's bytes are counted in; made at first sight. */
static int find_row(struct builder *b, uint32_t frame, size_t *ret)
{
	struct frame f = names_frame_at(b->names, frame);
	bool alone = frame == 0 || f.kind != FRAME_PYTHON;
	struct key key = { .file = f.file, .kind = frame ? f.kind : UINT32_MAX };
	struct row row = row_of_frame(b, frame);
	struct making *m;
	bool failed = false;

	if (b->of_frame[frame]) {
		*ret = b->of_frame[frame] - 1;
		return 0;
	}
	if (b->by == BY_LINE)
		key.line = (uint32_t)f.line;
	/* Where no line is known, and for what is not Python, the function is all there is to tell rows apart. */
	if (b->by == BY_FUNCTION || alone || (b->by == BY_LINE && f.line == 0))
		key.function = f.function;
	HASH_FIND(hh, b->by_key, &key, sizeof(key), m);
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return -ENOMEM;
		m->key = key;
		if (new_row(b, &row, &m->row) < 0) {
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
	b->of_frame[frame] = (uint32_t)m->row + 1;
	return 0;
}

/* Own and total of one part, by line, function or file. seen: recursion does not count twice. */
static int add_to_frames(struct builder *b, const struct part *p, size_t number)
{
	uint32_t leaf = rows_leaf(b->names, p->stack);
	size_t row;
	int r = find_row(b, leaf, &row);

	if (r < 0)
		return r;
	estimate_add(&b->rows[row].own, &p->figures);
	b->rows[row].total_bytes += p->figures.bytes;
	b->seen[row] = number;
	b->own_of_frame[leaf] += p->figures.bytes;
	for (uint32_t s = p->stack; s; s = names_stack_at(b->names, s).parent) {
		r = find_row(b, names_stack_at(b->names, s).frame, &row);
		if (r < 0)
			return r;
		if (b->seen[row] != number)
			b->rows[row].total_bytes += p->figures.bytes;
		b->seen[row] = number;
	}
	return 0;
}

static int add_to_stack(struct builder *b, const struct part *p)
{
	struct row row = row_of_frame(b, rows_leaf(b->names, p->stack));
	size_t at;

	if (!b->of_frame[p->stack]) {
		row.stack = p->stack;
		if (new_row(b, &row, &at) < 0)
			return -ENOMEM;
		b->of_frame[p->stack] = (uint32_t)at + 1;
	}
	estimate_add(&b->rows[b->of_frame[p->stack] - 1].own, &p->figures);
	return 0;
}

/* A stack is in another when it is itself or one of its callers; only stacks with bytes of their own have rows. */
static void add_totals_of_stacks(struct builder *b, const struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t s = parts[i].stack;

		do {
			if (b->of_frame[s])
				b->rows[b->of_frame[s] - 1].total_bytes += parts[i].figures.bytes;
			s = names_stack_at(b->names, s).parent;
		} while (s);
	}
}

static void name_lines(struct builder *b)
{
	for (uint32_t frame = 1; frame <= names_frames(b->names); frame++) {
		size_t row = b->of_frame[frame];

		if (row && b->own_of_frame[frame] > b->best[row - 1]) {
			b->best[row - 1] = b->own_of_frame[frame];
			b->rows[row - 1].function = rows_function(b->names, frame);
		}
	}
}

static int by_size(const void *one, const void *other)
{
	const struct row *a = one, *b = other;
	int c;

	if (a->own.bytes != b->own.bytes)
		return a->own.bytes < b->own.bytes ? 1 : -1;
	if (a->total_bytes != b->total_bytes)
		return a->total_bytes < b->total_bytes ? 1 : -1;
	c = strcmp(a->file, b->file);
	if (c == 0)
		c = a->line < b->line ? -1 : a->line > b->line;
	if (c == 0)
		c = strcmp(a->function, b->function);
	return c ? c : a->stack < b->stack ? -1 : a->stack > b->stack;
}

int rows_build(struct rows *ret, enum rows_by by, const struct names *n, const struct part *parts, size_t count,
	       struct err *e)
{
	_cleanup_(builder_done) struct builder b = { .by = by, .names = n };
	struct estimate sum = { 0 };
	size_t ids = 1 + (size_t)(by == BY_STACK ? names_stacks(n) : names_frames(n));
	int r = 0;

	b.of_frame = calloc(ids, sizeof(*b.of_frame));
	b.own_of_frame = calloc(ids, sizeof(*b.own_of_frame));
	if (!b.of_frame || !b.own_of_frame)
		return err_set(e, ENOMEM, "out of memory for the rows of a report");
	for (size_t i = 0; i < count && r == 0; i++) {
		if (parts[i].figures.bytes == 0 && parts[i].figures.samples == 0)
			continue;
		estimate_add(&sum, &parts[i].figures);
		r = by == BY_STACK ? add_to_stack(&b, &parts[i]) : add_to_frames(&b, &parts[i], i + 1);
	}
	if (r < 0)
		return err_set(e, ENOMEM, "out of memory for the rows of a report");
	if (by == BY_STACK)
		add_totals_of_stacks(&b, parts, count);
	if (by == BY_LINE)
		name_lines(&b);
	if (b.count)
		qsort(b.rows, b.count, sizeof(*b.rows), by_size);
	*ret = (struct rows){ .at = TAKE(b.rows), .count = b.count, .sum = sum };
	return 0;
}

void rows_done(struct rows *r)
{
	free(r->at);
	*r = (struct rows){ 0 };
}
