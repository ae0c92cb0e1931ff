/*
 * Figures of sites for the page: as differences to a guess, which is that more samples weigh what the samples before
 * did. web/data.js makes the same guesses, with the same doubles.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "page_private.h"

enum { BYTES, BLOCKS, SAMPLES, SURE, SPREAD, ESTIMATE_COLUMNS, ENTRY_COLUMNS = 2 * ESTIMATE_COLUMNS + 3 };

struct figures {
	int64_t live[ESTIMATE_COLUMNS], alloc[ESTIMATE_COLUMNS], temporary[ESTIMATE_COLUMNS];
};

/* The spread is kept as a standard deviation in whole bytes: an interval differs by a byte or two from the report's. */
static void spread(const struct estimate *what, int64_t to[ESTIMATE_COLUMNS])
{
	double sd = what->variance > 0 ? sqrt(what->variance) : 0;

	to[BYTES] = page_figure(what->bytes);
	to[BLOCKS] = page_figure(what->blocks);
	to[SAMPLES] = page_figure(what->samples);
	to[SURE] = page_figure(what->sure_bytes);
	to[SPREAD] = sd < (double)PAGE_FIGURE_MOST ? (int64_t)(sd + 0.5) : (int64_t)PAGE_FIGURE_MOST;
}

struct packing {
	const struct page_history *h;
	const struct page_groups *g;
	uint32_t *order;    /* entries by group, and by moment within one */
	uint32_t *of_group; /* where a group's entries begin in order; one more at the end */
	uint32_t *newest;   /* of a site: the entry that counts in its group's sum now, or PAGE_NONE */
	struct buf counts, peaks[ESTIMATE_COLUMNS], moments, columns[ENTRY_COLUMNS];
	struct estimate *peak; /* by group */
	size_t entries;
};

static void packing_done(struct packing *p)
{
	free(p->order);
	free(p->of_group);
	free(p->newest);
	free(p->peak);
	buf_done(&p->counts);
	buf_done(&p->moments);
	for (int i = 0; i < ESTIMATE_COLUMNS; i++)
		buf_done(&p->peaks[i]);
	for (int i = 0; i < ENTRY_COLUMNS; i++)
		buf_done(&p->columns[i]);
}

static int sort_entries(struct packing *p, struct err *e)
{
	const struct page_history *h = p->h;
	size_t sites = series_sample(h->series)->site_count;
	uint32_t *next;

	p->order = calloc(h->entry_count + 1, sizeof(*p->order));
	p->of_group = calloc(p->g->count + 2, sizeof(*p->of_group));
	p->newest = malloc((sites + 1) * sizeof(*p->newest));
	p->peak = calloc(p->g->count + 1, sizeof(*p->peak));
	if (!p->order || !p->of_group || !p->newest || !p->peak)
		return err_set(e, ENOMEM, "out of memory for a report");
	memset(p->newest, 0xff, (sites + 1) * sizeof(*p->newest));
	for (size_t i = 0; i < sites; i++)
		estimate_add(&p->peak[p->g->of_site[i]], &series_sample(h->series)->sites[i].peak);
	for (size_t i = 0; i < h->entry_count; i++)
		p->of_group[p->g->of_site[h->entries[i].site] + 2]++;
	for (size_t i = 0; i < p->g->count; i++)
		p->of_group[i + 2] += p->of_group[i + 1];
	next = p->of_group + 1;
	for (uint32_t i = 0; i < h->entry_count; i++)
		p->order[next[p->g->of_site[h->entries[i].site]]++] = i;
	return 0;
}

static void exchange(struct estimate *sum, const struct estimate *old, const struct estimate *new)
{
	if (old)
		estimate_subtract(sum, old);
	estimate_add(sum, new);
}

/* Rounded, and no further than figures go: a liar's samples may weigh anything. */
static int64_t whole(double v)
{
	return (int64_t)floor(fmax(-(double)PAGE_FIGURE_MOST, fmin((double)PAGE_FIGURE_MOST, v)) + 0.5);
}

/* before, and so many samples more of the kind that `of` has. */
static int64_t guess(const int64_t *before, int64_t more, const int64_t *of, int column)
{
	double weight = of[SAMPLES] ? (double)more * (double)of[column] / (double)of[SAMPLES] : 0;

	return whole((double)before[column] + weight);
}

static double square(int64_t v)
{
	return (double)v * (double)v;
}

/* Of a standard deviation: the squares add up. */
static int64_t guess_spread(double before_squared, int64_t more, const int64_t *of)
{
	double more_squared = of[SAMPLES] ? (double)more * square(of[SPREAD]) / (double)of[SAMPLES] : 0;

	return whole(sqrt(fmax(0, before_squared + more_squared)));
}

static const int64_t *first_known(const int64_t *one, const int64_t *other)
{
	return one[SAMPLES] ? one : other;
}

/* now, told by what was before: five columns, or for brief blocks three. */
static void put_guessed(struct buf *to, const int64_t *now, const int64_t *before, const int64_t *of, int columns)
{
	int64_t more = now[SAMPLES] - before[SAMPLES];

	for (int c = 0; c < columns; c++)
		if (c == SAMPLES)
			page_put_signed(&to[c], more);
		else if (c == SPREAD)
			page_put_signed(&to[c], now[c] - guess_spread(square(before[c]), more, of));
		else
			page_put_signed(&to[c], now[c] - guess(before, more, of, c));
}

/* What was allocated is what is live and what was freed; the latter is told. */
static void put_allocated(struct buf *to, const struct figures *now, const struct figures *before)
{
	const int64_t *of = first_known(before->alloc, now->live);
	int64_t freed[ESTIMATE_COLUMNS], freed_before[ESTIMATE_COLUMNS], more;

	for (int c = 0; c < ESTIMATE_COLUMNS; c++) {
		freed[c] = now->alloc[c] - now->live[c];
		freed_before[c] = before->alloc[c] - before->live[c];
	}
	more = freed[SAMPLES] - freed_before[SAMPLES];
	put_guessed(to, freed, freed_before, of, SPREAD);
	page_put_signed(&to[SPREAD], now->alloc[SPREAD] - guess_spread(square(now->live[SPREAD]) +
			   (square(before->alloc[SPREAD]) - square(before->live[SPREAD])), more, of));
}

static void put_entry(struct packing *p, const struct page_entry *sum, struct figures *before)
{
	struct figures now;

	spread(&sum->live, now.live);
	spread(&sum->alloc, now.alloc);
	spread(&sum->temporary, now.temporary);
	put_guessed(p->columns, now.live, before->live, first_known(before->live, before->alloc), ESTIMATE_COLUMNS);
	put_allocated(p->columns + ESTIMATE_COLUMNS, &now, before);
	put_guessed(p->columns + 2 * ESTIMATE_COLUMNS, now.temporary, before->temporary, now.alloc, SURE);
	*before = now;
}

static void put_peak(struct packing *p, size_t group, const struct figures *last)
{
	int64_t peak[ESTIMATE_COLUMNS];

	spread(&p->peak[group], peak);
	put_guessed(p->peaks, peak, last->live, first_known(last->live, last->alloc), ESTIMATE_COLUMNS);
}

static void pack_group(struct packing *p, size_t group)
{
	struct page_entry sum = { 0 };
	struct figures before = { 0 };
	uint32_t moment = 0, count = 0;

	for (uint32_t i = p->of_group[group]; i < p->of_group[group + 1]; i++) {
		const struct page_entry *new = &p->h->entries[p->order[i]], *old = NULL;

		if (p->newest[new->site] != PAGE_NONE)
			old = &p->h->entries[p->newest[new->site]];
		exchange(&sum.live, old ? &old->live : NULL, &new->live);
		exchange(&sum.alloc, old ? &old->alloc : NULL, &new->alloc);
		exchange(&sum.temporary, old ? &old->temporary : NULL, &new->temporary);
		p->newest[new->site] = p->order[i];
		if (i + 1 < p->of_group[group + 1] && p->h->entries[p->order[i + 1]].moment == new->moment)
			continue;
		page_put(&p->moments, new->moment - moment);
		put_entry(p, &sum, &before);
		moment = new->moment;
		count++;
	}
	page_put(&p->counts, count);
	p->entries += count;
	put_peak(p, group, &before);
}

static void append(struct buf *to, const struct buf *from)
{
	if (from->length)
		buf_add(to, from->data, from->length);
	to->failed |= from->failed;
}

int page_pack_figures(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t *ret_entries,
		      struct err *e)
{
	_cleanup_(packing_done) struct packing p = { .h = h, .g = g };
	int r = sort_entries(&p, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < g->count; i++)
		pack_group(&p, i);
	append(to, &p.counts);
	for (int i = 0; i < ESTIMATE_COLUMNS; i++)
		append(to, &p.peaks[i]);
	append(to, &p.moments);
	for (int i = 0; i < ENTRY_COLUMNS; i++)
		append(to, &p.columns[i]);
	*ret_entries = p.entries;
	return 0;
}
