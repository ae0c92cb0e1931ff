/* A scene as PNG, by cairo. Twice as many dots as pixels: sharp on today's screens. */
#include <cairo.h>
#include <errno.h>

#include "plot_scene.h"

enum { SCALE = 2 };

static void set_paint(cairo_t *c, const struct mark *m, bool dark)
{
	uint32_t rgb = paint_rgb(m->paint, dark);

	cairo_set_source_rgba(c, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0, m->opacity);
}

static void path_of(cairo_t *c, const struct mark *m)
{
	cairo_new_path(c);
	for (size_t i = 0; i < m->count; i++)
		cairo_line_to(c, m->points[i].x, m->points[i].y);
}

static void draw_line(cairo_t *c, const struct mark *m)
{
	static const double dashes[] = { 5, 4 };

	path_of(c, m);
	cairo_set_line_width(c, m->width);
	cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(c, CAIRO_LINE_CAP_ROUND);
	cairo_set_dash(c, dashes, m->dashed ? 2 : 0, 0);
	cairo_stroke(c);
}

static void draw_text(cairo_t *c, const struct mark *m)
{
	static const double share[] = { 0, 0.5, 1 };
	cairo_text_extents_t extents;

	cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       m->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(c, m->width);
	cairo_text_extents(c, m->text ? m->text : "", &extents);
	cairo_move_to(c, m->points[0].x - share[m->anchor] * extents.x_advance, m->points[0].y);
	cairo_show_text(c, m->text ? m->text : "");
}

static void draw(cairo_t *c, const struct mark *m, bool dark)
{
	set_paint(c, m, dark);
	switch (m->kind) {
	case MARK_LINE:
		draw_line(c, m);
		break;
	case MARK_AREA:
		path_of(c, m);
		cairo_fill(c);
		break;
	case MARK_RECT:
		cairo_rectangle(c, m->points[0].x, m->points[0].y, m->points[1].x - m->points[0].x,
				m->points[1].y - m->points[0].y);
		cairo_fill(c);
		break;
	case MARK_DOT:
		cairo_new_path(c);
		cairo_arc(c, m->points[0].x, m->points[0].y, m->width, 0, 2 * 3.14159265358979);
		cairo_fill(c);
		break;
	case MARK_TEXT:
		draw_text(c, m);
		break;
	}
}

static cairo_status_t put(void *own, const unsigned char *bytes, unsigned length)
{
	struct buf *to = own;

	buf_add(to, bytes, length);
	return to->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

int scene_png(const struct scene *s, enum plot_theme theme, struct buf *to, struct err *e)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)s->width * SCALE, (int)s->height * SCALE);
	cairo_t *c = cairo_create(surface);
	cairo_status_t status;

	cairo_scale(c, SCALE, SCALE);
	for (size_t i = 0; i < s->count; i++)
		draw(c, &s->marks[i], theme == PLOT_DARK);
	status = cairo_status(c);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(surface, put, to);
	cairo_destroy(c);
	cairo_surface_destroy(surface);
	if (s->failed || to->failed)
		return err_set(e, ENOMEM, "out of memory for a picture");
	if (status != CAIRO_STATUS_SUCCESS)
		return err_set(e, EIO, "cannot make a PNG: %s", cairo_status_to_string(status));
	return 0;
}
