/* One stack a line, root first, as flame graph tools read it: "main (app.py:3);leak (app.py:9) 52428800". */
#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/frame_texts.h"
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

static void add_frame(struct buf *to, const void *of, uint32_t frame)
{
	const struct report *r = of;
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

int report_collapsed(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(freep) struct report_stack *stacks = NULL;
	_cleanup_(frame_texts_freep) struct frame_texts *frames = NULL;
	size_t count;
	int code = report_stacks(r, &stacks, &count, e);

	(void)look;
	if (code == 0)
		code = frame_texts_new(&frames, report_names(r), add_frame, r, e);
	if (code < 0)
		return code;
	for (size_t i = 0; i < count && report_stack_bytes(&stacks[i]) > 0; i++) {
		frame_texts_add_root_first(frames, to, stacks[i].stack, ";");
		buf_putc(to, ' ');
		buf_number(to, report_stack_bytes(&stacks[i]));
		buf_putc(to, '\n');
	}
	return 0;
}
