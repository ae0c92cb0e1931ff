/* What stands around the dots of a terminal's chart: labels, axes, lanes, headings. */
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "plot_page.h"

static int higher(const void *one, const void *other)
{
	const struct row_label *a = one, *b = other;

	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->curve > b->curve ? -1 : 1; /* later ones lie upon earlier ones */
}

void around_place_labels(struct page *p)
{
	for (size_t i = 0; i < p->chart->curve_count && p->label_count < LABELS_MOST && p->label_count < p->rows; i++) {
		const struct curve *c = &p->chart->curves[i];
		const struct spot *last = c->count ? &c->spots[c->count - 1] : NULL;
		double y;

		if (!last || !*c->figure || (c->thin && p->chart->curve_count > 6))
			continue;
		y = c->kind == CURVE_AREA ? (last->y + last->low) / 2 : last->y;
		p->labels[p->label_count++] = (struct row_label){ c, (long)(y_of(p, y) / (p->look->unicode ? 4 : 1)) };
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

void around_rows(const struct page *p, struct buf *to)
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
		add_plain(p, to, l->name, p->label_columns - 1);
		buf_putc(to, '\n');
	}
}

void around_heading(const struct page *p, const char *text, struct buf *to)
{
	if (!*text)
		return;
	add_plain(p, to, text, AXIS_COLUMNS + p->columns + p->label_columns);
	buf_putc(to, '\n');
}
