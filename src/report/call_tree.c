#include "memspy/call_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/report_figures.h"
#include "memspy/text.h"

/*
 * Names count things seen twice once, and give callers smaller ids than what they call: what they do for the stacks of a
 * recording they do here for folded ones. Their frames are the places, their stacks the branches, in order of first sight.
 */
struct growth {
	const struct report *r;
	const struct names *names;
	struct names *folded;
	uint32_t *of_frame; /* place by frame id, counted from 1; 0: not met yet */
	uint32_t *of_stack; /* id in folded by stack id; 0: not met yet */
	uint32_t *example;  /* a frame id by place */
	uint32_t *waiting;  /* stacks on the way up */
	struct estimate *own;
	uint32_t *order;    /* ids in folded: by caller, then by size */
	struct estimate *total;
};

static void growth_done(struct growth *g)
{
	names_free(g->folded);
	free(g->of_frame);
	free(g->example);
	free(g->waiting);
	free(g->own);
	free(g->order);
	free(g->total);
	free(g->of_stack);
}

void call_tree_free(struct call_tree *t)
{
	if (!t)
		return;
	free(t->places);
	free(t->at);
	free(t->of_stack);
	free(t->path);
	free(t);
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a report");
}

/* What is left of a frame, the way the report sums up. What is not Python stays as it is. */
static struct frame fold(const struct growth *g, uint32_t frame)
{
	struct frame f = names_frame_at(g->names, frame);

	if (f.kind != FRAME_PYTHON)
		return f;
	if (g->r->by == BY_MODULE)
		return (struct frame){ .file = modules_number(g->r->rows.modules, f.file) };
	if (g->r->by == BY_FUNCTION || g->r->by == BY_FILE)
		f.line = 0;
	if (g->r->by == BY_FILE && f.file)
		f.function = 0;
	return f;
}

static int place_of(struct growth *g, uint32_t frame, uint32_t *ret, struct err *e)
{
	struct frame f = fold(g, frame);
	int r = 0;

	if (frame && !g->of_frame[frame]) {
		r = names_frame(g->folded, &f, &g->of_frame[frame], e);
		if (r == 0)
			g->example[g->of_frame[frame]] = frame;
	}
	*ret = frame ? g->of_frame[frame] : 0; /* 0: no Python */
	return r;
}

/* Up to what is there already, then down again. The empty stack is a branch as well: memory without Python. */
static int grow(struct growth *g, uint32_t stack, struct err *e)
{
	uint32_t depth = 0, above = 0, place;
	int r = 0;

	do {
		if (g->of_stack[stack])
			break;
		g->waiting[depth++] = stack;
		stack = names_stack_at(g->names, stack).parent;
	} while (stack);
	if (stack)
		above = g->of_stack[stack];
	while (depth && r == 0) {
		stack = g->waiting[--depth];
		r = place_of(g, names_stack_at(g->names, stack).frame, &place, e);
		if (r == 0 && g->r->by == BY_MODULE && above && names_stack_at(g->folded, above).frame == place)
			g->of_stack[stack] = above;
		else if (r == 0)
			r = names_stack(g->folded, above, place, &g->of_stack[stack], e);
		above = g->of_stack[stack];
	}
	return r;
}

static int grow_all(struct growth *g, const struct report_stack *stacks, size_t count, call_tree_figures *figures,
		    struct err *e)
{
	const size_t ids = names_stacks(g->names) + 1u, frames = names_frames(g->names) + 1u;
	int r = names_new(&g->folded, e);

	g->of_frame = calloc(frames, sizeof(*g->of_frame));
	g->example = calloc(frames, sizeof(*g->example));
	g->of_stack = calloc(ids, sizeof(*g->of_stack));
	g->waiting = calloc(ids, sizeof(*g->waiting));
	g->own = calloc(ids + 1, sizeof(*g->own));
	if (r < 0 || !g->of_frame || !g->example || !g->of_stack || !g->waiting || !g->own)
		return no_memory(e);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct estimate own = figures(g->r, &stacks[i]);

		if (own.bytes == 0)
			continue;
		r = grow(g, stacks[i].stack, e);
		if (r == 0)
			estimate_add(&g->own[g->of_stack[stacks[i].stack]], &own);
	}
	return r;
}

static int by_caller_then_size(const void *one, const void *other, void *growth)
{
	const struct growth *g = growth;
	const uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
	struct stack s = names_stack_at(g->folded, a), t = names_stack_at(g->folded, b);
	struct frame f = names_frame_at(g->names, g->example[s.frame]), h = names_frame_at(g->names, g->example[t.frame]);
	int c;

	if (s.parent != t.parent)
		return s.parent < t.parent ? -1 : 1;
	if (g->total[a].bytes != g->total[b].bytes)
		return g->total[a].bytes > g->total[b].bytes ? -1 : 1;
	c = strcmp(names_text(g->names, f.file), names_text(g->names, h.file));
	if (c == 0)
		c = strcmp(names_text(g->names, f.function), names_text(g->names, h.function));
	if (c == 0)
		c = f.line < h.line ? -1 : f.line > h.line;
	return c ? c : a < b ? -1 : a > b;
}

static int sum_up_and_sort(struct growth *g, struct err *e)
{
	const uint32_t count = names_stacks(g->folded);

	g->order = calloc(count + 1u, sizeof(*g->order));
	g->total = calloc(count + 1u, sizeof(*g->total));
	if (!g->order || !g->total)
		return no_memory(e);
	for (uint32_t id = count; id; id--) {
		estimate_add(&g->total[id], &g->own[id]);
		estimate_add(&g->total[names_stack_at(g->folded, id).parent], &g->total[id]);
		g->order[id - 1] = id;
	}
	qsort_r(g->order, count, sizeof(*g->order), by_caller_then_size, g);
	return 0;
}

/* Every branch knows how many are in it; so the first sibling is right behind the caller, the next behind all of the first. */
static int number_branches(const struct growth *g, struct call_tree *t, struct err *e)
{
	const uint32_t count = names_stacks(g->folded);
	_cleanup_(freep) uint32_t *inside = calloc(count + 1u, sizeof(*inside));
	_cleanup_(freep) uint32_t *number = calloc(count + 1u, sizeof(*number));
	_cleanup_(freep) uint32_t *next = calloc(count + 1u, sizeof(*next));

	t->count = count + 1;
	t->at = calloc(t->count, sizeof(*t->at));
	t->path = calloc(t->count, sizeof(*t->path));
	if (!inside || !number || !next || !t->at || !t->path)
		return no_memory(e);
	for (uint32_t id = count; id; id--)
		inside[names_stack_at(g->folded, id).parent] += ++inside[id];
	t->at[0] = (struct branch){ .after = t->count, .total = g->total[0] };
	next[0] = 1;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t id = g->order[i];
		const struct stack s = names_stack_at(g->folded, id);

		number[id] = next[s.parent];
		next[s.parent] += inside[id];
		next[id] = number[id] + 1;
		t->at[number[id]] = (struct branch){
			.parent = number[s.parent], .after = number[id] + inside[id], .place = s.frame,
			.depth = t->at[number[s.parent]].depth + 1, .own = g->own[id], .total = g->total[id],
		};
	}
	for (uint32_t stack = 0; stack <= names_stacks(g->names); stack++)
		t->of_stack[stack] = number[g->of_stack[stack]];
	return 0;
}

static int name_places(const struct growth *g, struct call_tree *t, struct err *e)
{
	t->place_count = names_frames(g->folded) + 1;
	t->places = calloc(t->place_count, sizeof(*t->places));
	if (!t->places)
		return no_memory(e);
	t->places[0] = (struct place){ ROWS_NO_PYTHON, "", 0, "" };
	for (uint32_t i = 1; i < t->place_count; i++) {
		struct frame f = names_frame_at(g->folded, i);
		bool is_file = g->r->by == BY_FILE && f.kind == FRAME_PYTHON && f.file;

		if (g->r->by == BY_MODULE && f.kind == FRAME_PYTHON) {
			f = names_frame_at(g->names, g->example[i]);
			t->places[i] = (struct place){ modules_name(g->r->rows.modules, f.file), "", 0, names_text(g->names, f.file) };
			if (!*t->places[i].function)
				t->places[i].function = "<unknown>";
			continue;
		}
		t->places[i] = (struct place){
			.function = is_file ? "" : rows_function(g->names, g->example[i]),
			.file = names_text(g->names, f.file),
			.line = f.line,
			.example = names_text(g->names, f.file),
		};
	}
	return 0;
}

int call_tree_new(struct call_tree **ret, const struct report *r, const struct report_stack *stacks, size_t count,
		  call_tree_figures *figures, struct err *e)
{
	_cleanup_(growth_done) struct growth g = { .r = r, .names = report_names(r) };
	_cleanup_(call_tree_freep) struct call_tree *t = calloc(1, sizeof(*t));
	int code;

	if (!t)
		return no_memory(e);
	t->of_stack = calloc(names_stacks(g.names) + 1u, sizeof(*t->of_stack));
	if (!t->of_stack)
		return no_memory(e);
	code = grow_all(&g, stacks, count, figures, e);
	if (code == 0)
		code = sum_up_and_sort(&g, e);
	if (code == 0)
		code = number_branches(&g, t, e);
	if (code == 0)
		code = name_places(&g, t, e);
	if (code == 0)
		*ret = TAKE(t);
	return code;
}

static struct estimate of_view(const struct report *r, const struct report_stack *s)
{
	struct estimate own = s->figures;

	(void)r;
	estimate_subtract(&own, &s->before);
	return own;
}

int call_tree_of_view(struct call_tree **ret, const struct report *r, struct err *e)
{
	_cleanup_(freep) struct report_stack *stacks = NULL;
	size_t count;
	int code = report_stacks(r, &stacks, &count, e);

	return code < 0 ? code : call_tree_new(ret, r, stacks, count, of_view, e);
}

uint32_t call_tree_path(const struct call_tree *t, uint32_t branch)
{
	const uint32_t depth = t->at[branch].depth;

	for (uint32_t i = depth; i; i--, branch = t->at[branch].parent)
		t->path[i - 1] = t->at[branch].place;
	return depth;
}

void place_name(struct buf *to, const struct place *p)
{
	if (*p->function)
		text_escape(to, p->function);
	else
		text_path(to, p->file, SIZE_MAX);
}

void place_where(struct buf *to, const struct place *p, size_t room)
{
	text_place(to, &(struct row){ .file = p->file, .line = p->line }, room);
}
