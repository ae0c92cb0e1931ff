/* The stacks as an indented tree for people: a page of the largest branches; the rest is counted. */
#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/format.h"
#include "memspy/outline.h"
#include "memspy/report_figures.h"
#include "memspy/report_head.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "format_private.h"

static void outline_freep(struct outline **o)
{
	outline_free(*o);
}

static void add_line(struct buf *to, const struct outline *o, const struct outline_page *p, size_t i, size_t width)
{
	const struct outline_line *line = &p->at[i];
	const char *stem = p->stems.data + line->stem;
	const size_t left = text_columns(outline_head) + text_columns(stem) + 2;
	_cleanup_(buf_done) struct buf text = { 0 };
	const size_t room = width ? width : 100;

	if (line->branch == 0) {
		buf_printf(&text, "%11s%20s  %s… %u more", units_bytes(line->rest_bytes).text, "", stem, line->rest);
	} else {
		outline_figures(o, line->branch, &text);
		buf_printf(&text, "  %s", stem);
		outline_label(o, line->branch, room > left + 40 ? (room - left) / 2 : 20, &text);
		buf_puts(&text, line->is_folded ? " …" : "");
	}
	text_line(to, &text, width);
}

int report_tree(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(outline_freep) struct outline *o = NULL;
	_cleanup_(outline_page_done) struct outline_page page = { 0 };
	_cleanup_(buf_done) struct buf titles = { 0 };
	_cleanup_(freep) bool *shown = NULL;
	int code = outline_new(&o, r, e);

	if (code < 0)
		return code;
	shown = calloc(outline_count(o), sizeof(*shown));
	if (!shown)
		return err_set(e, ENOMEM, "out of memory for a tree");
	code = outline_largest(o, look->most_rows ? look->most_rows : SIZE_MAX, shown, e);
	if (code == 0)
		code = outline_page(o, shown, &page, e);
	if (code < 0)
		return code;
	report_head(r, look->width, to);
	buf_printf(&titles, "\n%s  callers, and what they called (", outline_head);
	report_moment(r, &titles);
	buf_printf(&titles, "%s, by %s)\n", r->own_names ? ", own code" : "", rows_by_names[r->by]);
	text_fold(to, &titles, look->width, 4);
	for (size_t i = 0; i < page.count; i++)
		add_line(to, o, &page, i, look->width);
	if (page.count == 0)
		buf_puts(to, "          -  nothing that was sampled\n");
	return 0;
}
