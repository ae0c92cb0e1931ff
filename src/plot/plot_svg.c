/*
 * A scene as SVG. Colours are classes, so that the picture follows the reader's light or dark; text stays text, and what a
 * mark stands for is its title.
 */
#include <errno.h>
#include <string.h>

#include "plot_scene.h"

/* One decimal is a tenth of a pixel: more is but bytes. */
static void add_number(struct buf *to, double v)
{
	double tenths = v * 10;
	long n = (long)(tenths < 0 ? tenths - 0.5 : tenths + 0.5);

	if (n < 0)
		buf_putc(to, '-');
	n = n < 0 ? -n : n;
	buf_printf(to, n % 10 ? "%ld.%ld" : "%ld", n / 10, n % 10);
}

static void add_attribute(struct buf *to, const char *name, double v)
{
	buf_printf(to, " %s=\"", name);
	add_number(to, v);
	buf_putc(to, '"');
}

static void add_colours(struct buf *to, bool dark)
{
	for (int p = 0; p < PAINT_COUNT; p++)
		buf_printf(to, ".f%d{fill:#%06x}.s%d{stroke:#%06x}", p, paint_rgb((enum paint)p, dark), p,
			   paint_rgb((enum paint)p, dark));
	buf_putc(to, '\n');
}

static void add_style(struct buf *to, enum plot_theme theme)
{
	buf_puts(to, "<style>\ntext{font-family:system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif}\n"
		     "polyline{fill:none;stroke-linejoin:round;stroke-linecap:round}\n");
	add_colours(to, theme == PLOT_DARK);
	if (theme == PLOT_AUTO) {
		buf_puts(to, "@media (prefers-color-scheme:dark){");
		add_colours(to, true);
		buf_puts(to, "}\n");
	}
	buf_puts(to, "</style>\n");
}

static void add_points(struct buf *to, const struct mark *m)
{
	buf_puts(to, " points=\"");
	for (size_t i = 0; i < m->count; i++) {
		buf_puts(to, i ? " " : "");
		add_number(to, m->points[i].x);
		buf_putc(to, ',');
		add_number(to, m->points[i].y);
	}
	buf_putc(to, '"');
}

static void open_mark(struct buf *to, const char *element, char role, const struct mark *m)
{
	buf_printf(to, "<%s class=\"%c%d\"", element, role, (int)m->paint);
	if (m->opacity < 1)
		buf_printf(to, " opacity=\"%.2f\"", m->opacity);
}

static void close_mark(struct buf *to, const char *element, const struct mark *m)
{
	if (!m->text) {
		buf_puts(to, "/>\n");
		return;
	}
	buf_puts(to, "><title>");
	buf_xml(to, m->text, SIZE_MAX);
	buf_printf(to, "</title></%s>\n", element);
}

static void add_rect(struct buf *to, const struct mark *m)
{
	open_mark(to, "rect", 'f', m);
	add_attribute(to, "x", m->points[0].x);
	add_attribute(to, "y", m->points[0].y);
	add_attribute(to, "width", m->points[1].x - m->points[0].x);
	add_attribute(to, "height", m->points[1].y - m->points[0].y);
	if (m->width > 0)
		add_attribute(to, "rx", m->width);
	close_mark(to, "rect", m);
}

static void add_words(struct buf *to, const struct mark *m)
{
	static const char *const anchors[] = { "start", "middle", "end" };

	open_mark(to, "text", 'f', m);
	add_attribute(to, "x", m->points[0].x);
	add_attribute(to, "y", m->points[0].y);
	add_attribute(to, "font-size", m->width);
	if (m->anchor != ANCHOR_START)
		buf_printf(to, " text-anchor=\"%s\"", anchors[m->anchor]);
	buf_puts(to, m->bold ? " font-weight=\"600\">" : ">");
	buf_xml(to, m->text ? m->text : "", SIZE_MAX);
	buf_puts(to, "</text>\n");
}

static void add_mark(struct buf *to, const struct mark *m)
{
	switch (m->kind) {
	case MARK_LINE:
		open_mark(to, "polyline", 's', m);
		add_attribute(to, "stroke-width", m->width);
		if (m->dashed)
			buf_puts(to, " stroke-dasharray=\"5 4\"");
		add_points(to, m);
		close_mark(to, "polyline", m);
		break;
	case MARK_AREA:
		open_mark(to, "polygon", 'f', m);
		add_points(to, m);
		close_mark(to, "polygon", m);
		break;
	case MARK_RECT:
		add_rect(to, m);
		break;
	case MARK_DOT:
		open_mark(to, "circle", 'f', m);
		add_attribute(to, "cx", m->points[0].x);
		add_attribute(to, "cy", m->points[0].y);
		add_attribute(to, "r", m->width);
		close_mark(to, "circle", m);
		break;
	case MARK_TEXT:
		add_words(to, m);
		break;
	}
}

int scene_svg(const struct scene *s, enum plot_theme theme, struct buf *to, struct err *e)
{
	buf_puts(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"");
	buf_printf(to, " viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>", s->width, s->height,
		   s->width, s->height);
	buf_xml(to, s->title ? s->title : "", SIZE_MAX);
	buf_puts(to, "</title>\n<desc>");
	buf_xml(to, s->about ? s->about : "", SIZE_MAX);
	buf_puts(to, "</desc>\n");
	add_style(to, theme);
	for (size_t i = 0; i < s->count; i++)
		add_mark(to, &s->marks[i]);
	buf_puts(to, "</svg>\n");
	return s->failed || to->failed ? err_set(e, ENOMEM, "out of memory for a picture") : 0;
}
