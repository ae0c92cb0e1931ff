/* What the parts of the picture share: short figures, a trend, what of a list is in sight, and where a row is. */
#include <math.h>
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

/* "204 ± 24 MiB", "20.4 ± 2.4 MiB": both in the unit of the larger. half below 0: without it. */
static void change_text(const struct canvas *c, double size, double half, int decimals, char text[static 64])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double most = fmax(size, half), unit = 1;
	int i = 0;

	/* From 999.5 on the next unit is shorter. */
	for (; most >= 999.5 && i + 1 < (int)(sizeof(names) / sizeof(names[0])); i++) {
		most /= 1024;
		unit *= 1024;
	}
	if (i == 0 || most >= 99.95)
		decimals = 0;
	if (half < 0)
		snprintf(text, 64, "%.*f %s", decimals, size / unit, names[i]);
	else
		snprintf(text, 64, "%.*f %s %.*f %s", decimals, size / unit, canvas_glyph(c, "±", "+-"), decimals, half / unit, names[i]);
}

struct change_text put_change_text(const struct canvas *c, const struct difference *d, bool has_interval, int decimals)
{
	struct change_text t;
	double half = has_interval && d->high > d->low ? ((double)d->high - (double)d->low) / 2 : -1;
	char text[64];

	change_text(c, fabs((double)d->bytes), half, decimals, text);
	snprintf(t.text, sizeof(t.text), "%s%s", d->bytes < 0 ? "-" : d->bytes > 0 ? "+" : "", text);
	return t;
}

/*
 * "▲ 204 ± 24 MiB/min": an arrow says that it is beyond doubt; what may be noise is dim and has a sign. It takes what room
 * there is, or none.
 */
void put_trend(struct canvas *c, int row, int *column, int end, const struct difference *d)
{
	const bool noise = board_is_noise(d);
	const char *arrow = d->bytes > 0 ? canvas_glyph(c, "▲ ", "+") : canvas_glyph(c, "▼ ", "-");

	for (int decimals = 1; decimals >= 0; decimals--) {
		struct change_text t = put_change_text(c, d, true, decimals);
		const char *bare = t.text + (!noise && d->bytes ? 1 : 0);
		char text[96];

		snprintf(text, sizeof(text), "%s%s/min", noise ? "" : arrow, bare);
		if (*column + 1 + canvas_width(text) > end)
			continue;
		*column = canvas_put(c, row, *column + 1, end, noise ? STYLE_DIM : d->bytes > 0 ? STYLE_GROWS : STYLE_PLAIN, text);
		return;
	}
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
	enum { ROOM_FOR_BOTH = 24 };
	struct row shorter = *what;
	struct buf place = { 0 }, function = { 0 };
	int room = end - column, needed;

	shorter.file = ledger_file(&p->ledger, what->file);
	if (put_group(s, p, c, row, column, end, by, what))
		return;
	if (*what->function && (room >= ROOM_FOR_BOTH || by == BY_FUNCTION || !*what->file))
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
