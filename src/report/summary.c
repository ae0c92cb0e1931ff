#include "memspy/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/more.h"
#include "summary_private.h"

static void summary_freep(struct summary **s)
{
	summary_free(*s);
}

void summary_free(struct summary *s)
{
	if (!s)
		return;
	rows_done(&s->modules);
	rows_done(&s->threads);
	free(s->more);
	free(s->by_blocks);
	free(s);
}

static int by_live_blocks(const void *one, const void *other, void *summary)
{
	const struct summary *s = summary;
	const struct row *a = &s->r->rows.at[*(const uint32_t *)one], *b = &s->r->rows.at[*(const uint32_t *)other];

	if (a->own.blocks != b->own.blocks)
		return a->own.blocks < b->own.blocks ? 1 : -1;
	return a < b ? -1 : a > b;
}

static int sort_by_blocks(struct summary *s, struct err *e)
{
	s->by_blocks = calloc(s->r->rows.count + 1, sizeof(*s->by_blocks));
	if (!s->by_blocks)
		return err_set(e, ENOMEM, "out of memory for a summary");
	for (size_t i = 0; i < s->r->rows.count; i++)
		s->by_blocks[i] = (uint32_t)i;
	qsort_r(s->by_blocks, s->r->rows.count, sizeof(*s->by_blocks), by_live_blocks, s);
	return 0;
}

/* The largest growth first; only what certainly grew. */
static void find_growing(struct summary *s)
{
	for (size_t i = 0; i < s->r->rows.count; i++) {
		struct growing g = { (uint32_t)i, more_growth(s->r, &s->more[i]) };
		size_t at = s->growing_count;

		if (g.a_minute.low <= 0 ||
		    (at == GROWING_MOST && s->growing[at - 1].a_minute.bytes >= g.a_minute.bytes))
			continue;
		at -= at == GROWING_MOST;
		for (; at && s->growing[at - 1].a_minute.bytes < g.a_minute.bytes; at--)
			s->growing[at] = s->growing[at - 1];
		s->growing[at] = g;
		s->growing_count += s->growing_count < GROWING_MOST;
	}
}

static int bucket_of(uint64_t bytes)
{
	int bucket = 0;

	for (; bytes && bucket < SIZE_BUCKETS - 1; bytes >>= 1)
		bucket++;
	return bucket;
}

/* What is wrong with a stack, by what is worst. */
static double *stack_kind(struct summary *s, uint32_t stack)
{
	const struct names *n = report_names(s->r);
	double *kind = &s->stacks.whole;

	if (stack == 0)
		return &s->stacks.without;
	for (; stack; stack = names_stack_at(n, stack).parent) {
		struct frame f = names_frame_at(n, names_stack_at(n, stack).frame);

		if (f.kind == FRAME_MERGED)
			return &s->stacks.merged;
		if (f.kind == FRAME_TRUNCATED)
			kind = &s->stacks.cut;
		else if ((!f.function || !f.file) && kind == &s->stacks.whole)
			kind = &s->stacks.nameless;
	}
	return kind;
}

static void add_site(struct summary *s, size_t i)
{
	const struct site *site = &report_sample(s->r)->sites[i];
	struct estimate allocated = report_allocated(s->r, i), freed = report_freed(s->r, i);
	struct estimate temporary = report_temporary(s->r, i);
	struct summary_size *size;

	estimate_add(&s->live, &site->live);
	estimate_add(&s->allocated, &allocated);
	estimate_add(&s->freed, &freed);
	estimate_add(&s->temporary, &temporary);
	estimate_add(&s->domains[site->domain].live, &site->live);
	estimate_add(&s->domains[site->domain].allocated, &allocated);
	if (site->alloc.blocks) {
		size = &s->sizes[bucket_of(site->alloc.bytes / site->alloc.blocks)];
		size->live_bytes += site->live.bytes;
		size->live_blocks += site->live.blocks;
		size->allocated_blocks += allocated.blocks;
	}
	for (int b = 0; b < LIFETIME_BUCKETS; b++)
		s->lifetimes[b] += site->lifetimes[b];
	*stack_kind(s, site->stack) += (double)site->alloc.bytes;
}

static void share_stacks(struct summary_stacks *t)
{
	double sum = t->whole + t->cut + t->merged + t->nameless + t->without;

	if (sum <= 0)
		return;
	t->whole /= sum;
	t->cut /= sum;
	t->merged /= sum;
	t->nameless /= sum;
	t->without /= sum;
}

static int find_gap(struct summary *s, struct err *e)
{
	_cleanup_(freep) double *times = NULL;
	size_t count;
	int r = series_times(s->r->path, &times, &count, e);

	for (size_t i = 1; r == 0 && i < count && times[i] <= s->r->moments.to_seconds + 1e-6; i++)
		s->gap_seconds = fmax(s->gap_seconds, times[i] - times[i - 1]);
	s->ticks = s->r->moments.ticks;
	return r;
}

/* 96 small blocks are known to 20 %: their gamma interval is as wide as 1.96 / sqrt(96). */
static uint64_t known_bytes(const struct report *r)
{
	return 96 * report_sample(r)->sample_bytes;
}

int summary_new(struct summary **ret, const struct report *r, struct err *e)
{
	_cleanup_(summary_freep) struct summary *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return err_set(e, ENOMEM, "out of memory for a summary");
	s->r = r;
	code = more_new(&s->more, r, e);
	if (code == 0)
		code = sort_by_blocks(s, e);
	if (code == 0)
		code = rows_build(&s->modules, BY_MODULE, report_names(r), r->parts, r->part_count, e);
	if (code == 0)
		code = rows_build(&s->threads, BY_THREAD, report_names(r), r->parts, r->part_count, e);
	if (code == 0)
		code = find_gap(s, e);
	if (code < 0)
		return code;
	for (size_t i = 0; i < r->part_count; i++)
		add_site(s, i);
	share_stacks(&s->stacks);
	find_growing(s);
	s->live_sure = estimate_interval(&s->live, report_sample(r)->sample_bytes);
	s->peak_bytes = report_sample(r)->peak_bytes;
	s->known_bytes = known_bytes(r);
	*ret = TAKE(s);
	return 0;
}
