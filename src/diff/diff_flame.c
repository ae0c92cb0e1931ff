#include "diff_flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"

void flame_done(struct flame *f)
{
	names_free(f->names);
	free(f->at);
	*f = (struct flame){ 0 };
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a flame graph");
}

static int take_frame(struct names *to, const struct names *from, uint32_t frame, uint32_t *ret, struct err *e)
{
	struct frame f = names_frame_at(from, frame);
	const char *function = rows_function(from, frame), *file = names_text(from, f.file);
	int r = names_string(to, function, strlen(function), &f.function, e);

	f.line = 0;
	if (r == 0)
		r = names_string(to, file, strlen(file), &f.file, e);
	return r == 0 ? names_frame(to, &f, ret, e) : r;
}

/* The node of each stack: stacks that differ in lines only are one. Stack s of `names` is node s. */
static int make_names(struct flame *f, const struct names *from, uint32_t *of_stack, struct err *e)
{
	_cleanup_(freep) uint32_t *of_frame = calloc((size_t)names_frames(from) + 1, sizeof(*of_frame));
	int r = of_frame ? names_new(&f->names, e) : no_memory(e);

	for (uint32_t id = 1; id <= names_frames(from) && r == 0; id++)
		r = take_frame(f->names, from, id, &of_frame[id], e);
	for (uint32_t id = 1; id <= names_stacks(from) && r == 0; id++) {
		struct stack s = names_stack_at(from, id);

		r = names_stack(f->names, of_stack[s.parent], of_frame[s.frame], &of_stack[id], e);
	}
	return r;
}

/* What no Python stood behind is a node of its own, the last: node 0 is the whole. */
static void add_parts(struct flame *f, const struct diff *d, const uint32_t *of_stack)
{
	for (size_t i = 0; i < d->part_count; i++) {
		const struct part *p = &d->parts[i];
		struct flame_node *node = &f->at[p->stack ? of_stack[p->stack] : f->count - 1];

		estimate_add(&node->before, &p->before);
		estimate_add(&node->after, &p->figures);
		estimate_add(&node->came, &p->came);
	}
	for (size_t i = 1; i < f->count; i++) {
		struct flame_node *node = &f->at[i];

		node->own_before = node->before.bytes;
		node->own_after = node->after.bytes;
		node->width = node->own_before > node->own_after ? node->own_before : node->own_after;
	}
	for (size_t i = f->count - 1; i > 0; i--) {
		const struct flame_node *node = &f->at[i];
		struct flame_node *parent = &f->at[node->parent];

		estimate_add(&parent->before, &node->before);
		estimate_add(&parent->after, &node->after);
		estimate_add(&parent->came, &node->came);
		parent->width = parent->width > UINT64_MAX / 2 - node->width / 2 ? UINT64_MAX / 2 : parent->width + node->width;
	}
}

static size_t count_wider(const struct flame *f, uint64_t width)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->at[i].width >= width;
	return n;
}

/* A parent is at least as wide as its children: who is wide enough has parents that are. */
static void show_widest(struct flame *f, size_t most)
{
	uint64_t width = f->at[0].width / 20000 + 1;

	while (count_wider(f, width) > most && width < UINT64_MAX / 4)
		width += width / 2 + 1;
	for (size_t i = 0; i < f->count; i++)
		f->at[i].shown = i == 0 || f->at[i].width >= width;
	f->shown = count_wider(f, width);
	f->left_out = count_wider(f, 1) - f->shown;
}

int flame_make(struct flame *ret, const struct diff *d, size_t most_shown, struct err *e)
{
	_cleanup_(freep) uint32_t *of_stack = calloc((size_t)names_stacks(d->names) + 1, sizeof(*of_stack));
	_cleanup_(flame_done) struct flame f = { 0 };
	int r = of_stack ? make_names(&f, d->names, of_stack, e) : no_memory(e);

	if (r < 0)
		return r;
	f.count = (size_t)names_stacks(f.names) + 2;
	f.at = calloc(f.count, sizeof(*f.at));
	if (!f.at)
		return no_memory(e);
	for (uint32_t i = 1; i + 1 < f.count; i++) {
		f.at[i].parent = names_stack_at(f.names, i).parent;
		f.at[i].frame = names_stack_at(f.names, i).frame;
	}
	add_parts(&f, d, of_stack);
	show_widest(&f, most_shown);
	*ret = f;
	f = (struct flame){ 0 };
	return 0;
}
