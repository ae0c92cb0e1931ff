#include "memspy/own_code.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/modules.h"

enum { DEPTH_MOST = 4096 };

void own_code_done(struct own_code *o)
{
	free(o->of_stack);
	*o = (struct own_code){ 0 };
}

static int make_room(struct own_code *o, uint32_t stack, struct err *e)
{
	size_t room = o->room ? o->room : 256;
	uint32_t *of_stack;

	if (stack < o->room)
		return 0;
	while (room <= stack)
		room *= 2;
	of_stack = realloc(o->of_stack, room * sizeof(*of_stack));
	if (!of_stack)
		return err_set(e, ENOMEM, "out of memory for %zu stacks", room);
	memset(of_stack + o->room, 0, (room - o->room) * sizeof(*of_stack));
	o->of_stack = of_stack;
	o->room = room;
	return 0;
}

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
int own_code_of(struct own_code *o, struct names *n, uint32_t stack, uint32_t *ret, struct err *e)
{
	uint32_t path[DEPTH_MOST], own = 0;
	size_t depth = 0;
	int r = make_room(o, stack, e);

	for (uint32_t at = stack; r == 0 && at && depth < DEPTH_MOST; at = names_stack_at(n, at).parent) {
		if (o->of_stack[at]) {
			own = o->of_stack[at] - 1;
			break;
		}
		path[depth++] = at;
	}
	while (r == 0 && depth) {
		uint32_t frame = names_stack_at(n, path[--depth]).frame;

		if (!is_hidden(n, frame))
			r = names_stack(n, own, frame, &own, e);
		if (r == 0)
			o->of_stack[path[depth]] = own + 1;
	}
	*ret = own ? own : stack;
	return r;
}
