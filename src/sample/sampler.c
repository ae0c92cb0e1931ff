#include "memspy/sampler.h"

#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/proc.h"
#include "sampler_private.h"

enum { DETAIL_COST_FACTOR = 100 }; /* smaps_rollup holds the mmap lock of the target: at most 1 % of the time */
#define DETAIL_PERIOD_NS 10000000000u

int sampler_new(struct sampler **ret, pid_t pid, struct heap *heap, const struct python *python, struct remote *remote,
		struct err *e)
{
	_cleanup_(sampler_freep) struct sampler *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->pid = pid;
	s->heap = heap;
	s->python = python;
	s->remote = remote;
	r = names_new(&s->names, e);
	if (r)
		return r;
	*ret = TAKE(s);
	return 0;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	naming_done(&s->naming);
	names_free(s->names);
	free(s);
}

const struct names *sampler_names(const struct sampler *s)
{
	return s->names;
}

/* PSS and its like cost milliseconds on large heaps, under a lock that the target wants too. */
static bool detail_is_due(const struct sampler *s, uint64_t now)
{
	return !s->detail_at_ns || (now - s->detail_at_ns >= DETAIL_PERIOD_NS &&
				    now - s->detail_at_ns >= s->detail_cost_ns * DETAIL_COST_FACTOR);
}

static int take_memory(struct sampler *s, struct sample *ret, struct err *e)
{
	bool detail = detail_is_due(s, ret->time_ns);
	int r = proc_memory(s->pid, detail, &ret->memory, e);

	if (r) {
		ret->memory = s->last_memory;
		return r;
	}
	if (detail) {
		s->detail_at_ns = ret->time_ns;
		s->detail_cost_ns = clock_now_ns() - ret->time_ns;
	}
	s->last_memory = ret->memory;
	s->last_memory.has_detail = false;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->domain < y->domain ? -1 : x->domain > y->domain;
}

static void add_site(struct site *to, const struct site *what)
{
	estimate_add(&to->live, &what->live);
	estimate_add(&to->alloc, &what->alloc);
	estimate_add(&to->peak, &what->peak);
	estimate_add(&to->temporary, &what->temporary);
	for (int i = 0; i < LIFETIME_BUCKETS; i++)
		to->lifetimes[i] += what->lifetimes[i];
}

/* Sites of one line are neighbours once sorted. */
static size_t merge_sites(struct site *sites, size_t count)
{
	size_t kept = 0;

	qsort(sites, count, sizeof(*sites), by_key);
	for (size_t i = 0; i < count; i++) {
		if (kept && !by_key(&sites[kept - 1], &sites[i]))
			add_site(&sites[kept - 1], &sites[i]);
		else
			sites[kept++] = sites[i];
	}
	return kept;
}

static int take_heap(struct sampler *s, struct sample *ret, struct err *e)
{
	struct heap_copy copy;
	int r = heap_take(s->heap, &copy, e);

	if (r)
		return r;
	ret->sites = calloc(copy.site_count + 1, sizeof(*ret->sites));
	if (!ret->sites)
		return err_set(e, ENOMEM, "out of memory for %zu sites", copy.site_count);
	for (size_t i = 0; i < copy.site_count; i++) {
		const struct heap_site *from = &copy.sites[i];
		struct site *to = &ret->sites[i];

		*to = (struct site){
			.thread = from->thread, .domain = from->domain, .live = from->live, .alloc = from->alloc,
			.peak = from->peak, .temporary = from->temporary,
		};
		for (int b = 0; b < LIFETIME_BUCKETS; b++)
			to->lifetimes[b] = from->lifetimes[b];
		r = naming_stack(s, from->node, &to->stack, e);
		if (r)
			return r;
	}
	ret->site_count = merge_sites(ret->sites, copy.site_count);
	ret->has_heap = true;
	ret->sample_bytes = copy.sample_bytes;
	ret->peak_bytes = copy.peak_bytes;
	ret->lost = copy.lost;
	ret->table_bytes = heap_table_bytes(s->heap);
	return 0;
}

int sampler_take(struct sampler *s, struct sample *ret, struct err *e)
{
	int gone, r;

	*ret = (struct sample){ .time_ns = clock_now_ns() };
	gone = take_memory(s, ret, e);
	if (gone < 0)
		return gone;
	r = take_heap(s, ret, e);
	if (r)
		sample_done(ret);
	return r ? r : gone;
}
