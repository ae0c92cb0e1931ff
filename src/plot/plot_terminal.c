/* A chart in a terminal: Braille dots where there is UTF-8, letters elsewhere. Figures stand where their lines end. */
#include <errno.h>
#include <math.h>

#include "plot_page.h"
#include "plot_words.h"

enum { WIDTH_LEAST = 40, WIDTH_USUAL = 100, HEIGHT_LEAST = 10, HEIGHT_USUAL = 24, CHART_LEAST = 8, LABEL_COLUMNS = 40 };

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
			 hue_of(c->colour), c->colour >= 1000 ? '-' : '\'');
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

static void measure(struct page *p)
{
	const size_t width = p->look->width ? p->look->width > WIDTH_LEAST ? p->look->width : WIDTH_LEAST : WIDTH_USUAL;
	const size_t height = p->look->height ? p->look->height > HEIGHT_LEAST ? p->look->height : HEIGHT_LEAST : HEIGHT_USUAL;
	const char *const headings[] = { p->chart->title, p->chart->about, p->chart->note };
	size_t around = 2 + p->chart->lane_count, wrapped = around;

	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		around += *headings[i] != '\0';
		wrapped += words_wrap(NULL, headings[i], width, p->look->unicode);
	}
	p->wraps = height >= wrapped + CHART_LEAST;
	around = p->wraps ? wrapped : around;
	p->width = width;
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
	around_place_labels(&page);
	around_heading(&page, p->chart.title, to);
	around_heading(&page, p->chart.about, to);
	around_lanes(&page, to);
	around_rows(&page, to);
	around_time_axis(&page, to);
	around_heading(&page, p->chart.note, to);
	if (!page.dots.cells)
		to->failed = true;
	dots_done(&page.dots);
	return to->failed ? err_set(e, ENOMEM, "out of memory for a plot") : 0;
}
