/* What a view takes of each site, and of each stack; and how sure it is. */
#include "memspy/report_figures.h"

#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"

/*
 * What was live at the mark and is no more, or is newer, is out. Blocks that took the place of others in between cannot
 * be told from those that stayed: the smaller of the two figures is the most that can have stayed.
 */
static struct estimate stayed(const struct site *then, const struct site *now)
{
	return then->live.bytes < now->live.bytes ? then->live : now->live;
}

static struct estimate freed(const struct site *site)
{
	struct estimate f = site->alloc;

	estimate_subtract(&f, &site->live);
	return f;
}

static struct estimate less(struct estimate now, struct estimate then)
{
	estimate_subtract(&now, &then);
	return now;
}

const struct site *report_before(const struct report *r, size_t site)
{
	static const struct site nothing;

	return r->since_attach ? &nothing : moments_before(&r->moments, site);
}

struct estimate report_allocated(const struct report *r, size_t site)
{
	return less(report_sample(r)->sites[site].alloc, report_before(r, site)->alloc);
}

struct estimate report_freed(const struct report *r, size_t site)
{
	return less(freed(&report_sample(r)->sites[site]), freed(report_before(r, site)));
}

/* A share of what was kept only in total: the blocks are taken for ones like the others of their site. */
static struct estimate share_of(struct estimate all, double share)
{
	return (struct estimate){
		.bytes = (uint64_t)((double)all.bytes * share), .blocks = (uint64_t)((double)all.blocks * share),
		.samples = (uint64_t)((double)all.samples * share), .sure_bytes = (uint64_t)((double)all.sure_bytes * share),
		.variance = all.variance * share,
	};
}

static struct estimate freed_within(const struct report *r, size_t site, int bucket)
{
	const struct site *now = &report_sample(r)->sites[site], *then = report_before(r, site);
	double within = 0, all = 0;

	for (int b = 0; b < LIFETIME_BUCKETS; b++) {
		double freed = now->lifetimes[b] > then->lifetimes[b] ? now->lifetimes[b] - then->lifetimes[b] : 0;

		all += freed;
		within += b <= bucket ? freed : 0;
	}
	return share_of(report_freed(r, site), all > 0 ? within / all : 0);
}

struct estimate report_temporary(const struct report *r, size_t site)
{
	struct estimate allocated = report_allocated(r, site), t;

	if (r->temporary_bucket >= 0)
		return freed_within(r, site, r->temporary_bucket);
	t = less(report_sample(r)->sites[site].temporary, report_before(r, site)->temporary);
	/* Bytes, blocks and samples were counted, how sure they are was not. */
	if (allocated.bytes) {
		struct estimate like = share_of(allocated, (double)t.bytes / (double)allocated.bytes);

		t.variance = like.variance;
		t.sure_bytes = like.sure_bytes < t.bytes ? like.sure_bytes : t.bytes;
	}
	return t;
}

static struct estimate peak(const struct report *r, const struct site *now)
{
	return r->peak_is_tick ? now->live : now->peak;
}

struct part report_part(const struct report *r, size_t i)
{
	const struct site *now = &report_sample(r)->sites[i], *then = report_before(r, i);
	struct part p = { .stack = now->stack, .thread = now->thread, .figures = now->live };

	switch (r->view) {
	case VIEW_ALLOCATED:
	case VIEW_CHURN:
		p.figures = report_allocated(r, i);
		break;
	case VIEW_PEAK:
		p.figures = peak(r, now);
		break;
	case VIEW_LEAKS:
		p.figures = stayed(then, now);
		break;
	case VIEW_TEMPORARY:
		p.figures = report_temporary(r, i);
		break;
	case VIEW_LIFETIMES:
		p.figures = report_freed(r, i);
		break;
	case VIEW_GROWTH:
		p.before = then->live;
		p.came = report_allocated(r, i);
		break;
	default:
		break;
	}
	return p;
}

uint64_t report_a_second(const struct report *r, uint64_t figure)
{
	double seconds = r->moments.to_seconds - (r->since_attach ? 0 : r->moments.from_seconds);

	return seconds > 0 ? (uint64_t)((double)figure / seconds + 0.5) : 0;
}

/* ---- stacks ---- */

static void add_site(struct report_stack *to, const struct report *r, size_t i)
{
	const struct site *now = &report_sample(r)->sites[i], *then = report_before(r, i);
	struct estimate came = report_allocated(r, i), largest = peak(r, now);
	struct estimate went = report_freed(r, i), brief = report_temporary(r, i);

	estimate_add(&to->figures, &r->parts[i].figures);
	estimate_add(&to->before, &r->parts[i].before);
	estimate_add(&to->live, &now->live);
	estimate_add(&to->peak, &largest);
	estimate_add(&to->allocated, &came);
	estimate_add(&to->freed, &went);
	estimate_add(&to->temporary, &brief);
	for (int b = 0; b < LIFETIME_BUCKETS; b++)
		if (now->lifetimes[b] > then->lifetimes[b])
			to->lifetimes[b] += now->lifetimes[b] - then->lifetimes[b];
}

static int by_bytes(const void *one, const void *other)
{
	const struct report_stack *a = one, *b = other;
	int64_t x = report_stack_bytes(a), y = report_stack_bytes(b);

	if (x != y)
		return x < y ? 1 : -1;
	return a->stack < b->stack ? -1 : a->stack > b->stack;
}

int report_stacks(const struct report *r, struct report_stack **ret, size_t *ret_count, struct err *e)
{
	const size_t ids = (size_t)names_stacks(report_names(r)) + 1;
	_cleanup_(freep) uint32_t *place = calloc(ids, sizeof(*place)); /* + 1, by stack */
	_cleanup_(freep) struct report_stack *stacks = calloc(ids < r->part_count ? ids : r->part_count + 1, sizeof(*stacks));
	size_t count = 0;

	if (!place || !stacks)
		return err_set(e, ENOMEM, "out of memory for the stacks of a report");
	for (size_t i = 0; i < r->part_count; i++) {
		uint32_t stack = r->parts[i].stack;

		if (!place[stack]) {
			stacks[count].stack = stack;
			place[stack] = (uint32_t)++count;
		}
		add_site(&stacks[place[stack] - 1], r, i);
	}
	if (count)
		qsort(stacks, count, sizeof(*stacks), by_bytes);
	*ret = TAKE(stacks);
	*ret_count = count;
	return 0;
}

uint64_t report_grown(const struct report_stack *stacks, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count && report_stack_bytes(&stacks[i]) > 0; i++)
		sum += (uint64_t)report_stack_bytes(&stacks[i]);
	return sum;
}

/* ---- how sure ---- */

static struct difference interval_of(const struct report *r, const struct estimate *own, const struct estimate *before,
				 const struct estimate *came)
{
	uint64_t every = report_sample(r)->sample_bytes;
	struct interval sure;

	if (r->view == VIEW_GROWTH)
		return estimate_growth(before, own, came, every);
	sure = estimate_interval(own, every);
	return (struct difference){ (int64_t)own->bytes, (int64_t)sure.low, (int64_t)sure.high };
}

struct difference report_interval(const struct report *r, const struct row *row)
{
	return interval_of(r, &row->own, &row->before, &row->came);
}

struct difference report_sum_interval(const struct report *r)
{
	return interval_of(r, &r->rows.sum, &r->rows.sum_before, &r->rows.sum_came);
}
