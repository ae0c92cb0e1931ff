/*
 * table: the blocks that were picked and are alive, and what they are booked under.
 *
 * One lock for all of it (lock.c), taken only on the sampled path.
 */
#include "live.h"

static uint64_t size_of(const struct probe_live *entry)
{
	return entry->size_period >> 8;
}

static uint64_t period_of(const struct probe_live *entry)
{
	return header()->periods[(entry->size_period & 0xff) % PROBE_PERIODS];
}

static void book_free(const struct probe_live *entry, uint64_t now)
{
	struct weight w = weigh(size_of(entry), period_of(entry));

	site_freed(entry->site, &w, entry, now);
}

static void remove_known(struct live l, uint64_t address, uint64_t now)
{
	struct probe_live *entry = live_find(l, address);
	struct probe_live copy;

	if (!entry)
		return;
	live_copy(&copy, entry);
	live_erase(l, entry);
	book_free(&copy, now);
}

static COLD void empty_the_bag(void)
{
	const struct live l = live_map();
	unsigned at = 0;

	for (uint64_t address; (address = bag_take(&at));)
		remove_known(l, address, clock_read());
}

/* Who has the lock books first what was freed while it was taken. */
static inline __attribute__((always_inline)) bool begin(void)
{
	if (!lock_take())
		return false;
	if (unlikely(__atomic_load_n(&pages.pending_count, __ATOMIC_ACQUIRE)))
		empty_the_bag();
	return true;
}

/*
 * The live table is three quarters full: raise the period and keep each block with p_new / p_old. What stays weighs more,
 * what goes weighs nothing, the sums stay unbiased. All at once would hold this thread for milliseconds, and all that wait for
 * the GIL: so it is a few blocks at each sample, and one that meanwhile moved back (erase) is left as it is.
 */
enum { THIN_AT_ONCE = 64 }; /* an eighth of the table is free: enough for eight times as many samples as this takes */
static uint32_t thin_next = UINT32_MAX; /* entry; behind the last one there is nothing to do */

static void raise_period(void)
{
	struct probe_header *h = header();
	uint64_t old = period_now();

	if (h->period + 1 >= PROBE_PERIODS)
		return;
	h->periods[h->period + 1] = old ? old * 2 : 1024;
	h->period++;
	h->thinned++;
	thin_next = 0;
	known_missed(); /* from here on not every block is seen */
	gate_redraw();
}

static void thin_some(void)
{
	const struct live l = live_map();
	struct probe_live *map = l.map;
	uint64_t period = period_now(), random = config.seed ^ cycles();

	for (uint32_t n = THIN_AT_ONCE; n && thin_next <= l.mask; n--) {
		struct probe_live entry = map[thin_next];
		struct weight was, is;

		if (!entry.address || period_of(&entry) == period) {
			thin_next++;
			continue;
		}
		was = weigh(size_of(&entry), period_of(&entry));
		if (random_keeps(&random, size_of(&entry), period_of(&entry), period)) {
			is = weigh(size_of(&entry), period);
			map[thin_next].size_period = size_of(&entry) << 8 | header()->period;
			site_reweighed(entry.site, &was, &is);
			thin_next++;
		} else {
			site_reweighed(entry.site, &was, NULL);
			live_erase(l, &map[thin_next]); /* somebody may have moved up to here: look again */
		}
	}
}

COLD void table_add(uint64_t address, uint64_t size, uint32_t domain)
{
	struct probe_header *h = header();
	uint64_t picked_by = period_now(), now, random;
	struct weight w;
	struct live l;
	uint32_t site;

	if (!begin()) {
		count(&h->lost.contention);
		known_missed();
		return;
	}
	now = clock_read();
	/* The gate looks at the clock only where not every block is counted. */
	if (unlikely(now >= __atomic_load_n(&h->lease_cycles, __ATOMIC_RELAXED))) {
		lock_give();
		return;
	}
	l = live_map();
	live_look_ahead(l, address);
	known_birth(address);
	/* Should there be a block at this address, its free went past us (an object not yet patched). */
	if (*sieve_at(address))
		remove_known(l, address, now);
	if (unlikely(h->live_count >= config.layout.live.count / 4 * 3) && thin_next > l.mask)
		raise_period();
	if (unlikely(thin_next <= l.mask))
		thin_some();
	/* It was picked by the old period and would be booked by the new: it takes its chance like the others. */
	random = address ^ now;
	if (unlikely(picked_by != period_now()) && !random_keeps(&random, size, picked_by, period_now())) {
		lock_give();
		return;
	}

	h->events++;
	site = site_get(stack_capture(domain), thread_id(), domain);
	w = weigh(size, period_now());
	site_allocated(site, &w, now);
	if (likely(h->live_count < config.layout.live.count / 8 * 7)) {
		live_insert(l, address, size << 8 | h->period, live_third_word(site, (uint32_t)h->events), now);
	} else { /* allocated, but not known to be alive */
		site_reweighed(site, &w, NULL);
		count(&h->lost.full);
	}
	lock_give();
}

COLD void table_remove(uint64_t address)
{
	if (!*sieve_at(address) || pages.magic != PROBE_PRIVATE_MAGIC)
		return;
	live_look_ahead(live_map(), address);
	if (!begin()) {
		bag_put(address);
		return;
	}
	remove_known(live_map(), address, clock_read());
	lock_give();
}

COLD bool table_take(uint64_t address, struct probe_live *ret)
{
	struct probe_live *entry;
	struct live l;

	if (!*sieve_at(address) || pages.magic != PROBE_PRIVATE_MAGIC)
		return false;
	if (!begin()) {
		bag_put(address);
		return false;
	}
	l = live_map();
	entry = live_find(l, address);
	if (entry) {
		live_copy(ret, entry);
		live_erase(l, entry);
		book_free(ret, clock_read());
	}
	lock_give();
	return entry != NULL;
}

void table_put_back(const struct probe_live *entry)
{
	struct weight w;

	if (!begin()) {
		count(&header()->lost.contention); /* alive, but not known to be */
		return;
	}
	w = weigh(size_of(entry), period_of(entry));
	site_revived(entry->site, &w, entry, clock_read());
	live_insert(live_map(), entry->address, entry->size_period, live_third_word(entry->site, entry->birth_event), entry->birth_cycles);
	lock_give();
}
