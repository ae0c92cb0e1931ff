/*
 * table: the blocks that were picked and are alive.
 *
 * Open addressing in the shared table, keyed by address, with backward shifting: no tombstones, so an hour of
 * churn leaves no trace. One lock for all of it (lock.c), taken only on the sampled path.
 *
 * While few blocks are known they live in the first pages of the map: scattered over all of it, each free that has to
 * look would wait for memory.
 */
#include "gate.h"

static struct probe_live *live(void)
{
	return section(&config.layout.live);
}

static uint32_t live_mask(void)
{
	uint32_t all = config.layout.live.count - 1;

	return header()->live_wide || all < PROBE_LIVE_NARROW ? all : PROBE_LIVE_NARROW - 1;
}

static uint32_t home_of(uint64_t address)
{
	return (uint32_t)mix(address >> 4) & live_mask();
}

/* Written under the lock alone, so it takes no locked instruction. 255 sticks: it cannot be counted down. */
static void count_in(uint8_t *counter)
{
	if (*counter != 255)
		__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static void count_out(uint8_t *counter)
{
	if (*counter != 255 && *counter != 0)
		__atomic_store_n(counter, *counter - 1, __ATOMIC_RELAXED);
}

static uint64_t size_of(const struct probe_live *entry)
{
	return entry->size_period >> 8;
}

static uint64_t period_of(const struct probe_live *entry)
{
	return header()->periods[(entry->size_period & 0xff) % PROBE_PERIODS];
}

static struct probe_live *find(uint64_t address)
{
	struct probe_live *map = live();

	for (uint32_t at = home_of(address), n = 0; n <= live_mask(); at = (at + 1) & live_mask(), n++) {
		if (map[at].address == address)
			return &map[at];
		if (!map[at].address)
			return NULL;
	}
	return NULL;
}

static void place(const struct probe_live *entry)
{
	struct probe_live *map = live();
	uint32_t at = home_of(entry->address);

	for (uint32_t n = 0; map[at].address && n <= live_mask(); n++)
		at = (at + 1) & live_mask();
	map[at] = *entry;
}

/* Once in a session. */
static COLD void widen(void)
{
	static struct probe_live moving[PROBE_LIVE_NARROW]; /* not on a stack: it may be a small one */
	struct probe_live *map = live();
	uint32_t mask = live_mask(), count = 0;

	for (uint32_t at = 0; at <= mask && at < PROBE_LIVE_NARROW; at++) {
		if (map[at].address)
			moving[count++] = map[at];
		map[at].address = 0;
	}
	header()->live_wide = 1;
	while (count--)
		place(&moving[count]);
}

static void insert(const struct probe_live *entry)
{
	if (header()->live_count >= (live_mask() + 1) / 4 * 3 && !header()->live_wide)
		widen();
	place(entry);
	header()->live_count++;
	count_in(sieve_at(entry->address));
	count_in(filter_at(entry->address));
}

/* Takes the entry out and closes the gap: whoever stands behind it and would be found sooner, moves up. */
static void erase(struct probe_live *entry)
{
	struct probe_live *map = live();
	uint32_t hole = (uint32_t)(entry - map);
	uint32_t at = hole;

	header()->live_count--;
	count_out(filter_at(entry->address));
	count_out(sieve_at(entry->address));
	for (uint32_t n = 0; n <= live_mask(); n++) {
		uint32_t home;

		at = (at + 1) & live_mask();
		if (!map[at].address)
			break;
		home = home_of(map[at].address);
		if (((at - home) & live_mask()) >= ((at - hole) & live_mask())) {
			map[hole] = map[at];
			hole = at;
		}
	}
	map[hole].address = 0;
}

static void book_free(const struct probe_live *entry)
{
	struct weight w = weigh(size_of(entry), period_of(entry));

	site_freed(entry->site, &w, entry);
}

static void remove_known(uint64_t address)
{
	struct probe_live *entry = find(address);
	struct probe_live copy;

	if (!entry)
		return;
	copy = *entry;
	erase(entry);
	book_free(&copy);
}

static void empty_the_bag(void)
{
	unsigned at = 0;

	for (uint64_t address; (address = bag_take(&at));)
		remove_known(address);
}

/* Who has the lock books first what was freed while it was taken. */
static bool begin(void)
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
	gate_redraw();
}

static void thin_some(void)
{
	struct probe_live *map = live();
	uint64_t period = period_now(), random = config.seed ^ cycles();

	for (uint32_t n = THIN_AT_ONCE; n && thin_next <= live_mask(); n--) {
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
			erase(&map[thin_next]); /* somebody may have moved up to here: look again */
		}
	}
}

COLD void table_add(uint64_t address, uint64_t size, uint32_t domain)
{
	struct probe_header *h = header();
	uint64_t picked_by = period_now();
	uint64_t now = cycles(), random = address ^ now;
	struct probe_live entry;
	struct weight w;

	if (!begin()) {
		count(&h->lost.contention);
		return;
	}
	/* Should there be a block at this address, its free went past us (an object not yet patched). */
	remove_known(address);
	if (unlikely(h->live_count >= config.layout.live.count / 4 * 3) && thin_next > live_mask())
		raise_period();
	if (unlikely(thin_next <= live_mask()))
		thin_some();
	/* It was picked by the old period and would be booked by the new: it takes its chance like the others. */
	if (picked_by != period_now() && !random_keeps(&random, size, picked_by, period_now())) {
		lock_give();
		return;
	}

	h->events++;
	entry = (struct probe_live){
		.address = address,
		.size_period = size << 8 | h->period,
		.site = site_get(stack_capture(), thread_id(), domain),
		.birth_event = (uint32_t)h->events,
		.birth_cycles = now,
	};
	w = weigh(size, period_now());
	site_allocated(entry.site, &w, now);
	if (h->live_count < config.layout.live.count / 8 * 7) {
		insert(&entry);
	} else { /* allocated, but not known to be alive */
		site_reweighed(entry.site, &w, NULL);
		count(&h->lost.full);
	}
	lock_give();
}

COLD void table_remove(uint64_t address)
{
	if (!*sieve_at(address) || pages.magic != PROBE_PRIVATE_MAGIC)
		return;
	if (!begin()) {
		bag_put(address);
		return;
	}
	remove_known(address);
	lock_give();
}

COLD bool table_take(uint64_t address, struct probe_live *ret)
{
	struct probe_live *entry;

	if (!*sieve_at(address) || pages.magic != PROBE_PRIVATE_MAGIC)
		return false;
	if (!begin()) {
		bag_put(address);
		return false;
	}
	entry = find(address);
	if (entry) {
		*ret = *entry;
		erase(entry);
		book_free(ret);
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
	site_revived(entry->site, &w, entry);
	insert(entry);
	lock_give();
}
