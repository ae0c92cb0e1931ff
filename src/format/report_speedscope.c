/* For speedscope (https://www.speedscope.app): each stack is a sample that weighs what it holds. */
#include "memspy/call_tree.h"
#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/report_figures.h"

enum { PATH_COLUMNS = 60 };

/* "remember (shop/cache.py:88)": speedscope shows the name alone in its boxes; file and line tell frames apart. */
static void add_frame(struct buf *to, const struct place *p)
{
	_cleanup_(buf_done) struct buf name = { 0 };
	size_t length;

	place_name(&name, p);
	if (*p->function && *p->file) {
		buf_puts(&name, " (");
		length = name.length;
		place_where(&name, p, PATH_COLUMNS);
		if (name.length > length)
			buf_putc(&name, ')');
	}
	buf_puts(to, "{\"name\":");
	export_json(to, name.data);
	if (*p->file) {
		buf_puts(to, ",\"file\":");
		export_json_escaped(to, p->file);
	}
	if (p->line > 0)
		buf_printf(to, ",\"line\":%d", p->line);
	buf_putc(to, '}');
	to->failed |= name.failed;
}

static void add_samples(struct buf *to, const struct call_tree *t)
{
	const char *comma = "\n[";

	buf_puts(to, ",\"samples\":[");
	for (uint32_t i = 1; i < t->count; i++) {
		uint32_t depth = t->at[i].own.bytes ? call_tree_path(t, i) : 0;

		for (uint32_t k = 0; k < depth; k++) {
			buf_puts(to, k ? "," : comma);
			export_number(to, t->path[k]);
		}
		if (depth) {
			buf_putc(to, ']');
			comma = ",\n[";
		}
	}
	buf_puts(to, "],\n\"weights\":[");
	comma = "";
	for (uint32_t i = 1; i < t->count; i++) {
		if (!t->at[i].own.bytes)
			continue;
		buf_puts(to, comma);
		export_number(to, t->at[i].own.bytes);
		comma = ",";
	}
	buf_putc(to, ']');
}

int report_speedscope(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(call_tree_freep) struct call_tree *t = NULL;
	_cleanup_(buf_done) struct buf text = { 0 };
	int code = call_tree_of_view(&t, r, e);

	(void)look;
	if (code < 0)
		return code;
	export_name(&text, r);
	buf_puts(to, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"memspy " MEMSPY_VERSION
		     "\",\"name\":");
	export_json(to, text.data);
	buf_puts(to, ",\n\"shared\":{\"frames\":[");
	for (uint32_t i = 0; i < t->place_count; i++) {
		buf_puts(to, i ? ",\n" : "\n");
		add_frame(to, &t->places[i]);
	}
	buf_reset(&text);
	export_view(&text, r);
	buf_puts(&text, ": ");
	export_sum(&text, r);
	buf_puts(to, "]},\n\"profiles\":[{\"type\":\"sampled\",\"unit\":\"bytes\",\"name\":");
	export_json(to, text.data);
	buf_puts(to, ",\"startValue\":0,\"endValue\":");
	export_number(to, t->at[0].total.bytes);
	add_samples(to, t);
	buf_puts(to, "}]}\n");
	to->failed |= text.failed;
	return 0;
}
