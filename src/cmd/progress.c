#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/buf.h"
#include "memspy/terminal.h"
#include "memspy/units.h"
#include "progress_private.h"

enum { BAR_MAX = 38, BAR_MIN = 8, LABEL_COLUMNS = 13 };
/* What figures take at most, so that the line does not jump: "600 s of 10 min   RSS 612.4 MiB   heap 540.2 MiB ± 100 %". */
enum { FIGURE_COLUMNS = 56, TREND_COLUMNS = 19, LOST_COLUMNS = 13 };

static bool shown;

static void bar(struct buf *to, double share, int width)
{
	bool unicode = terminal_has_unicode(), colour = terminal_has_colour(STDERR_FILENO);
	int done = (int)(share * width);

	for (int i = 0; i < width; i++) {
		if (i == done && colour)
			buf_puts(to, "\033[2m");
		buf_puts(to, i < done ? (unicode ? "━" : "=") : (unicode ? "─" : "-"));
	}
	if (colour)
		buf_puts(to, "\033[0m");
	buf_puts(to, "  ");
}

static void figures(struct buf *to, const struct progress *p, bool has_trend)
{
	bool unicode = terminal_has_unicode();

	buf_printf(to, "%.0f s", p->elapsed_s);
	if (p->duration_s > 0)
		buf_printf(to, " of %s", units_seconds(p->duration_s).text);
	buf_printf(to, "   RSS %s", units_bytes(p->rss_bytes).text);
	if (has_trend && p->elapsed_s >= 5 && p->rss_per_minute > 65536)
		buf_printf(to, " %s%s/min", unicode ? "▲ " : "+", units_bytes((uint64_t)p->rss_per_minute).text);
	else if (has_trend && p->elapsed_s >= 5 && p->rss_per_minute < -65536)
		buf_printf(to, " %s%s/min", unicode ? "▼ " : "-", units_bytes((uint64_t)-p->rss_per_minute).text);
	if (p->has_heap && p->heap_bytes)
		buf_printf(to, "   heap %s %s %.0f %%", units_bytes(p->heap_bytes).text, unicode ? "±" : "+-",
			   50 * (double)(p->heap_high_bytes - p->heap_low_bytes) / (double)p->heap_bytes);
	if (p->lost)
		buf_printf(to, "   lost %llu", (unsigned long long)p->lost);
}

/* A line that wraps cannot be taken back: what does not fit is left out. */
static void add_columns(struct buf *to, const char *text, int columns)
{
	for (; *text; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && columns-- <= 0)
			return;
		buf_putc(to, *text);
	}
}

void progress_show(const struct progress *p)
{
	struct buf line = { 0 }, text = { 0 };
	int width, room, needed = FIGURE_COLUMNS + (p->lost ? LOST_COLUMNS : 0);
	bool has_bar = p->duration_s > 0, has_trend;

	if (!terminal_is(STDERR_FILENO))
		return;
	room = terminal_width(STDERR_FILENO) - LABEL_COLUMNS - 1;
	has_trend = room >= needed + TREND_COLUMNS + (has_bar ? BAR_MIN + 2 : 0);
	width = room - needed - (has_trend ? TREND_COLUMNS : 0) - 2;
	width = width > BAR_MAX ? BAR_MAX : width;
	buf_puts(&line, "\r\033[K  recording  ");
	if (has_bar && width >= BAR_MIN) {
		bar(&line, p->elapsed_s >= p->duration_s ? 1 : p->elapsed_s / p->duration_s, width);
		room -= width + 2;
	}
	figures(&text, p, has_trend);
	add_columns(&line, text.data ? text.data : "", room);
	if (!line.failed)
		fputs(line.data, stderr);
	fflush(stderr);
	buf_done(&text);
	buf_done(&line);
	shown = true;
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
