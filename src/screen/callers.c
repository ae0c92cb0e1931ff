#include "memspy/callers.h"

#include <errno.h>
#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "memspy/cleanup.h"

enum { NODES_MOST = 4000 };

/* A node while the tree grows; found by parent and frame. */
struct node {
	struct {
		uint32_t parent, frame;
	} key; /* place of the parent + 1; 0: none */
	uint32_t place;
	UT_hash_handle hh;
};

struct link {
	uint32_t parent, frame, first, next; /* places + 1 */
	uint64_t bytes, path;
	size_t callers;
};

struct tree {
	struct node *by_key;
	struct link *at;
	size_t count, room;
};

static void tree_done(struct tree *t)
{
	struct node *n, *next;

	HASH_ITER(hh, t->by_key, n, next) {
		HASH_DEL(t->by_key, n);
		free(n);
	}
	free(t->at);
}

void callers_done(struct callers *c)
{
	free(c->at);
	*c = (struct callers){ 0 };
}

/* The place + 1 of a node, made at first sight; 0: out of memory. */
static uint32_t find(struct tree *t, uint32_t parent, uint32_t frame)
{
	struct node want = { .key = { parent, frame } }, *n;

	HASH_FIND(hh, t->by_key, &want.key, sizeof(want.key), n);
	if (n)
		return n->place + 1;
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct link *at = realloc(t->at, room * sizeof(*at));

		if (!at)
			return 0;
		t->at = at;
		t->room = room;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return 0;
	n->key = want.key;
	n->place = (uint32_t)t->count;
	HASH_ADD(hh, t->by_key, key, sizeof(n->key), n);
	if (!n->hh.tbl) {
		free(n);
		return 0;
	}
	t->at[t->count++] = (struct link){
		.parent = parent, .frame = frame,
		.path = ((parent ? t->at[parent - 1].path : 1) ^ frame) * 0x9e3779b97f4a7c15u,
	};
	return n->place + 1;
}

/* A stack's bytes, from a frame of it outwards. */
static int add_stack(struct tree *t, const struct names *n, uint32_t stack, uint64_t bytes)
{
	uint32_t at = 0;

	do {
		at = find(t, at, names_stack_at(n, stack).frame);
		if (!at)
			return -ENOMEM;
		t->at[at - 1].bytes += bytes;
		stack = names_stack_at(n, stack).parent;
	} while (stack);
	return 0;
}

/* ---- which stacks ---- */

static bool is_in(const struct row *row, enum rows_by by, const struct names *n, uint32_t frame)
{
	struct frame f = names_frame_at(n, frame);

	if (f.kind != FRAME_PYTHON || strcmp(names_text(n, f.file), row->file) != 0)
		return false;
	if (by == BY_LINE && row->line)
		return f.line == row->line;
	return by == BY_FILE || strcmp(rows_function(n, frame), row->function) == 0;
}

/* The innermost frame of the stack that the row stands for, as the stack up to it; 0: none. */
static uint32_t part_in(const struct row *row, enum rows_by by, const struct names *n, uint32_t stack)
{
	while (stack && !is_in(row, by, n, names_stack_at(n, stack).frame))
		stack = names_stack_at(n, stack).parent;
	return stack;
}

static uint32_t from_leaf(const struct names *n, uint32_t stack)
{
	uint32_t leaf = rows_leaf(n, stack);

	while (stack && names_stack_at(n, stack).frame != leaf)
		stack = names_stack_at(n, stack).parent;
	return stack;
}

static int grow(struct tree *t, struct ledger *l, const struct board_look *look, const struct board *b, uint64_t key,
		struct err *e)
{
	const struct entry *row = NULL;

	for (size_t i = 0; i < b->count && !row; i++)
		if (b->at[i].key == key)
			row = &b->at[i];
	for (size_t i = 0; row && i < l->count; i++) {
		uint32_t stack = l->sites[i].stack, place = b->rows.of_part[i];
		uint64_t bytes = l->sites[i].live.bytes;

		if (look->own_code && ledger_own_code(l, stack, &stack, e) < 0)
			return -ENOMEM;
		if (row->row.own.bytes == 0) {
			stack = part_in(&row->row, look->by, l->names, stack);
			bytes = stack ? bytes : 0;
		} else if (place == ROWS_NONE || board_key(&b->rows.at[place], look->by) != key) {
			bytes = 0;
		} else {
			stack = from_leaf(l->names, stack);
		}
		if (bytes && add_stack(t, l->names, stack, bytes) < 0)
			return err_set(e, ENOMEM, "out of memory for the callers");
	}
	return 0;
}

/* ---- in the order in which it is read ---- */

struct sorting {
	uint64_t bytes;
	uint32_t place;
};

static int by_size(const void *one, const void *other)
{
	const struct sorting *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Chains the nodes to their parents, smallest first: so each chain begins with its largest. */
static uint32_t chain(struct tree *t, struct sorting *order)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < t->count; i++)
		order[i] = (struct sorting){ t->at[i].bytes, i };
	if (t->count)
		qsort(order, t->count, sizeof(*order), by_size);
	for (size_t i = t->count; i-- > 0;) {
		struct link *link = &t->at[order[i].place];
		uint32_t *head = link->parent ? &t->at[link->parent - 1].first : &first;

		if (link->parent)
			t->at[link->parent - 1].callers++;
		link->next = *head;
		*head = order[i].place + 1;
	}
	return first;
}

/* Down the first caller, then its neighbours, then up again. Whole levels are never cut: only what is last. */
static void lay_out(struct callers *c, const struct tree *t, uint32_t first)
{
	size_t depth = 0;
	uint32_t at = first;

	while (at && c->count < NODES_MOST) {
		const struct link *link = &t->at[at - 1];

		c->at[c->count++] = (struct caller){ link->frame, (int)depth, link->bytes, link->path, link->callers, 0 };
		if (depth == 0)
			c->bytes += link->bytes;
		if (link->first) {
			at = link->first;
			depth++;
			continue;
		}
		while (at && !t->at[at - 1].next) {
			at = t->at[at - 1].parent;
			depth -= depth > 0;
		}
		at = at ? t->at[at - 1].next : 0;
	}
	for (size_t i = c->count; i-- > 0;)
		for (size_t k = i + 1; k < c->count && c->at[k].depth > c->at[i].depth; k += 1 + c->at[k].below)
			c->at[i].below += 1 + c->at[k].below;
}

int callers_build(struct callers *ret, struct ledger *l, const struct board_look *look, uint64_t row_key, struct err *e)
{
	_cleanup_(tree_done) struct tree t = { 0 };
	_cleanup_(board_done) struct board b = { 0 };
	_cleanup_(freep) struct sorting *order = NULL;
	struct callers c = { 0 };
	int r = board_build(&b, l, look, e);

	if (r == 0)
		r = grow(&t, l, look, &b, row_key, e);
	if (r < 0)
		return r;
	order = calloc(t.count + 1, sizeof(*order));
	c.at = calloc((t.count < NODES_MOST ? t.count : NODES_MOST) + 1, sizeof(*c.at));
	if (!order || !c.at) {
		free(c.at);
		return err_set(e, ENOMEM, "out of memory for the callers");
	}
	lay_out(&c, &t, chain(&t, order));
	*ret = c;
	return 0;
}
