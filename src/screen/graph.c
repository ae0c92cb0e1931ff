#include "memspy/graph.h"

#include <math.h>
#include <stdio.h>

enum { DOTS_DOWN = 4, DOTS_ACROSS = 2 };

uint64_t graph_most(const struct history *h)
{
	uint64_t most = 1;

	for (size_t i = 0; i < h->count; i++) {
		most = h->at[i].rss_bytes > most ? h->at[i].rss_bytes : most;
		most = h->at[i].heap_bytes > most ? h->at[i].heap_bytes : most;
	}
	return most;
}

/* U+2800 and a bit per dot; the dots of a column are bits 0 1 2 6 and 3 4 5 7, from above. */
static void put_dots(struct canvas *c, int row, int column, unsigned dots, enum style style)
{
	const unsigned code = 0x2800 + dots;
	char text[4] = { (char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f)), '\0' };

	if (dots)
		canvas_put(c, row, column, column + 1, style, text);
}

static unsigned dot(int across, int down)
{
	static const unsigned char bits[DOTS_ACROSS][DOTS_DOWN] = { { 0, 1, 2, 6 }, { 3, 4, 5, 7 } };

	return 1u << bits[across][down];
}

/* How many of `room` dots a figure fills: something is never nothing. */
static int filled(uint64_t bytes, uint64_t most, int room)
{
	int dots = (int)lround((double)bytes / (double)most * room);

	return bytes && dots == 0 ? 1 : dots > room ? room : dots;
}

struct place {
	int rss, heap; /* dots from below; 0: nothing was seen then */
};

static struct place place_at(const struct history *h, size_t places, size_t i, uint64_t most, int room)
{
	struct past p;

	if (!history_place(h, places, i, &p))
		return (struct place){ 0 };
	return (struct place){ filled(p.rss_bytes, most, room), filled(p.heap_bytes, most, room) };
}

/* The line goes up or down to where its neighbour is, so that it is one. */
static bool is_line(int dot_up, int now, int before)
{
	int low = before && before < now ? before + 1 : now, high = before > now ? before - 1 : now;

	return now && dot_up >= low && dot_up <= high;
}

static void draw_cell(struct canvas *c, int row, int column, int up, const struct place *places, struct place before)
{
	unsigned line = 0, area = 0;

	for (int across = 0; across < DOTS_ACROSS; across++) {
		for (int down = 0; down < DOTS_DOWN; down++) {
			int dot_up = up + DOTS_DOWN - down;

			if (is_line(dot_up, places[across].rss, before.rss))
				line |= dot(across, down);
			else if (dot_up <= places[across].heap)
				area |= dot(across, down);
		}
		before = places[across];
	}
	put_dots(c, row, column, line | area, line ? STYLE_RSS : STYLE_HEAP);
}

/* One letter for a cell: what most of it is. */
static void draw_letter(struct canvas *c, int row, int column, int up, const struct place *places)
{
	int rss = places[1].rss ? places[1].rss : places[0].rss, heap = places[1].heap ? places[1].heap : places[0].heap;

	if (heap > up + DOTS_DOWN / 2)
		canvas_put(c, row, column, column + 1, STYLE_HEAP, "#");
	else if (rss > up && rss <= up + DOTS_DOWN)
		canvas_put(c, row, column, column + 1, STYLE_RSS, "-");
}

void graph_draw(struct canvas *c, int row, int column, int rows, int columns, const struct history *h)
{
	const size_t count = columns > 0 ? (size_t)columns * DOTS_ACROSS : 0;
	const int room = rows * DOTS_DOWN;
	const uint64_t most = graph_most(h);
	struct place before = { 0 };

	for (int x = 0; x < columns && room > 0; x++) {
		struct place places[DOTS_ACROSS];

		for (int across = 0; across < DOTS_ACROSS; across++)
			places[across] = place_at(h, count, (size_t)x * DOTS_ACROSS + (size_t)across, most, room);
		for (int y = 0; y < rows; y++) {
			int up = (rows - 1 - y) * DOTS_DOWN;

			if (c->has_unicode)
				draw_cell(c, row + y, column + x, up, places, before);
			else
				draw_letter(c, row + y, column + x, up, places);
		}
		before = places[DOTS_ACROSS - 1];
	}
}

void graph_line(struct canvas *c, int row, int column, int columns, const struct history *h)
{
	static const char letters[] = "_.-=#";
	const size_t count = columns > 0 ? (size_t)columns * DOTS_ACROSS : 0;
	uint64_t least = UINT64_MAX, most = 0, room;

	for (size_t i = 0; i < h->count; i++) {
		least = h->at[i].rss_bytes < least ? h->at[i].rss_bytes : least;
		most = h->at[i].rss_bytes > most ? h->at[i].rss_bytes : most;
	}
	if (h->count == 0)
		return;
	room = most - least > most / 50 ? most - least : most / 50 + 1;
	for (int x = 0; x < columns; x++) {
		unsigned dots = 0;
		int high = 0;

		for (int across = 0; across < DOTS_ACROSS; across++) {
			struct past p;

			if (!history_place(h, count, (size_t)x * DOTS_ACROSS + (size_t)across, &p))
				continue;
			high = 1 + filled(p.rss_bytes - least, room, DOTS_DOWN - 1);
			for (int up = 1; up <= high; up++)
				dots |= dot(across, DOTS_DOWN - up);
		}
		if (c->has_unicode)
			put_dots(c, row, column + x, dots, STYLE_RSS);
		else if (high)
			canvas_put(c, row, column + x, column + x + 1, STYLE_RSS, (char[]){ letters[high], '\0' });
	}
}
