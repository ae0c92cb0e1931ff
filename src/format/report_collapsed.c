/* One stack a line, root first, as flame graph tools read it: "main (app.py:3);leak (app.py:9) 52428800". */
#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/report_figures.h"
#include "memspy/text.h"

/* A ';' would be a frame more, a newline a stack more. */
static void add_name(struct buf *to, const char *text)
{
	_cleanup_(buf_done) struct buf escaped = { 0 };

	text_escape(&escaped, text);
	for (const char *p = escaped.data ? escaped.data : ""; *p; p++)
		if (*p == ';')
			buf_puts(to, "\\x3b");
		else
			buf_putc(to, *p);
}

static void add_frame(struct buf *to, const struct report *r, uint32_t frame)
{
	const struct names *n = report_names(r);
	struct frame f = names_frame_at(n, frame);
	const char *file = names_text(n, f.file);

	if (r->by == BY_FILE && *file) {
		add_name(to, file);
		return;
	}
	add_name(to, rows_function(n, frame));
	if (!*file)
		return;
	buf_puts(to, " (");
	add_name(to, file);
	if (r->by != BY_FUNCTION && f.line > 0)
		buf_printf(to, ":%d", f.line);
	buf_putc(to, ')');
}

static int add_stack(struct buf *to, const struct report *r, const struct report_stack *s, uint32_t **frames,
		     size_t *room)
{
	const struct names *n = report_names(r);
	uint32_t stack = s->stack;
	size_t depth = 0;

	do {
		if (depth == *room) {
			uint32_t *more = realloc(*frames, (*room ? *room * 2 : 128) * sizeof(*more));

			if (!more)
				return -ENOMEM;
			*frames = more;
			*room = *room ? *room * 2 : 128;
		}
		(*frames)[depth++] = names_stack_at(n, stack).frame;
		stack = names_stack_at(n, stack).parent;
	} while (stack);
	while (depth) {
		add_frame(to, r, (*frames)[--depth]);
		buf_putc(to, depth ? ';' : ' ');
	}
	buf_printf(to, "%lld\n", (long long)report_stack_bytes(s));
	return 0;
}

int report_collapsed(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(freep) struct report_stack *stacks = NULL;
	_cleanup_(freep) uint32_t *frames = NULL;
	size_t count, room = 0;
	int code = report_stacks(r, &stacks, &count, e);

	(void)look;
	if (code < 0)
		return code;
	for (size_t i = 0; i < count && report_stack_bytes(&stacks[i]) > 0; i++)
		if (add_stack(to, r, &stacks[i], &frames, &room) < 0)
			return err_set(e, ENOMEM, "out of memory for a report");
	return 0;
}
