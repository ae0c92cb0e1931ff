#include "plot_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/rows.h"
#include "memspy/series.h"
#include "memspy/text.h"

enum { ENTRIES_MOST = 3 << 20, NAME_COLUMNS = 26, NO_LINE = 255 };

struct entry {
	uint64_t live;
	uint32_t site, group;
};

struct plot_log {
	struct entry *at;
	size_t count, room;
	size_t most; /* entries from which on ticks are put together */
	uint32_t sites; /* one more than the largest */
	uint64_t ticks_per_group;
};

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a plot");
}

int plot_log_new(struct plot_log **ret, struct err *e)
{
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return no_memory(e);
	(*ret)->ticks_per_group = 1;
	(*ret)->most = ENTRIES_MOST;
	return 0;
}

void plot_log_free(struct plot_log *l)
{
	if (!l)
		return;
	free(l->at);
	free(l);
}

/* Two groups become one: of what a site held in both, the later figure stays. */
static int halve(struct plot_log *l, struct err *e)
{
	_cleanup_(freep) uint32_t *newest = calloc(l->sites, sizeof(*newest)); /* of a site: its last entry that is kept, + 1 */
	size_t kept = 0;

	if (!newest)
		return no_memory(e);
	for (size_t i = 0; i < l->count; i++) {
		struct entry entry = { l->at[i].live, l->at[i].site, l->at[i].group / 2 };
		uint32_t before = newest[entry.site];

		if (before && l->at[before - 1].group == entry.group) {
			l->at[before - 1].live = entry.live;
			continue;
		}
		l->at[kept++] = entry;
		newest[entry.site] = (uint32_t)kept;
	}
	l->count = kept;
	l->ticks_per_group *= 2;
	/* Where that was of little use there are as many sites as entries: there must be room for those. */
	if (kept > l->most / 4 * 3)
		l->most *= 2;
	return 0;
}

int plot_log_add(struct plot_log *l, uint32_t site, uint64_t live, uint64_t tick, struct err *e)
{
	if (l->count >= l->most && halve(l, e) < 0)
		return -ENOMEM;
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 1024;
		struct entry *more = realloc(l->at, room * sizeof(*more));

		if (!more)
			return no_memory(e);
		l->at = more;
		l->room = room;
	}
	l->at[l->count++] = (struct entry){ live, site, (uint32_t)(tick / l->ticks_per_group) };
	l->sites = site >= l->sites ? site + 1 : l->sites;
	return 0;
}

/* ---- which lines ---- */

static struct estimate larger(struct estimate a, struct estimate b)
{
	return a.bytes > b.bytes ? a : b;
}

static int build_rows(struct rows *ret, const struct series *whole, struct err *e)
{
	const struct sample *s = series_sample(whole);
	_cleanup_(freep) struct part *parts = calloc(s->site_count + 1, sizeof(*parts));

	if (!parts)
		return no_memory(e);
	for (size_t i = 0; i < s->site_count; i++)
		parts[i] = (struct part){ .stack = s->sites[i].stack, .figures = larger(s->sites[i].live, s->sites[i].peak) };
	return rows_build(ret, BY_LINE, series_names(whole), parts, s->site_count, e);
}

static char *name_of(const struct row *row)
{
	_cleanup_(buf_done) struct buf name = { 0 };

	text_place(&name, row, NAME_COLUMNS - 4);
	if (name.length == 0)
		text_escape(&name, row->function);
	return name.failed ? NULL : text_end(name.data ? name.data : "", NAME_COLUMNS);
}

static bool is_of(const struct row *row, const struct names *n, uint32_t leaf)
{
	struct frame f = names_frame_at(n, leaf);
	bool by_place = f.line && leaf && f.kind == FRAME_PYTHON;

	return row->line == f.line && strcmp(row->file, names_text(n, f.file)) == 0 &&
	       (by_place || strcmp(row->function, rows_function(n, leaf)) == 0);
}

/* The line of each site, by its place among the rows. */
static uint8_t *lines_of(const struct series *whole, const struct rows *rows, size_t most)
{
	const struct sample *s = series_sample(whole);
	const struct names *n = series_names(whole);
	uint8_t *lines = malloc(s->site_count + 1);

	for (size_t i = 0; lines && i < s->site_count; i++) {
		uint32_t leaf = rows_leaf(n, s->sites[i].stack);

		lines[i] = NO_LINE;
		for (size_t k = 0; k < most && lines[i] == NO_LINE; k++)
			if (is_of(&rows->at[k], n, leaf))
				lines[i] = (uint8_t)k;
	}
	return lines;
}

/* ---- what they held ---- */

static int replay(const struct plot_log *l, const uint8_t *lines, struct track *track, struct err *e)
{
	_cleanup_(freep) uint64_t *live = calloc((size_t)l->sites + 1, sizeof(*live));
	uint64_t sums[PLOT_LINES_MOST] = { 0 };
	size_t next = 0;

	if (!live)
		return no_memory(e);
	for (size_t i = 0; i < track->count; i++) {
		struct tick *tick = &track->ticks[i];

		for (; next < l->count && l->at[next].group <= tick->number / l->ticks_per_group; next++) {
			const struct entry *entry = &l->at[next];

			if (lines[entry->site] != NO_LINE)
				sums[lines[entry->site]] += entry->live - live[entry->site]; /* modulo 2^64: comes out right */
			live[entry->site] = entry->live;
		}
		memcpy(tick->lines, sums, sizeof(sums));
	}
	return 0;
}

int plot_log_lines(struct plot_log *l, const struct series *s, size_t most, struct track *track, struct err *e)
{
	_cleanup_(rows_done) struct rows rows = { 0 };
	_cleanup_(freep) uint8_t *lines = NULL;
	size_t count = 0;
	int r = build_rows(&rows, s, e);

	if (r < 0)
		return r;
	for (; count < most && count < PLOT_LINES_MOST && count < rows.count && rows.at[count].own.bytes; count++)
		if (!(track->lines[count] = name_of(&rows.at[count])))
			return no_memory(e);
	lines = lines_of(s, &rows, count);
	return lines ? replay(l, lines, track, e) : no_memory(e);
}
