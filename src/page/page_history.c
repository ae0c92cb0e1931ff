/* One pass over the recording. What is kept is bounded, however long it was: ticks and moments are thinned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page_private.h"

void page_history_done(struct page_history *h)
{
	series_free(h->series);
	free(h->ticks);
	free(h->entries);
	free(h->last);
	free(h->dirty);
	free(h->is_dirty);
	*h = (struct page_history){ 0 };
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a report");
}

/* Of two neighbours the one with more RSS stays: a peak is what people look for. The first and the last stay. */
static void thin_ticks(struct page_history *h)
{
	size_t kept = 1;

	for (size_t i = 1; i + 1 < h->tick_count; i += 2) {
		const struct page_tick *one = &h->ticks[i], *other = &h->ticks[i + 1];

		h->ticks[kept++] = i + 2 < h->tick_count && one->rss > other->rss ? *one : *other;
	}
	if (h->tick_count % 2 == 0)
		h->ticks[kept++] = h->ticks[h->tick_count - 1];
	h->tick_count = kept;
}

static void keep_tick(struct page_history *h)
{
	const struct sample *s = series_sample(h->series);
	struct series_heap heap = series_heap(h->series);

	if (h->tick_count == PAGE_TICKS_MOST)
		thin_ticks(h);
	h->ticks[h->tick_count++] = (struct page_tick){
		.us = s->time_ns / 1000,
		.rss = s->memory.rss,
		.pss = s->memory.pss, .has_pss = s->memory.has_detail,
		.live = heap.live, .low = heap.low, .high = heap.high, .has_heap = s->has_heap,
		.lost = losses_total(&s->lost),
		.table = s->table_bytes,
	};
}

static int room_for_sites(struct page_history *h, size_t count, struct err *e)
{
	uint32_t *last, *dirty;
	bool *is_dirty;
	size_t room = h->site_room ? h->site_room : 1024;

	if (count <= h->site_room)
		return 0;
	while (room < count)
		room *= 2;
	last = realloc(h->last, room * sizeof(*last));
	h->last = last ? last : h->last;
	dirty = realloc(h->dirty, room * sizeof(*dirty));
	h->dirty = dirty ? dirty : h->dirty;
	is_dirty = realloc(h->is_dirty, room * sizeof(*is_dirty));
	h->is_dirty = is_dirty ? is_dirty : h->is_dirty;
	if (!last || !dirty || !is_dirty)
		return no_memory(e);
	memset(last + h->site_room, 0xff, (room - h->site_room) * sizeof(*last));
	memset(is_dirty + h->site_room, 0, (room - h->site_room) * sizeof(*is_dirty));
	h->site_room = room;
	return 0;
}

void page_history_halve(struct page_history *h)
{
	uint32_t to[PAGE_MOMENTS + 4], kept = 0;
	size_t left = h->entry_count;

	for (uint32_t m = 0; m < h->moment_count; m++) {
		bool stays = m % 2 == 0 || m == h->mark || m + 1 == h->moment_count;

		to[m] = kept;
		if (m == h->mark)
			h->mark = kept;
		if (stays)
			h->moments[kept++] = h->moments[m];
	}
	h->moment_count = kept;
	h->steps /= 2;
	h->halved++;
	/* From the newest on, so that of two entries of a site at one moment the newer is met first. */
	for (size_t i = 0; i < h->site_room; i++)
		h->last[i] = PAGE_NONE;
	for (size_t i = h->entry_count; i--;) {
		struct page_entry entry = h->entries[i];

		entry.moment = to[entry.moment];
		if (h->last[entry.site] == entry.moment)
			continue;
		h->last[entry.site] = entry.moment;
		h->entries[--left] = entry;
	}
	h->entry_count -= left;
	memmove(h->entries, h->entries + left, h->entry_count * sizeof(*h->entries));
	for (uint32_t i = 0; i < h->entry_count; i++)
		h->last[h->entries[i].site] = i;
}

/* A tick may name a site twice, and several ticks the same site: it is looked at once, at the next moment. */
static int note_changes(struct page_history *h, struct err *e)
{
	size_t count;
	const uint32_t *changed = series_changed(h->series, &count);
	int r = room_for_sites(h, series_sample(h->series)->site_count, e);

	for (size_t i = 0; i < count && r == 0; i++) {
		if (h->is_dirty[changed[i]])
			continue;
		h->is_dirty[changed[i]] = true;
		h->dirty[h->dirty_count++] = changed[i];
	}
	return r;
}

static bool same(const struct estimate *a, const struct estimate *b)
{
	return a->bytes == b->bytes && a->samples == b->samples && a->blocks == b->blocks &&
	       a->sure_bytes == b->sure_bytes && a->variance == b->variance;
}

static bool is_news(const struct page_history *h, const struct site *s, size_t i)
{
	static const struct page_entry nothing;
	const struct page_entry *last = h->last[i] == PAGE_NONE ? &nothing : &h->entries[h->last[i]];

	return !same(&last->live, &s->live) || !same(&last->alloc, &s->alloc) || !same(&last->temporary, &s->temporary);
}

static int keep_entry(struct page_history *h, const struct site *s, size_t i, struct err *e)
{
	if (h->entry_count == h->entry_room) {
		size_t room = h->entry_room ? h->entry_room * 2 : 4096;
		struct page_entry *entries = realloc(h->entries, room * sizeof(*entries));

		if (!entries)
			return no_memory(e);
		h->entries = entries;
		h->entry_room = room;
	}
	h->entries[h->entry_count] = (struct page_entry){
		.site = (uint32_t)i, .moment = (uint32_t)h->moment_count - 1,
		.live = s->live, .alloc = s->alloc, .temporary = s->temporary,
	};
	h->last[i] = (uint32_t)h->entry_count++;
	return 0;
}

static int keep_moment(struct page_history *h, struct err *e)
{
	const struct sample *s = series_sample(h->series);
	int r = 0;

	/* Four moments are the least that a window can be cut from. */
	while (h->moment_count > 4 && h->entry_count > PAGE_ENTRIES_MOST)
		page_history_halve(h);
	h->moments[h->moment_count++] = (struct page_moment){ s->time_ns / 1000, s->sample_bytes };
	for (size_t i = 0; i < h->dirty_count && r == 0; i++) {
		uint32_t site = h->dirty[i];

		h->is_dirty[site] = false;
		if (is_news(h, &s->sites[site], site))
			r = keep_entry(h, &s->sites[site], site, e);
	}
	h->dirty_count = 0;
	return r;
}

/* The first tick, the mark, the last, and the first tick of each step between. */
static bool is_moment(struct page_history *h)
{
	double now = series_seconds(h->series), before;

	if (h->moment_count == 0)
		return true;
	if (h->mark == PAGE_NONE && now >= h->mark_seconds - 0.5e-6) {
		h->mark = (uint32_t)h->moment_count;
		return true;
	}
	if (now >= h->last_seconds)
		return true;
	before = (double)h->moments[h->moment_count - 1].us / 1e6;
	return h->moment_count < PAGE_MOMENTS + 2 &&
	       (uint64_t)(now / h->last_seconds * (double)h->steps) >
		       (uint64_t)(before / h->last_seconds * (double)h->steps);
}

static int take_tick(struct page_history *h, uint64_t *peak, struct err *e)
{
	const struct sample *s = series_sample(h->series);
	int r;

	if (h->ticks_read++ == 0)
		h->first_rss = s->memory.rss;
	h->most_rss = s->memory.rss > h->most_rss ? s->memory.rss : h->most_rss;
	if (s->peak_bytes > *peak) {
		*peak = s->peak_bytes;
		h->peak_us = s->time_ns / 1000;
	}
	keep_tick(h);
	r = note_changes(h, e);
	if (r < 0)
		return r;
	return is_moment(h) ? keep_moment(h, e) : 0;
}

int page_history_read(struct page_history *h, const char *path, double last_seconds, double mark_seconds, struct err *e)
{
	uint64_t peak = 0;
	int r;

	*h = (struct page_history){ .mark = PAGE_NONE, .steps = PAGE_MOMENTS, .last_seconds = last_seconds,
				    .mark_seconds = mark_seconds };
	h->ticks = calloc(PAGE_TICKS_MOST, sizeof(*h->ticks));
	if (!h->ticks)
		return no_memory(e);
	r = series_open(&h->series, path, e);
	if (r < 0)
		return r;
	while ((r = series_next(h->series, e)) == 0) {
		r = take_tick(h, &peak, e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (h->ticks_read == 0)
		return err_set(e, ENODATA, "%s holds no moment yet: the recording ended, or was killed, before its "
			       "first tick", path);
	return 0;
}
