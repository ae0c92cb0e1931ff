/* Names under those of others: the same text is the same string, the same frames the same stack. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/names.h"

static int take_strings(struct names *to, const struct names *from, uint32_t *of, struct err *e)
{
	int r = 0;

	for (uint32_t id = 1; id <= names_strings(from) && r == 0; id++) {
		const char *text = names_text(from, id);

		r = names_string(to, text, strlen(text), &of[id], e);
	}
	return r;
}

static int take_frames(struct names *to, const struct names *from, const uint32_t *strings, uint32_t *of, struct err *e)
{
	int r = 0;

	for (uint32_t id = 1; id <= names_frames(from) && r == 0; id++) {
		struct frame f = names_frame_at(from, id);

		f.function = strings[f.function];
		f.file = strings[f.file];
		r = names_frame(to, &f, &of[id], e);
	}
	return r;
}

static int take_stacks(struct names *to, const struct names *from, const uint32_t *frames, uint32_t *of, struct err *e)
{
	int r = 0;

	/* A parent has a smaller id: it was taken already. */
	for (uint32_t id = 1; id <= names_stacks(from) && r == 0; id++) {
		struct stack s = names_stack_at(from, id);

		r = names_stack(to, of[s.parent], frames[s.frame], &of[id], e);
	}
	return r;
}

int names_take(struct names *to, const struct names *from, uint32_t **ret_of, struct err *e)
{
	_cleanup_(freep) uint32_t *strings = calloc((size_t)names_strings(from) + 1, sizeof(*strings));
	_cleanup_(freep) uint32_t *frames = calloc((size_t)names_frames(from) + 1, sizeof(*frames));
	_cleanup_(freep) uint32_t *stacks = calloc((size_t)names_stacks(from) + 1, sizeof(*stacks));
	int r;

	if (!strings || !frames || !stacks)
		return err_set(e, ENOMEM, "out of memory for names");
	r = take_strings(to, from, strings, e);
	if (r == 0)
		r = take_frames(to, from, strings, frames, e);
	if (r == 0)
		r = take_stacks(to, from, frames, stacks, e);
	if (r < 0)
		return r;
	*ret_of = TAKE(stacks);
	return 0;
}
