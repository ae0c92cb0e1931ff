/*
 * sites: sums per stack, thread and domain (under the table's lock).
 *
 * Site 0 takes what finds no room of its own. The composition of the high-water mark is kept lazily: a site copies
 * its live sums into `peak` just before they change for the first time after the peak, so a new peak costs one
 * increment of the epoch, and no walk over all sites. A reader takes `live` for the peak while the site's epoch
 * is behind the header's.
 */
#include "probe.h"

static struct probe_site *site_at(uint32_t i)
{
	return (struct probe_site *)section(&config.layout.sites) + i;
}

/* From here on new stacks share: their own line is kept, their callers and threads are merged. */
static bool nearly_full(void)
{
	return header()->sites_used >= config.layout.sites.count / 8 * 7;
}

static bool is_site(uint32_t i, uint32_t node, uint32_t thread, uint32_t domain)
{
	const struct probe_site *site = site_at(i);

	return site->node == node && site->thread == thread && site->domain == domain;
}

uint32_t site_get(uint32_t node, uint32_t thread, uint32_t domain)
{
	struct probe_header *h = header();
	uint32_t *index = section(&config.layout.site_index);
	uint32_t mask = config.layout.site_index.count - 1;
	uint32_t at, n;

	static uint32_t found[64]; /* where it was the last time: each place is looked for again and again */
	uint32_t *before = &found[(node ^ domain << 4) % 64];

	if (nearly_full())
		thread = 0;
	if (likely(*before < h->sites_used && *before < config.layout.sites.count) && is_site(*before, node, thread, domain))
		return *before;
	at = (uint32_t)mix((uint64_t)node << 34 ^ (uint64_t)domain << 32 ^ thread) & mask;
	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		if (index[at] >= config.layout.sites.count)
			return 0;
		if (is_site(index[at], node, thread, domain))
			return *before = index[at];
	}
	if (h->sites_used >= config.layout.sites.count || n > mask) {
		count(&h->lost.merged);
		return 0;
	}
	site_at(h->sites_used)->node = node;
	site_at(h->sites_used)->thread = thread;
	site_at(h->sites_used)->domain = domain;
	site_at(h->sites_used)->peak_epoch = h->peak_epoch;
	index[at] = h->sites_used;
	__atomic_store_n(&h->sites_used, h->sites_used + 1, __ATOMIC_RELEASE);
	return index[at];
}

static void add(struct probe_tally *t, const struct weight *w)
{
	t->n++;
	t->bytes += w->bytes;
	t->inverse += w->inverse;
	t->variance += w->variance;
	t->sure_bytes += w->sure_bytes;
}

static void take(struct probe_tally *t, const struct weight *w)
{
	t->n--;
	t->bytes -= w->bytes;
	t->inverse -= w->inverse;
	t->variance -= w->variance;
	t->sure_bytes -= w->sure_bytes;
}

/* Readers outside retry while version is odd or has moved. */
static struct probe_site *open_site(uint32_t i)
{
	struct probe_site *site = site_at(i < config.layout.sites.count ? i : 0);

	__atomic_store_n(&site->version, site->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (site->peak_epoch != header()->peak_epoch) {
		site->peak = site->live;
		site->peak_epoch = header()->peak_epoch;
	}
	return site;
}

static void close_site(struct probe_site *site)
{
	__atomic_store_n(&site->version, site->version + 1, __ATOMIC_RELEASE);
}

void site_allocated(uint32_t i, const struct weight *w, uint64_t now)
{
	struct probe_header *h = header();
	struct probe_site *site = open_site(i);

	add(&site->alloc, w);
	add(&site->live, w);
	close_site(site);
	h->live_bytes += w->bytes;
	if (h->live_bytes > h->peak_bytes) {
		h->peak_bytes = h->live_bytes;
		h->peak_epoch++;
		h->peak_cycles = now;
	}
}

static uint32_t age_bucket(const struct probe_live *entry, uint64_t now)
{
	uint64_t age = now - entry->birth_cycles, ms;
	uint32_t bucket;

	if (likely(age < config.cycles_per_ms) || !config.cycles_per_ms || (int64_t)age < 0) /* clocks of two cores */
		return 0;
	ms = age / config.cycles_per_ms;
	bucket = 64 - (uint32_t)__builtin_clzll(ms);
	return bucket < PROBE_LIFETIMES ? bucket : PROBE_LIFETIMES - 1;
}

void site_freed(uint32_t i, const struct weight *w, const struct probe_live *entry, uint64_t now)
{
	struct probe_header *h = header();
	struct probe_site *site = open_site(i);

	take(&site->live, w);
	site->freed_bytes += w->bytes;
	site->lifetimes[age_bucket(entry, now)]++;
	if ((uint32_t)h->events - entry->birth_event <= config.temporary_events &&
	    (!site->thread || site->thread == thread_id()))
		add(&site->temporary, w);
	close_site(site);
	h->live_bytes -= w->bytes;
}

/* Temporary is left as it is: a block whose realloc fails right after its birth is too rare to remember. */
void site_revived(uint32_t i, const struct weight *w, const struct probe_live *entry, uint64_t now)
{
	struct probe_site *site = open_site(i);
	uint32_t *bucket = &site->lifetimes[age_bucket(entry, now)];

	add(&site->live, w);
	site->freed_bytes -= w->bytes;
	*bucket -= *bucket > 0; /* it may have grown out of the one it was put in */
	close_site(site);
	header()->live_bytes += w->bytes;
}

void site_reweighed(uint32_t i, const struct weight *old, const struct weight *now)
{
	struct probe_header *h = header();
	struct probe_site *site = open_site(i);

	take(&site->live, old);
	h->live_bytes -= old->bytes;
	if (now) {
		add(&site->live, now);
		h->live_bytes += now->bytes;
	}
	close_site(site);
}
