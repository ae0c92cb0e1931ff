/*
 * What is the program's own: stacks without the frames of the import system and of the standard library. Memory is then
 * told of the code that asked them for it.
 */
#include <string.h>

#include "ledger_private.h"
#include "memspy/modules.h"

enum { DEPTH_MOST = 4096 };

static bool is_of_python(const char *file)
{
	enum module_kind kind;

	module_path(file, &kind);
	return kind == MODULE_STANDARD || kind == MODULE_IMPORT || strncmp(file, "<frozen ", 8) == 0;
}

static bool is_hidden(const struct names *n, uint32_t frame)
{
	struct frame f = names_frame_at(n, frame);

	return f.kind == FRAME_PYTHON && is_of_python(names_text(n, f.file));
}

/* Parents have smaller ids: everything up to a stack is answered once, in order. */
int ledger_own_code(struct ledger *l, uint32_t stack, uint32_t *ret, struct err *e)
{
	struct ledger_private *p = l->private;
	uint32_t path[DEPTH_MOST], own = 0;
	size_t depth = 0;
	int r = ledger_room(&p->own_code, &p->own_room, stack, e);

	for (uint32_t at = stack; r == 0 && at && depth < DEPTH_MOST; at = names_stack_at(l->names, at).parent) {
		if (p->own_code[at]) {
			own = p->own_code[at] - 1;
			break;
		}
		path[depth++] = at;
	}
	while (r == 0 && depth) {
		uint32_t frame = names_stack_at(l->names, path[--depth]).frame;

		if (!is_hidden(l->names, frame))
			r = names_stack(l->names, own, frame, &own, e);
		if (r == 0)
			p->own_code[path[depth]] = own + 1;
	}
	*ret = own ? own : stack;
	return r;
}
