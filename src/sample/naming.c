/*
 * naming: from the probe's nodes to lines that people know.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "sampler_private.h"

enum { DEPTH_MAX = PROBE_MAX_DEPTH + 8 };

void naming_done(struct naming *n)
{
	for (uint32_t i = 0; i < n->code_room; i++)
		free(n->codes[i].line_table);
	free(n->codes);
	free(n->stack_of_node);
}

static int room(void **array, uint32_t *have, uint32_t index, size_t size, struct err *e)
{
	uint32_t want = *have ? *have : 1024;
	char *more;

	if (index < *have)
		return 0;
	while (want <= index)
		want *= 2;
	more = realloc(*array, want * size);
	if (!more)
		return err_set(e, ENOMEM, "out of memory for names");
	memset(more + *have * size, 0, (want - *have) * size);
	*array = more;
	*have = want;
	return 0;
}

static int name_text(struct sampler *s, const struct heap_text *text, uint32_t *ret, struct err *e)
{
	struct buf utf8 = { 0 };
	int r;

	python_text(text->chars, text->count, text->width, &utf8);
	r = utf8.length ? names_string(s->names, utf8.data, utf8.length, ret, e)
			: names_string(s->names, "<unknown>", 9, ret, e);
	buf_done(&utf8);
	return r;
}

static int name_code(struct sampler *s, uint32_t index, struct named_code **ret, struct err *e)
{
	struct named_code *c;
	struct heap_code from;
	int r = room((void **)&s->naming.codes, &s->naming.code_room, index, sizeof(*c), e);

	if (r)
		return r;
	c = &s->naming.codes[index];
	*ret = c;
	if (c->known)
		return 0;
	if (!heap_code(s->heap, index, &from))
		from = (struct heap_code){ 0 };
	r = name_text(s, &from.name, &c->function, e);
	if (!r)
		r = name_text(s, &from.filename, &c->file, e);
	if (r)
		return r;
	c->first_line = (int)from.first_line;
	c->address = from.address;
	c->line_table_at = from.line_table_at;
	if (from.line_table.count) {
		c->line_table = malloc(from.line_table.count);
		if (!c->line_table)
			return err_set(e, ENOMEM, "out of memory for names");
		memcpy(c->line_table, from.line_table.chars, from.line_table.count);
		c->line_table_bytes = from.line_table.count;
	}
	c->known = true;
	return 0;
}

static int name_special(struct sampler *s, const char *text, uint32_t kind, uint32_t *ret, struct err *e)
{
	struct frame frame = { .kind = kind };
	int r = names_string(s->names, text, strlen(text), &frame.function, e);

	return r ? r : names_frame(s->names, &frame, ret, e);
}

/* The probe could not look where its thread's copy of the bytecode begins. We can, while the code object is there. */
static uint32_t offset_of(struct sampler *s, const struct heap_node *node, const struct named_code *code)
{
	uint32_t offset;
	struct err ignored;

	if (!node->copy)
		return node->position;
	if (!s->remote || python_offset_in_copy(s->python, s->remote, code->address, code->line_table_at, node->copy,
						node->position, &offset, &ignored))
		return PROBE_POSITION_NONE;
	return offset;
}

static int name_frame(struct sampler *s, const struct heap_node *node, uint32_t *ret, struct err *e)
{
	struct named_code *code;
	struct frame frame;
	uint32_t offset;
	int r;

	if (node->code == PROBE_CODE_TRUNCATED)
		return name_special(s, "<deeper frames>", FRAME_TRUNCATED, ret, e);
	if (node->code == PROBE_CODE_MERGED || node->code >= 1u << 24)
		return name_special(s, "<several stacks>", FRAME_MERGED, ret, e);
	r = name_code(s, node->code, &code, e);
	if (r)
		return r;
	frame = (struct frame){ .function = code->function, .file = code->file, .line = code->first_line };
	offset = offset_of(s, node, code);
	if (offset != PROBE_POSITION_NONE && code->line_table)
		frame.line = python_line(s->python, code->line_table, code->line_table_bytes, code->first_line, offset);
	return names_frame(s->names, &frame, ret, e);
}

/* Up to a node that is known, then down again: parents come first. */
int naming_stack(struct sampler *s, uint32_t index, uint32_t *ret_stack, struct err *e)
{
	uint32_t path[DEPTH_MAX];
	size_t depth = 0;
	uint32_t stack = 0;
	int r = room((void **)&s->naming.stack_of_node, &s->naming.node_room, index, sizeof(uint32_t), e);

	for (uint32_t at = index; !r && at; ) {
		struct heap_node node;

		if (s->naming.stack_of_node[at]) {
			stack = s->naming.stack_of_node[at] - 1;
			break;
		}
		if (depth == DEPTH_MAX || !heap_node(s->heap, at, &node))
			break;
		path[depth++] = at;
		at = node.parent;
	}
	while (!r && depth--) {
		struct heap_node node;
		uint32_t frame;

		if (!heap_node(s->heap, path[depth], &node))
			break;
		r = name_frame(s, &node, &frame, e);
		if (!r)
			r = names_stack(s->names, stack, frame, &stack, e);
		if (!r)
			s->naming.stack_of_node[path[depth]] = stack + 1;
	}
	*ret_stack = stack;
	return r;
}
