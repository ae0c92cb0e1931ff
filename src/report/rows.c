#include "memspy/rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "memspy/cleanup.h"

const char *const rows_by_names[BY_COUNT] = {
	[BY_LINE] = "line", [BY_FUNCTION] = "function", [BY_FILE] = "file",
	[BY_MODULE] = "module", [BY_THREAD] = "thread", [BY_STACK] = "stack",
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
	free(b->of_part);
	modules_free(b->modules);
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
	b->rows[b->count].number = (uint32_t)b->count;
	b->seen[b->count] = 0;
	b->best[b->count] = 0;
	*ret = b->count++;
	return 0;
}

static struct row row_of_frame(const struct builder *b, uint32_t frame)
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
		if (new_row(b, fresh, &m->row) < 0) {
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

/* The row that a frame's bytes are counted in; made at first sight. */
static int find_row(struct builder *b, uint32_t frame, size_t *ret)
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
	row = row_of_frame(b, frame);
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

static void add_total(struct row *to, const struct part *p)
{
	to->total_bytes += p->figures.bytes;
	to->total_before += p->before.bytes;
}

static void add_own(struct builder *b, size_t row, const struct part *p, size_t number)
{
	estimate_add(&b->rows[row].own, &p->figures);
	estimate_add(&b->rows[row].before, &p->before);
	estimate_add(&b->rows[row].came, &p->came);
	b->of_part[number] = (uint32_t)row;
}

/* Own and total of one part, by line, function or file. seen: recursion does not count twice. */
static int add_to_frames(struct builder *b, const struct part *p, size_t number)
{
	uint32_t leaf = rows_leaf(b->names, p->stack);
	size_t row;
	int r = find_row(b, leaf, &row);

	if (r < 0)
		return r;
	add_own(b, row, p, number);
	add_total(&b->rows[row], p);
	b->seen[row] = number + 1;
	b->own_of_frame[leaf] += p->figures.bytes + p->before.bytes;
	for (uint32_t s = p->stack; s; s = names_stack_at(b->names, s).parent) {
		r = find_row(b, names_stack_at(b->names, s).frame, &row);
		if (r < 0)
			return r;
		if (b->seen[row] != number + 1)
			add_total(&b->rows[row], p);
		b->seen[row] = number + 1;
	}
	return 0;
}

static int add_to_stack(struct builder *b, const struct part *p, size_t number)
{
	struct row row = row_of_frame(b, rows_leaf(b->names, p->stack));
	size_t at;

	if (!b->of_frame[p->stack]) {
		row.stack = p->stack;
		if (new_row(b, &row, &at) < 0)
			return -ENOMEM;
		b->of_frame[p->stack] = (uint32_t)at + 1;
	}
	add_own(b, b->of_frame[p->stack] - 1, p, number);
	return 0;
}

/* Nobody calls a thread: its total is its own. */
static int add_to_thread(struct builder *b, const struct part *p, size_t number)
{
	struct row fresh = { .function = "", .file = "", .module = "", .thread = p->thread };
	struct key key = { .line = p->thread };
	size_t row;
	int r = find_key(b, &key, &fresh, &row);

	if (r < 0)
		return r;
	add_own(b, row, p, number);
	add_total(&b->rows[row], p);
	return 0;
}

/* A stack is in another when it is itself or one of its callers; only stacks with bytes of their own have rows. */
static void add_totals_of_stacks(struct builder *b, const struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t s = parts[i].stack;

		do {
			if (b->of_frame[s])
				add_total(&b->rows[b->of_frame[s] - 1], &parts[i]);
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

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_size(const void *one, const void *other)
{
	const struct row *a = one, *b = other;
	int c = compare(row_bytes(b), row_bytes(a));

	c = c ? c : compare(row_total(b), row_total(a));
	c = c ? c : strcmp(a->file, b->file);
	c = c ? c : compare(a->line, b->line);
	c = c ? c : strcmp(a->function, b->function);
	c = c ? c : strcmp(a->module, b->module);
	c = c ? c : compare(a->thread, b->thread);
	return c ? c : compare(a->stack, b->stack);
}

static int sort(struct builder *b, size_t parts)
{
	_cleanup_(freep) uint32_t *place = malloc((b->count + 1) * sizeof(*place));

	if (!place)
		return -ENOMEM;
	if (b->count)
		qsort(b->rows, b->count, sizeof(*b->rows), by_size);
	for (size_t i = 0; i < b->count; i++)
		place[b->rows[i].number] = (uint32_t)i;
	for (size_t i = 0; i < parts; i++)
		if (b->of_part[i] != ROWS_NONE)
			b->of_part[i] = place[b->of_part[i]];
	return 0;
}

static bool is_empty(const struct part *p)
{
	return p->figures.bytes == 0 && p->figures.samples == 0 && p->before.bytes == 0 && p->before.samples == 0;
}

static int add_part(struct builder *b, const struct part *p, size_t number)
{
	b->of_part[number] = ROWS_NONE;
	if (is_empty(p))
		return 0;
	return b->by == BY_STACK  ? add_to_stack(b, p, number) :
	       b->by == BY_THREAD ? add_to_thread(b, p, number) : add_to_frames(b, p, number);
}

int rows_build(struct rows *ret, enum rows_by by, const struct names *n, const struct part *parts, size_t count,
	       struct err *e)
{
	_cleanup_(builder_done) struct builder b = { .by = by, .names = n };
	struct rows sums = { 0 };
	size_t ids = 1 + (size_t)(by == BY_STACK ? names_stacks(n) : names_frames(n));
	int r = by == BY_MODULE ? modules_new(&b.modules, n, e) : 0;

	if (r < 0)
		return r;
	b.of_frame = calloc(ids, sizeof(*b.of_frame));
	b.own_of_frame = calloc(ids, sizeof(*b.own_of_frame));
	b.of_part = malloc((count + 1) * sizeof(*b.of_part));
	if (!b.of_frame || !b.own_of_frame || !b.of_part)
		return err_set(e, ENOMEM, "out of memory for the rows of a report");
	for (size_t i = 0; i < count && r == 0; i++) {
		estimate_add(&sums.sum, &parts[i].figures);
		estimate_add(&sums.sum_before, &parts[i].before);
		estimate_add(&sums.sum_came, &parts[i].came);
		r = add_part(&b, &parts[i], i);
	}
	if (r == 0 && by == BY_STACK)
		add_totals_of_stacks(&b, parts, count);
	if (r == 0 && by == BY_LINE)
		name_lines(&b);
	if (r == 0)
		r = sort(&b, count);
	if (r < 0)
		return err_set(e, ENOMEM, "out of memory for the rows of a report");
	sums.at = TAKE(b.rows);
	sums.count = b.count;
	sums.of_part = TAKE(b.of_part);
	sums.modules = TAKE(b.modules);
	*ret = sums;
	return 0;
}

void rows_done(struct rows *r)
{
	free(r->at);
	free(r->of_part);
	modules_free(r->modules);
	*r = (struct rows){ 0 };
}
