/* What stands around a flame graph: title, figures, style, and which colour is which module. */
#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "svg_private.h"

void svg_text(struct buf *to, const struct buf *escaped, size_t columns)
{
	size_t used = 0, cut = 0, i = 0;

	for (; i < escaped->length; i++) {
		unsigned char c = (unsigned char)escaped->data[i];

		if ((c & 0xc0) == 0x80)
			continue;
		cut = i;
		used += c >= 0xe1 ? 2 : 1;
		if (used > columns)
			break;
	}
	buf_xml(to, escaped->data ? escaped->data : "", used > columns ? cut : escaped->length);
	if (used > columns)
		buf_puts(to, "…");
	to->failed |= escaped->failed;
}

static void add_style(struct buf *to)
{
	buf_puts(to, "<style>\n"
		     "text{font:11px ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;fill:#1d1f23;pointer-events:none}\n"
		     "tspan{fill-opacity:.6}svg{background:#fff}.head{font:600 15px system-ui,sans-serif}\n"
		     ".note{font:12px system-ui,sans-serif;fill:#5a5f68}\n"
		     ".page{fill:#fff}g:hover rect{stroke:#1d1f23}\n");
	flame_colours_css(to, false);
	buf_puts(to, "\n@media(prefers-color-scheme:dark){text{fill:#eceef1}.note{fill:#a3a8b2}.page{fill:#15171b}"
		     "svg{background:#15171b}"
		     "g:hover rect{stroke:#eceef1}\n");
	flame_colours_css(to, true);
	buf_puts(to, "}\n</style>\n");
}

static void add_line(struct buf *to, const char *class, unsigned y, const struct buf *escaped)
{
	buf_printf(to, "<text class=\"%s\" x=\"%d\" y=\"%u\">", class, MARGIN, y);
	svg_text(to, escaped, 160);
	buf_puts(to, "</text>\n");
}

void svg_legend(const struct picture *p)
{
	const char *module;
	unsigned colour, x = MARGIN;
	uint64_t bytes;

	for (unsigned i = 0; (module = flame_colours_top(p->colours, i, &colour, &bytes)); i++) {
		_cleanup_(buf_done) struct buf name = { 0 };
		size_t columns;

		text_path(&name, module, LEGEND_COLUMNS);
		buf_printf(&name, " %s", units_bytes(bytes).text);
		columns = name.data ? text_columns(name.data) : 0;
		buf_printf(p->to, "<rect class=\"c%u\" x=\"%u\" y=\"62\" width=\"11\" height=\"11\"/><text x=\"%u\" y=\"71\">", colour,
			   x, x + 16);
		svg_text(p->to, &name, LEGEND_COLUMNS * 2);
		buf_puts(p->to, "</text>\n");
		x += 16 + (unsigned)(columns * LETTER_TENTHS / 10) + 20;
	}
}

void svg_head(const struct picture *p, uint32_t rows)
{
	_cleanup_(buf_done) struct buf title = { 0 };
	_cleanup_(buf_done) struct buf note = { 0 };
	const unsigned height = HEAD + rows * ROW + FOOT;

	export_name(&title, p->r);
	buf_puts(&title, ": memory ");
	export_view(&title, p->r);
	export_sum(&note, p->r);
	buf_puts(&note, "; ");
	export_sampling(&note, p->r);
	buf_puts(&note, "; memspy " MEMSPY_VERSION);
	buf_printf(p->to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		   "height=\"%u\" viewBox=\"0 0 %d %u\" role=\"img\">\n<title>", WIDTH, height, WIDTH, height);
	svg_text(p->to, &title, TITLE_COLUMNS);
	buf_puts(p->to, "</title>\n");
	add_style(p->to);
	buf_printf(p->to, "<rect class=\"page\" width=\"%d\" height=\"%u\"/>\n", WIDTH, height);
	add_line(p->to, "head", 26, &title);
	add_line(p->to, "note", 46, &note);
}
