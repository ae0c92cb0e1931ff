/*
 * The columns of the page, but for the figures of sites: most numbers are told by their difference to the one before.
 * web/data.js reads the columns in this order.
 */
#include "page_private.h"

/* The difference to the number that was put in this column before. */
static void put_next(struct buf *to, int64_t *before, int64_t v)
{
	page_put_signed(to, v - *before);
	*before = v;
}

static int64_t tick_figure(const struct page_tick *t, int column)
{
	switch (column) {
	case 0: return page_figure(t->us);
	case 1: return page_figure(t->rss);
	case 2: return t->has_pss ? page_figure(t->pss) + 1 : 0;
	case 3: return t->has_heap ? page_figure(t->live) + 1 : 0;
	case 4: return t->has_heap ? page_figure(t->live) - page_figure(t->low) : 0;
	case 5: return t->has_heap ? page_figure(t->high) - page_figure(t->live) : 0;
	case 6: return page_figure(t->lost);
	default: return page_figure(t->table);
	}
}

static void pack_ticks(struct buf *to, const struct page_history *h)
{
	for (int column = 0; column < 8; column++) {
		int64_t before = 0;

		for (size_t i = 0; i < h->tick_count; i++)
			put_next(to, &before, tick_figure(&h->ticks[i], column));
	}
}

static void pack_moments(struct buf *to, const struct page_history *h)
{
	int64_t before = 0;

	for (size_t i = 0; i < h->moment_count; i++)
		put_next(to, &before, page_figure(h->moments[i].us));
	before = 0;
	for (size_t i = 0; i < h->moment_count; i++)
		put_next(to, &before, page_figure(h->moments[i].sample_bytes));
}

static void pack_names(struct buf *to, const struct names *n)
{
	for (int column = 0; column < 4; column++) {
		int64_t before = 0;

		for (uint32_t i = 1; i <= names_frames(n); i++) {
			struct frame f = names_frame_at(n, i);
			const int64_t of[4] = { f.function, f.file, f.line, f.kind };

			put_next(to, &before, of[column]);
		}
	}
	for (uint32_t i = 1; i <= names_stacks(n); i++)
		page_put(to, i - names_stack_at(n, i).parent);
	for (uint32_t i = 1, before = 0; i <= names_stacks(n); i++) {
		uint32_t frame = names_stack_at(n, i).frame;

		page_put_signed(to, (int64_t)frame - before);
		before = frame;
	}
}

int page_pack(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t *ret_entries,
	      struct err *e)
{
	int64_t before = 0;

	pack_ticks(to, h);
	pack_moments(to, h);
	pack_names(to, g->names);
	for (size_t i = 0; i < g->count; i++)
		put_next(to, &before, g->at[i].stack);
	for (size_t i = 0; i < g->count; i++)
		page_put(to, g->at[i].thread);
	return page_pack_figures(to, h, g, ret_entries, e);
}
