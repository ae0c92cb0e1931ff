/* Tracks: what was seen of a process, moment by moment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "plot_private.h"

enum { TICKS_MOST = 1 << 16, BARS_MOST = 4096, LANES_MOST = 64, FOLD = 8 };

static void lane_done(struct lane *l)
{
	free(l->name);
	free(l->bars);
}

void tracks_done(struct tracks *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct track *track = &t->at[i];

		free(track->file);
		free(track->name);
		free(track->about);
		free(track->function);
		free(track->ticks);
		for (size_t k = 0; k < PLOT_LINES_MOST; k++)
			free(track->lines[k]);
		for (size_t k = 0; k < track->lane_count; k++)
			lane_done(&track->lanes[k]);
		free(track->lanes);
	}
	free(t->at);
	*t = (struct tracks){ 0 };
}

int tracks_add(struct tracks *t, struct track **ret, struct err *e)
{
	struct track *at;

	if (t->count >= PLOT_FILES_MOST)
		return err_set(e, E2BIG, "more than %d processes in one picture cannot be told apart", PLOT_FILES_MOST);
	at = realloc(t->at, (t->count + 1) * sizeof(*at));
	if (!at)
		return err_set(e, ENOMEM, "out of memory for a plot");
	t->at = at;
	*ret = &t->at[t->count++];
	**ret = (struct track){ 0 };
	return 0;
}

static bool is_among(const size_t *these, size_t count, size_t i)
{
	for (size_t k = 0; k < count; k++)
		if (these[k] == i)
			return true;
	return false;
}

/* Of the moments from..from + FOLD, those with the lowest and highest RSS and heap, in their order, go to `to`. */
static size_t keep_extremes(struct tick *m, size_t from, size_t to)
{
	size_t keep[4] = { from, from, from, from }, kept = to;

	for (size_t k = from; k < from + FOLD; k++) {
		keep[0] = m[k].rss < m[keep[0]].rss ? k : keep[0];
		keep[1] = m[k].rss >= m[keep[1]].rss ? k : keep[1];
		keep[2] = m[k].heap.is < m[keep[2]].heap.is ? k : keep[2];
		keep[3] = m[k].heap.is >= m[keep[3]].heap.is ? k : keep[3];
	}
	for (size_t k = from; k < from + FOLD; k++)
		if (is_among(keep, 4, k))
			m[kept++] = m[k];
	return kept;
}

void track_thin(struct track *t, size_t most)
{
	while (t->count > most && t->count > 2 * FOLD) {
		size_t kept = 1, i = 1;

		for (; i + FOLD < t->count; i += FOLD)
			kept = keep_extremes(t->ticks, i, kept);
		for (; i < t->count; i++)
			t->ticks[kept++] = t->ticks[i];
		t->count = kept;
	}
}

int track_tick(struct track *t, const struct tick *m, struct err *e)
{
	if (t->count == t->room && t->room >= TICKS_MOST)
		track_thin(t, TICKS_MOST - 1);
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct tick *more = realloc(t->ticks, room * sizeof(*more));

		if (!more)
			return err_set(e, ENOMEM, "out of memory for a plot");
		t->ticks = more;
		t->room = room;
	}
	t->ticks[t->count++] = *m;
	return 0;
}

static int find_lane(struct track *t, const char *name, struct lane **ret, struct err *e)
{
	struct lane *lanes;

	for (size_t i = 0; i < t->lane_count; i++)
		if (strcmp(t->lanes[i].name, name) == 0) {
			*ret = &t->lanes[i];
			return 0;
		}
	*ret = NULL;
	if (t->lane_count >= LANES_MOST)
		return 0;
	lanes = realloc(t->lanes, (t->lane_count + 1) * sizeof(*lanes));
	if (!lanes)
		return err_set(e, ENOMEM, "out of memory for a plot");
	t->lanes = lanes;
	lanes[t->lane_count] = (struct lane){ .name = strdup(name) };
	if (!lanes[t->lane_count].name)
		return err_set(e, ENOMEM, "out of memory for a plot");
	*ret = &lanes[t->lane_count++];
	return 0;
}

int track_bar(struct track *t, const char *name, struct bar bar, struct err *e)
{
	struct lane *lane;
	struct bar *bars;
	int r = find_lane(t, name, &lane, e);

	if (r < 0 || !lane)
		return r;
	if (lane->count >= BARS_MOST) { /* so many cannot be told apart: the last grows */
		struct bar *last = &lane->bars[lane->count - 1];

		last->from = bar.from < last->from ? bar.from : last->from;
		last->to = bar.to > last->to ? bar.to : last->to;
		return 0;
	}
	if ((lane->count & (lane->count + 1)) == 0) { /* 0, 1, 3, 7 …: room for twice as many and one */
		bars = realloc(lane->bars, (lane->count * 2 + 1) * sizeof(*bars));
		if (!bars)
			return err_set(e, ENOMEM, "out of memory for a plot");
		lane->bars = bars;
	}
	lane->bars[lane->count++] = bar;
	return 0;
}

char *plot_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return text_end(slash && slash[1] ? slash + 1 : path, 24);
}
