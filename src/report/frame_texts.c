#include "memspy/frame_texts.h"

#include <errno.h>
#include <stdlib.h>

struct made {
	size_t at;
	size_t length; /* 0: not made yet */
};

struct frame_texts {
	const struct names *names;
	frame_text *make;
	const void *of;
	struct buf text; /* of all that were made, one behind the other */
	struct made *made; /* by frame id */
	uint32_t *path;	   /* frames of a stack; a stack is no deeper than there are stacks */
};

int frame_texts_new(struct frame_texts **ret, const struct names *names, frame_text *make, const void *of, struct err *e)
{
	struct frame_texts *t = calloc(1, sizeof(*t));

	if (t) {
		*t = (struct frame_texts){ .names = names, .make = make, .of = of };
		t->made = calloc((size_t)names_frames(names) + 1, sizeof(*t->made));
		t->path = malloc(((size_t)names_stacks(names) + 1) * sizeof(*t->path));
	}
	if (!t || !t->made || !t->path) {
		frame_texts_free(t);
		return err_set(e, ENOMEM, "out of memory for a report");
	}
	*ret = t;
	return 0;
}

void frame_texts_free(struct frame_texts *t)
{
	if (!t)
		return;
	buf_done(&t->text);
	free(t->made);
	free(t->path);
	free(t);
}

void frame_texts_add(struct frame_texts *t, struct buf *to, uint32_t frame)
{
	struct made *m = &t->made[frame];

	if (m->length == 0) {
		m->at = t->text.length;
		t->make(&t->text, t->of, frame);
		m->length = t->text.length - m->at;
	}
	if (m->length)
		buf_add(to, t->text.data + m->at, m->length);
	to->failed |= t->text.failed;
}

void frame_texts_add_leaf_first(struct frame_texts *t, struct buf *to, uint32_t stack, const char *separator)
{
	struct stack s = names_stack_at(t->names, stack);

	frame_texts_add(t, to, s.frame);
	while (s.parent) {
		s = names_stack_at(t->names, s.parent);
		buf_puts(to, separator);
		frame_texts_add(t, to, s.frame);
	}
}

void frame_texts_add_root_first(struct frame_texts *t, struct buf *to, uint32_t stack, const char *separator)
{
	size_t depth = 0;

	do {
		struct stack s = names_stack_at(t->names, stack);

		t->path[depth++] = s.frame;
		stack = s.parent;
	} while (stack);
	frame_texts_add(t, to, t->path[--depth]);
	while (depth) {
		buf_puts(to, separator);
		frame_texts_add(t, to, t->path[--depth]);
	}
}
