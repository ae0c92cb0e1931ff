/* What the parts of the picture share: short figures, a trend, what of a list is in sight, and where a row is. */
#include <stdio.h>
#include <string.h>

#include "memspy/text.h"
#include "memspy/units.h"
#include "screen_private.h"

struct units_text short_bytes(double bytes)
{
	static const char letters[] = "KMGTPE";
	struct units_text t;
	int i = -1;

	for (; bytes >= 999.5 && i + 1 < (int)strlen(letters); i++)
		bytes /= 1024;
	if (i < 0)
		snprintf(t.text, sizeof(t.text), "%.0f", bytes);
	else
		snprintf(t.text, sizeof(t.text), bytes < 99.95 ? "%.1f%c" : "%.0f%c", bytes, letters[i]);
	return t;
}

struct units_text short_seconds(double seconds)
{
	static const struct {
		double most, in;
		const char *format;
	} forms[] = {
		{ 99.5, 1, "%.0fs" }, { 600, 60, "%.1fm" }, { 5970, 60, "%.0fm" }, { 172800, 3600, "%.1fh" }, { 8640000, 86400, "%.1fd" },
	};
	struct units_text t;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (seconds < forms[i].most) {
			snprintf(t.text, sizeof(t.text), forms[i].format, seconds / forms[i].in);
			return t;
		}
	snprintf(t.text, sizeof(t.text), "%.0fd", seconds / 86400);
	return t;
}

/* "▲ 3.1 MiB/min"; what is less than a thousandth of the whole is noise. */
void put_trend(struct canvas *c, int row, int *column, int end, double per_minute, uint64_t of)
{
	double size = per_minute < 0 ? -per_minute : per_minute;
	char text[64];

	if (size < 65536 || size < (double)of / 1000)
		return;
	snprintf(text, sizeof(text), "%s %s/min", per_minute > 0 ? canvas_glyph(c, "▲", "+") : canvas_glyph(c, "▼", "-"),
		 units_bytes((uint64_t)size).text);
	if (*column + 1 + canvas_width(text) <= end)
		*column = canvas_put(c, row, *column + 1, end, per_minute > 0 ? STYLE_GROWS : STYLE_PLAIN, text);
}

size_t draw_from(size_t top, size_t at, size_t count, int rows)
{
	size_t room = rows > 0 ? (size_t)rows : 1;

	if (top + room > count)
		top = count > room ? count - room : 0;
	if (at < top)
		return at;
	return at >= top + room ? at - room + 1 : top;
}

/* Where a row has no place of its own, what it stands for; false where it has one. */
static bool put_group(const struct screen *s, const struct shown *p, struct canvas *c, int row, int column, int end,
		      enum rows_by by, const struct row *what)
{
	struct buf text = { 0 };

	if (by == BY_MODULE || by == BY_THREAD)
		screen_name_row(s, p, what, by, &text);
	if (text.data)
		canvas_put(c, row, column, end, STYLE_PLAIN, text.data);
	buf_done(&text);
	return by == BY_MODULE || by == BY_THREAD;
}

void draw_where(const struct screen *s, const struct shown *p, struct canvas *c, int row, int column, int end, enum rows_by by,
		const struct row *what)
{
	struct row shorter = *what;
	struct buf place = { 0 }, function = { 0 };
	int room = end - column, needed;

	shorter.file = ledger_file(&p->ledger, what->file);
	if (put_group(s, p, c, row, column, end, by, what))
		return;
	if (*what->function)
		text_escape(&function, what->function);
	needed = function.data ? canvas_width(function.data) : 0;
	/* The place is cut from its left, down to what tells files apart; then the function from its right. */
	needed = needed > room / 2 ? room / 2 : needed;
	text_place(&place, &shorter, room - needed - 1 > 8 ? (size_t)(room - needed - 1) : 8);
	if (by == BY_FUNCTION && function.data) {
		column = canvas_put(c, row, column, end, STYLE_PLAIN, function.data);
		canvas_put(c, row, column + 1, end, STYLE_DIM, place.data ? place.data : "");
	} else {
		if (place.data)
			column = canvas_put(c, row, column, end, STYLE_PLAIN, place.data) + 1;
		canvas_put(c, row, column, end, place.data ? STYLE_DIM : STYLE_PLAIN,
			   function.data ? function.data : "");
	}
	buf_done(&place);
	buf_done(&function);
}
