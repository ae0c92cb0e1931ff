/*
 * How much the page tells apart, so that it stays small: what weighs little is merged, and the more there is to say of
 * it the sooner. Counted before it is made, because making it and packing it takes much longer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/rows.h"
#include "page_private.h"

/* From everything down to what fits anywhere. Thirty moments show what an hour was like; then small stacks go. */
static const struct {
	unsigned halvings; /* of the moments */
	uint32_t sites, lines;
} steps[] = {
	{ 0, PAGE_NONE, PAGE_NONE }, { 1, PAGE_NONE, PAGE_NONE }, { 2, PAGE_NONE, PAGE_NONE }, { 2, 40000, PAGE_NONE },
	{ 2, 30000, PAGE_NONE }, { 2, 24000, 16000 }, { 2, 18000, 12000 }, { 2, 14000, 9000 }, { 2, 11000, 7000 },
	{ 2, 9000, 5500 }, { 2, 7000, 4500 }, { 2, 5500, 3500 }, { 2, 4500, 2800 }, { 2, 3600, 2200 }, { 2, 2900, 1700 },
	{ 2, 2300, 1300 }, { 2, 1800, 1000 }, { 2, 1400, 800 }, { 3, 1100, 600 }, { 3, 800, 400 }, { 3, 500, 250 },
	{ 4, 300, 120 }, { 5, 100, 40 },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

/* Bytes that one takes, packed: seen with random figures. Real ones take less. */
enum { ENTRY_BYTES = 6, SITE_BYTES = 8 };

void page_weights_done(struct page_weights *w)
{
	free(w->of_site);
	free(w->of_line);
	free(w->sites);
	free(w->lines);
	*w = (struct page_weights){ 0 };
}

static double share(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : 0;
}

static int descending(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return a < b ? 1 : a > b ? -1 : 0;
}

static double *sorted(const double *of, size_t count)
{
	double *to = malloc((count + 1) * sizeof(*to));

	if (!to)
		return NULL;
	memcpy(to, of, count * sizeof(*to));
	qsort(to, count, sizeof(*to), descending);
	return to;
}

/* The largest share that a site ever has of what is live, and what it has of all that was allocated and of the peak. */
static void weigh(struct page_weights *w, const struct page_history *h)
{
	const struct sample *s = series_sample(h->series);
	uint64_t live = 1, alloc = 0, peak = 0;

	for (size_t i = 0; i < h->tick_count; i++)
		live = h->ticks[i].live > live ? h->ticks[i].live : live;
	for (size_t i = 0; i < w->site_count; i++) {
		alloc += s->sites[i].alloc.bytes;
		peak += s->sites[i].peak.bytes;
	}
	for (size_t i = 0; i < h->entry_count; i++) {
		const struct page_entry *entry = &h->entries[i];
		double now = share(entry->live.bytes, live);

		w->of_site[entry->site] = now > w->of_site[entry->site] ? now : w->of_site[entry->site];
	}
	for (size_t i = 0; i < w->site_count; i++) {
		w->of_site[i] += share(s->sites[i].alloc.bytes, alloc) + share(s->sites[i].peak.bytes, peak);
		w->of_line[rows_leaf(series_names(h->series), s->sites[i].stack)] += w->of_site[i];
	}
}

int page_weigh(struct page_weights *ret, const struct page_history *h, struct err *e)
{
	*ret = (struct page_weights){
		.site_count = series_sample(h->series)->site_count,
		.line_count = (size_t)names_frames(series_names(h->series)) + 1,
	};
	ret->of_site = calloc(ret->site_count + 1, sizeof(*ret->of_site));
	ret->of_line = calloc(ret->line_count, sizeof(*ret->of_line));
	if (!ret->of_site || !ret->of_line)
		return err_set(e, ENOMEM, "out of memory for a report");
	weigh(ret, h);
	ret->sites = sorted(ret->of_site, ret->site_count);
	ret->lines = sorted(ret->of_line, ret->line_count);
	return ret->sites && ret->lines ? 0 : err_set(e, ENOMEM, "out of memory for a report");
}

/* The weight that only `most` are above; below all where all may stay. */
static double threshold(const double *descending_weights, size_t count, uint32_t most)
{
	return count <= most ? -1 : descending_weights[most];
}

static struct page_limits limits_of(const struct page_weights *w, size_t step)
{
	return (struct page_limits){
		.small_site = threshold(w->sites, w->site_count, steps[step].sites),
		.small_line = threshold(w->lines, w->line_count, steps[step].lines),
		.halvings = steps[step].halvings,
	};
}

/* What a site becomes: itself, its line, its file; told apart by a number. */
static uint32_t group_of(const struct page_weights *w, const struct page_history *h, const struct page_limits *limits,
			 uint32_t site)
{
	const struct names *n = series_names(h->series);
	uint32_t leaf;

	if (w->of_site[site] > limits->small_site)
		return site;
	leaf = rows_leaf(n, series_sample(h->series)->sites[site].stack);
	if (w->of_line[leaf] > limits->small_line)
		return (uint32_t)w->site_count + leaf;
	return (uint32_t)(w->site_count + w->line_count) + names_frame_at(n, leaf).file;
}

/* About how many bytes the page takes within these limits. */
static int cost(const struct page_weights *w, const struct page_history *h, const struct page_limits *limits,
		double *ret, struct err *e)
{
	size_t ids = w->site_count + w->line_count + names_strings(series_names(h->series)) + 1;
	size_t entries = 0, groups = 0;
	_cleanup_(freep) uint32_t *newest = calloc(ids, sizeof(*newest)); /* moment + 1 */
	_cleanup_(freep) uint32_t *of_site = calloc(w->site_count + 1, sizeof(*of_site)); /* of each once: entries are many more */
	unsigned halvings = limits->halvings > h->halved ? limits->halvings - h->halved : 0;

	if (!newest || !of_site)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (uint32_t i = 0; i < w->site_count; i++)
		of_site[i] = group_of(w, h, limits, i);
	for (size_t i = 0; i < h->entry_count; i++) {
		uint32_t group = of_site[h->entries[i].site];
		uint32_t moment = (h->entries[i].moment >> halvings) + 1;

		groups += newest[group] == 0;
		entries += newest[group] != moment;
		newest[group] = moment;
	}
	*ret = (double)entries * ENTRY_BYTES + (double)groups * SITE_BYTES;
	return 0;
}

int page_fit(struct page_limits *ret, const struct page_weights *w, const struct page_history *h, double room,
	     struct err *e)
{
	size_t low = 0, high = STEPS - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct page_limits limits = limits_of(w, middle);
		double bytes = 0;
		int r = cost(w, h, &limits, &bytes, e);

		if (r < 0)
			return r;
		if (bytes <= room)
			high = middle;
		else
			low = middle + 1;
	}
	*ret = limits_of(w, low);
	return 0;
}
