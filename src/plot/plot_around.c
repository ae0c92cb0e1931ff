/* What stands around the dots of a terminal's chart: labels, axes, lanes, headings. */
#include <stdlib.h>
#include <string.h>

#include "memspy/text.h"
#include "plot_page.h"
#include "plot_words.h"

static int higher(const void *one, const void *other)
{
	const struct row_label *a = one, *b = other;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->curve > b->curve ? -1 : 1; /* later ones lie upon earlier ones */
}

static long label_rows(const struct page *p, const struct curve *c)
{
	const size_t mark = p->look->unicode ? 1 : 3;

	return *c->more && mark + words_columns(c->figure) + 2 + words_columns(c->name) + 2 + words_columns(c->more) > p->label_columns ? 2 : 1;
}

void around_place_labels(struct page *p)
{
	long rows = 0;

	for (size_t i = 0; i < p->chart->curve_count && p->label_count < LABELS_MOST && p->label_count < p->rows; i++) {
		const struct curve *c = &p->chart->curves[i];
		const struct spot *last = c->count ? &c->spots[c->count - 1] : NULL;
		double y;

		if (!last || !*c->figure || (c->thin && p->chart->curve_count > 6))
			continue;
		y = c->kind == CURVE_AREA ? (last->y + last->low) / 2 : last->y;
		p->labels[p->label_count++] = (struct row_label){ c, (long)(y_of(p, y) / (p->look->unicode ? 4 : 1)), label_rows(p, c) };
	}
	qsort(p->labels, p->label_count, sizeof(*p->labels), higher);
	for (size_t i = 0; i < p->label_count; i++)
		rows += p->labels[i].rows;
	for (size_t i = 0; rows > (long)p->rows && i < p->label_count; i++) {
		rows -= p->labels[i].rows - 1;
		p->labels[i].rows = 1;
	}
	for (size_t i = 1; i < p->label_count; i++)
		if (p->labels[i].row < p->labels[i - 1].row + p->labels[i - 1].rows)
			p->labels[i].row = p->labels[i - 1].row + p->labels[i - 1].rows;
	for (size_t i = p->label_count; i-- > 0;) {
		long lowest = (i + 1 < p->label_count ? p->labels[i + 1].row : (long)p->rows) - p->labels[i].rows;

		p->labels[i].row = p->labels[i].row < lowest ? p->labels[i].row : lowest;
	}
}

/* The figure is never cut, nor is the end of a name: it is what tells files and lines apart. */
static void add_label(const struct page *p, const struct row_label *l, bool first, struct buf *to)
{
	const struct curve *c = l->curve;
	const bool unicode = p->look->unicode;
	size_t used = unicode ? 1 : 3, more = l->rows == 1 && *c->more ? words_columns(c->more) + 2 : 0;

	buf_printf(to, "%s ", p->look->colour ? dots_colour(hue_of(c->colour)) : "");
	if (!unicode)
		buf_printf(to, "%c ", first ? letter_of(c) : ' ');
	if (first) {
		words_put(to, c->figure, p->label_columns - used, unicode);
		used += words_columns(c->figure) + 2 + (!unicode && strstr(c->figure, "±"));
		if (used + more < p->label_columns) {
			buf_puts(to, "  ");
			words_put_end(to, c->name, p->label_columns - used - more, unicode);
		}
		if (more && used + more < p->label_columns) {
			buf_puts(to, ", ");
			words_put(to, c->more, more - 2, unicode);
		}
	} else {
		buf_puts(to, "  ");
		words_put(to, c->more, p->label_columns - used - 2, unicode);
	}
	buf_puts(to, p->look->colour ? "\033[m" : "");
}

static const char *mark_of_row(const struct page *p, size_t row)
{
	for (size_t i = 0; i < p->byte_count; i++)
		if ((size_t)(y_of(p, p->bytes[i].at) / (p->look->unicode ? 4 : 1)) == row)
			return p->bytes[i].text;
	return NULL;
}

void around_rows(const struct page *p, struct buf *to)
{
	for (size_t row = 0; row < p->rows; row++) {
		const char *mark = mark_of_row(p, row);

		buf_printf(to, "%*s ", AXIS_COLUMNS - 2, mark ? mark : "");
		buf_puts(to, p->look->unicode ? (mark ? "┤" : "│") : (mark ? "+" : "|"));
		dots_row(&p->dots, row, p->look->colour, to);
		for (size_t i = 0; i < p->label_count; i++)
			if ((long)row >= p->labels[i].row && (long)row < p->labels[i].row + p->labels[i].rows)
				add_label(p, &p->labels[i], (long)row == p->labels[i].row, to);
		buf_putc(to, '\n');
	}
}

static size_t column_of(const struct page *p, double t)
{
	return (size_t)lround(x_of(p, t) / (p->look->unicode ? 2 : 1));
}

void around_time_axis(const struct page *p, struct buf *to)
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

void around_lanes(const struct page *p, struct buf *to)
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
		words_put_end(to, l->name, p->label_columns - 1, p->look->unicode);
		buf_putc(to, '\n');
	}
}

/* One line where there is no room for more. */
void around_heading(const struct page *p, const char *text, struct buf *to)
{
	if (p->wraps) {
		words_wrap(to, text, p->width, p->look->unicode);
	} else if (*text) {
		words_put(to, text, p->width, p->look->unicode);
		buf_putc(to, '\n');
	}
}
