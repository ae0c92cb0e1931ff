/* A chart in a terminal: Braille dots where there is UTF-8, letters elsewhere. Figures stand where their lines end. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "plot_dots.h"
#include "plot_private.h"

enum {
	WIDTH_LEAST = 40, WIDTH_USUAL = 100, HEIGHT_LEAST = 10, HEIGHT_USUAL = 24,
	AXIS_COLUMNS = 11, LABEL_COLUMNS = 40, LABELS_MOST = 32,
};

struct label {
	const struct curve *curve;
	long row;
};

struct page {
	const struct chart *chart;
	const struct plot_look *look;
	struct dots dots;
	size_t columns, rows, label_columns;
	struct label labels[LABELS_MOST];
	size_t label_count;
	struct axis_mark bytes[AXIS_MOST], times[AXIS_MOST];
	size_t byte_count, time_count;
};

static size_t hue_of(size_t colour)
{
	return colour >= 199 ? 199 : colour;
}

/* Of ASCII: which curve it is. */
static char letter_of(const struct curve *c)
{
	return c->colour >= 1000 ? '-' : "*o+x%@&$"[c->colour % 8];
}

static double x_of(const struct page *p, double t)
{
	return (t - p->chart->from) / (p->chart->to - p->chart->from) * (double)(p->dots.across - 1);
}

static double y_of(const struct page *p, double bytes)
{
	return (1 - fmin(1, bytes / p->chart->top)) * (double)(p->dots.down - 1);
}

/* One dot of a cell: lighter than any line. */
static void draw_interval(struct page *p, const struct curve *c)
{
	for (size_t i = 0; i + 1 < c->count; i++) {
		const struct spot *a = &c->spots[i], *b = &c->spots[i + 1];
		double x0 = x_of(p, a->t), x1 = x_of(p, b->t);

		for (long x = (long)ceil(x0); (double)x <= x1; x++) {
			double share = x1 > x0 ? ((double)x - x0) / (x1 - x0) : 0;
			long top = lround(y_of(p, a->high + (b->high - a->high) * share));
			long bottom = lround(y_of(p, a->low + (b->low - a->low) * share));

			for (long y = top; y <= bottom; y++)
				if (!p->look->unicode || (x % 2 == 0 && y % 4 == 1))
					dots_put(&p->dots, x, y, hue_of(c->colour), '.');
		}
	}
}

static void draw_curve(struct page *p, const struct curve *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct spot *a = &c->spots[i ? i - 1 : 0], *b = &c->spots[i];

		if (a->y <= 0 && b->y <= 0) /* nothing there: the axis is drawn already */
			continue;
		dots_line(&p->dots, x_of(p, a->t), y_of(p, a->y), x_of(p, b->t), y_of(p, b->y), hue_of(c->colour),
			  letter_of(c));
	}
}

static void draw_dashed(struct page *p, const struct curve *c)
{
	double x0 = x_of(p, c->spots[0].t), y0 = y_of(p, c->spots[0].y), x1 = x_of(p, c->spots[1].t), y1 = y_of(p, c->spots[1].y);

	for (double x = x0; x <= x1; x += 4)
		dots_put(&p->dots, lround(x), lround(y0 + (y1 - y0) * (x1 > x0 ? (x - x0) / (x1 - x0) : 0)),
			 hue_of(c->colour), '\'');
}

static void draw_curves(struct page *p)
{
	const struct chart *c = p->chart;

	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].has_interval && c->curves[i].kind == CURVE_LINE)
			draw_interval(p, &c->curves[i]);
	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].kind == CURVE_DASHED && c->curves[i].count == 2)
			draw_dashed(p, &c->curves[i]);
	for (size_t i = 0; i < c->curve_count; i++)
		if (c->curves[i].kind != CURVE_DASHED)
			draw_curve(p, &c->curves[i]);
}

static int higher(const void *one, const void *other)
{
	const struct label *a = one, *b = other;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->curve > b->curve ? -1 : 1; /* later ones lie upon earlier ones */
}

/* Each in the row where its line ends, or as near as the others let it. */
static void place_labels(struct page *p)
{
	for (size_t i = 0; i < p->chart->curve_count && p->label_count < LABELS_MOST && p->label_count < p->rows; i++) {
		const struct curve *c = &p->chart->curves[i];
		const struct spot *last = c->count ? &c->spots[c->count - 1] : NULL;
		double y;

		if (!last || !*c->figure || (c->thin && p->chart->curve_count > 6))
			continue;
		y = c->kind == CURVE_AREA ? (last->y + last->low) / 2 : last->y;
		p->labels[p->label_count++] = (struct label){ c, (long)(y_of(p, y) / (p->look->unicode ? 4 : 1)) };
	}
	qsort(p->labels, p->label_count, sizeof(*p->labels), higher);
	for (size_t i = 1; i < p->label_count; i++)
		if (p->labels[i].row <= p->labels[i - 1].row)
			p->labels[i].row = p->labels[i - 1].row + 1;
	for (size_t i = p->label_count; i-- > 0;) {
		long lowest = i + 1 < p->label_count ? p->labels[i + 1].row - 1 : (long)p->rows - 1;

		p->labels[i].row = p->labels[i].row < lowest ? p->labels[i].row : lowest;
	}
}

/* At most so many columns of text that was escaped already. */
static void add_cut(struct buf *to, const char *text, size_t columns)
{
	for (size_t used = 0; *text; text++) {
		used += ((unsigned char)*text & 0xc0) != 0x80;
		if (used > columns)
			return;
		buf_putc(to, *text);
	}
}

/* Without UTF-8 a character that is none of ASCII is a question mark, and a sign we made has a stand-in. */
static void add_plain(const struct page *p, struct buf *to, const char *text, size_t columns)
{
	_cleanup_(buf_done) struct buf plain = { 0 };

	if (p->look->unicode) {
		add_cut(to, text, columns);
		return;
	}
	for (const unsigned char *s = (const unsigned char *)text; *s; s++)
		if (strncmp((const char *)s, "±", 2) == 0) {
			buf_puts(&plain, "+-");
			s++;
		} else if (strncmp((const char *)s, "…", 3) == 0) {
			buf_puts(&plain, "..");
			s += 2;
		} else if (*s < 0x80) {
			buf_putc(&plain, (char)*s);
		} else if ((*s & 0xc0) != 0x80) {
			buf_putc(&plain, '?');
		}
	add_cut(to, plain.data ? plain.data : "", columns);
}

static void add_label(const struct page *p, const struct curve *c, struct buf *to)
{
	_cleanup_(buf_done) struct buf words = { 0 };

	buf_puts(&words, " ");
	if (!p->look->unicode)
		buf_printf(&words, "%c ", letter_of(c));
	buf_printf(&words, "%s  %s", c->figure, c->name);
	if (*c->more)
		buf_printf(&words, ", %s", c->more);
	buf_puts(to, p->look->colour ? dots_colour(hue_of(c->colour)) : "");
	add_plain(p, to, words.data ? words.data : "", p->label_columns);
	buf_puts(to, p->look->colour ? "\033[m" : "");
}

static const char *mark_of_row(const struct page *p, size_t row)
{
	for (size_t i = 0; i < p->byte_count; i++)
		if ((size_t)(y_of(p, p->bytes[i].at) / (p->look->unicode ? 4 : 1)) == row)
			return p->bytes[i].text;
	return NULL;
}

static void add_rows(const struct page *p, struct buf *to)
{
	for (size_t row = 0; row < p->rows; row++) {
		const char *mark = mark_of_row(p, row);

		buf_printf(to, "%*s ", AXIS_COLUMNS - 2, mark ? mark : "");
		buf_puts(to, p->look->unicode ? (mark ? "┤" : "│") : (mark ? "+" : "|"));
		dots_row(&p->dots, row, p->look->colour, to);
		for (size_t i = 0; i < p->label_count; i++)
			if (p->labels[i].row == (long)row)
				add_label(p, p->labels[i].curve, to);
		buf_putc(to, '\n');
	}
}

static size_t column_of(const struct page *p, double t)
{
	return (size_t)lround(x_of(p, t) / (p->look->unicode ? 2 : 1));
}

static void add_time_axis(const struct page *p, struct buf *to)
{
	size_t used = 0;

	text_pad(to, AXIS_COLUMNS - 1);
	buf_puts(to, p->look->unicode ? "└" : "+");
	for (size_t column = 0; column < p->columns; column++) {
		bool mark = false;

		for (size_t i = 0; i < p->time_count; i++)
			mark |= column_of(p, p->times[i].at) == column;
		buf_puts(to, p->look->unicode ? (mark ? "┴" : "─") : (mark ? "+" : "-"));
	}
	buf_putc(to, '\n');
	text_pad(to, AXIS_COLUMNS);
	for (size_t i = 0; i < p->time_count; i++) {
		size_t length = strlen(p->times[i].text), middle = column_of(p, p->times[i].at);
		size_t from = middle > length / 2 ? middle - length / 2 : 0;

		if (from < used + (used > 0) || from + length > p->columns + p->label_columns)
			continue;
		text_pad(to, from - used);
		buf_puts(to, p->times[i].text);
		used = from + length;
	}
	buf_putc(to, '\n');
}

static void add_lanes(const struct page *p, struct buf *to)
{
	for (size_t i = 0; i < p->chart->lane_count; i++) {
		const struct lane *l = &p->chart->lanes[i];

		text_pad(to, AXIS_COLUMNS);
		buf_puts(to, p->look->colour ? dots_colour(hue_of(l->colour)) : "");
		for (size_t column = 0; column < p->columns; column++) {
			bool there = false;

			for (size_t k = 0; k < l->count && !there; k++)
				there = l->bars[k].to >= p->chart->from && l->bars[k].from <= p->chart->to &&
					column_of(p, fmax(l->bars[k].from, p->chart->from)) <= column &&
					column <= column_of(p, fmin(l->bars[k].to, p->chart->to));
			buf_puts(to, !there ? " " : p->look->unicode ? "━" : "=");
		}
		buf_puts(to, p->look->colour ? "\033[m " : " ");
		add_plain(p, to, l->name, p->label_columns - 1);
		buf_putc(to, '\n');
	}
}

static void add_heading(const struct page *p, const char *text, struct buf *to)
{
	if (!*text)
		return;
	add_plain(p, to, text, AXIS_COLUMNS + p->columns + p->label_columns);
	buf_putc(to, '\n');
}

static void measure(struct page *p)
{
	const size_t width = p->look->width ? p->look->width > WIDTH_LEAST ? p->look->width : WIDTH_LEAST : WIDTH_USUAL;
	const size_t height = p->look->height ? p->look->height > HEIGHT_LEAST ? p->look->height : HEIGHT_LEAST : HEIGHT_USUAL;
	const size_t around = 4 + (*p->chart->note != '\0') + p->chart->lane_count;

	p->label_columns = width * 2 / 5 < LABEL_COLUMNS ? width * 2 / 5 : LABEL_COLUMNS;
	p->columns = width - AXIS_COLUMNS - p->label_columns;
	p->rows = height > around + 5 ? height - around : 5;
	dots_init(&p->dots, p->columns, p->rows, p->look->unicode);
	p->byte_count = axis_bytes(p->chart->top, p->rows / 3 + 1, p->bytes);
	p->time_count = axis_time(p->chart->from, p->chart->to, p->chart->wall, p->columns / 12 + 1, p->times);
}

int plot_terminal(const struct plot *p, const struct plot_look *look, struct buf *to, struct err *e)
{
	struct page page = { .chart = &p->chart, .look = look };

	measure(&page);
	draw_curves(&page);
	place_labels(&page);
	add_heading(&page, p->chart.title, to);
	add_heading(&page, p->chart.about, to);
	add_lanes(&page, to);
	add_rows(&page, to);
	add_time_axis(&page, to);
	add_heading(&page, p->chart.note, to);
	if (!page.dots.cells)
		to->failed = true;
	dots_done(&page.dots);
	return to->failed ? err_set(e, ENOMEM, "out of memory for a plot") : 0;
}
