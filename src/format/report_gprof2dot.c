/* For gprof2dot -f json, which draws who calls whom: functions, and the chain of calls behind each cost, leaf first. */
#include "memspy/call_tree.h"
#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/report_figures.h"

enum { PATH_COLUMNS = 60 };

static void add_function(struct buf *to, const struct place *p)
{
	_cleanup_(buf_done) struct buf text = { 0 };

	place_name(&text, p);
	buf_puts(to, "{\"name\":");
	export_json(to, text.data);
	if (*p->function && *p->file) {
		buf_reset(&text);
		place_where(&text, p, PATH_COLUMNS);
		buf_puts(to, ",\"module\":");
		export_json(to, text.data);
	}
	buf_putc(to, '}');
	to->failed |= text.failed;
}

int report_gprof2dot(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(call_tree_freep) struct call_tree *t = NULL;
	const char *comma = "\n";
	int code = call_tree_of_view(&t, r, e);

	(void)look;
	if (code < 0)
		return code;
	buf_printf(to, "{\"version\":0,\"costs\":[{\"description\":\"%s\",\"unit\":\"bytes\"}],\n\"functions\":[",
		   report_view_names[r->view]);
	for (uint32_t i = 0; i < t->place_count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_function(to, &t->places[i]);
	}
	buf_puts(to, "],\n\"events\":[");
	for (uint32_t i = 1; i < t->count; i++) {
		if (!t->at[i].own.bytes)
			continue;
		buf_puts(to, comma);
		buf_puts(to, "{\"callchain\":[");
		for (uint32_t depth = call_tree_path(t, i); depth; depth--) {
			export_number(to, t->path[depth - 1]);
			buf_puts(to, depth > 1 ? "," : "],\"cost\":[");
		}
		export_number(to, t->at[i].own.bytes);
		buf_puts(to, "]}");
		comma = ",\n";
	}
	buf_puts(to, "]}\n");
	return 0;
}
