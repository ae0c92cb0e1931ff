#include "memspy/rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "rows_private.h"

const char *const rows_by_names[BY_COUNT] = {
	[BY_LINE] = "line", [BY_FUNCTION] = "function", [BY_FILE] = "file",
	[BY_MODULE] = "module", [BY_THREAD] = "thread", [BY_STACK] = "stack",
};

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
	int r = rows_of_frame(b, leaf, &row);

	if (r < 0)
		return r;
	add_own(b, row, p, number);
	add_total(&b->rows[row], p);
	b->seen[row] = number + 1;
	b->own_of_frame[leaf] += p->figures.bytes + p->before.bytes;
	for (uint32_t s = p->stack; s; s = names_stack_at(b->names, s).parent) {
		r = rows_of_frame(b, names_stack_at(b->names, s).frame, &row);
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
	struct row row = rows_row_of_frame(b, rows_leaf(b->names, p->stack));
	size_t at;

	if (!b->of_frame[p->stack]) {
		row.stack = p->stack;
		if (rows_new(b, &row, &at) < 0)
			return -ENOMEM;
		b->of_frame[p->stack] = (uint32_t)at + 1;
	}
	add_own(b, b->of_frame[p->stack] - 1, p, number);
	return 0;
}

/* Nobody calls a thread: its total is its own. */
static int add_to_thread(struct builder *b, const struct part *p, size_t number)
{
	size_t row;
	int r = rows_of_thread(b, p->thread, &row);

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
	_cleanup_(rows_builder_done) struct builder b = { .by = by, .names = n };
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
