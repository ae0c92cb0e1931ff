#include "memspy/lifetimes.h"

#include <errno.h>
#include <stdlib.h>

enum { AHEAD = 8 };

static int make_room(struct lifetimes *h, size_t count, struct err *e)
{
	size_t room = h->room ? h->room : 256;
	struct site_lifetimes *at;

	if (count <= h->room)
		return 0;
	while (room < count)
		room *= 2;
	at = realloc(h->at, room * sizeof(*at));
	if (!at)
		return err_set(e, ENOMEM, "out of memory for %zu sites", count);
	h->at = at;
	h->room = room;
	return 0;
}

static void count_up_to(struct site_lifetimes *site, double seconds)
{
	site->block_seconds += (double)site->blocks * (seconds - site->since);
	site->since = seconds;
}

static void take(struct lifetimes *h, const struct series *s, size_t site)
{
	const struct estimate *live = &series_sample(s)->sites[site].live;
	struct site_lifetimes *to = &h->at[site];

	count_up_to(to, series_seconds(s));
	to->blocks = live->blocks;
	to->most_bytes = live->bytes > to->most_bytes ? live->bytes : to->most_bytes;
	to->most_blocks = live->blocks > to->most_blocks ? live->blocks : to->most_blocks;
}

int lifetimes_tick(struct lifetimes *h, const struct series *s, struct err *e)
{
	const struct sample *sample = series_sample(s);
	const size_t known = h->count;
	size_t changes;
	const uint32_t *changed = series_changed(s, &changes);
	int r = make_room(h, sample->site_count, e);

	if (r < 0)
		return r;
	for (; h->count < sample->site_count; h->count++) {
		h->at[h->count] = (struct site_lifetimes){ .since = series_seconds(s) };
		take(h, s, h->count); /* at the first tick of a stretch that is all of them */
	}
	for (size_t i = 0; i < changes; i++) {
		if (i + AHEAD < changes)
			__builtin_prefetch(&h->at[changed[i + AHEAD]], 1); /* as of the sites themselves (series_changes.c) */
		if (changed[i] < known)
			take(h, s, changed[i]);
	}
	if (sample->peak_bytes > h->peak_bytes) {
		h->peak_bytes = sample->peak_bytes;
		h->peak_seconds = series_seconds(s);
	}
	return 0;
}

void lifetimes_end(struct lifetimes *h, double seconds)
{
	for (size_t i = 0; i < h->count; i++)
		count_up_to(&h->at[i], seconds);
}

void lifetimes_done(struct lifetimes *h)
{
	free(h->at);
	*h = (struct lifetimes){ 0 };
}
