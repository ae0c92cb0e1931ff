/*
 * child: what a followed child of a fork does at its first call of a hook.
 *
 * Behind the first table lie others, empty, mapped into the parent since the attach and so into each child. The
 * child takes one by clearing a bit, and goes on as its parent did: nobody is stopped, no system call is made,
 * and nothing that it allocates goes unseen. It finds no place: it goes on uncounted, and is counted as that.
 */
#include "probe.h"

enum { TRIES = 10000 }; /* as many children at once would be needed to fail all; or one that writes over the word for ever */

/* Index of a table, or 0. Anybody in the family can write over the word: only places that there are count. */
static unsigned take_place(struct probe_header *family)
{
	uint64_t places = __atomic_load_n(&family->places_free, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < TRIES && places & config.places; i++) {
		unsigned place = (unsigned)__builtin_ctzll(places & config.places);

		if (__atomic_compare_exchange_n(&family->places_free, &places, places & ~(1ull << place), false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return place;
	}
	return 0;
}

/* The place is zeroes: what is not written here begins as that. */
static uint64_t begin(struct probe_header *h, const struct probe_header *family)
{
	const uint64_t stamp = mix(cycles() ^ config.seed ^ thread_pointer()) | 1;

	h->abi = PROBE_ABI;
	h->header_bytes = sizeof(*h);
	h->table_bytes = config.table_bytes;
	h->image = family->image;
	h->image_bytes = family->image_bytes;
	h->config = family->config;
	h->private_pages = family->private_pages;
	h->tables = 1;
	h->layout = config.layout;
	h->session = family->session;
	h->owner_pid = family->owner_pid;
	h->owner_start = family->owner_start;
	h->lease_cycles = family->lease_cycles;
	h->inject_way = family->inject_way;
	h->periods[0] = family->periods[0]; /* a fresh table has room for what was asked */
	h->sites_used = 1;
	h->nodes_used = PROBE_NODE_FIRST;
	h->codes_used = 1;
	h->text_used = 1;
	((struct probe_site *)section(&config.layout.sites))[0].node = PROBE_NODE_MERGED;
	((struct probe_node *)section(&config.layout.nodes))[PROBE_NODE_MERGED].code = PROBE_CODE_MERGED;
	((struct probe_node *)section(&config.layout.nodes))[PROBE_NODE_TRUNCATED].code = PROBE_CODE_TRUNCATED;
	h->taker = thread_id();
	h->stamp = stamp;
	h->magic = PROBE_MAGIC;
	h->armed = 1;
	return stamp;
}

static bool is_near(uint64_t function, unsigned hook)
{
	const struct probe_entry *entry = &memspy_probe_entry;

	return config.near && entry->near_hooks[hook] && function == config.near + (entry->near_hooks[hook] - entry->near);
}

/* Nobody counts here: CPython is to call its allocators itself again. The slots for libc's stay, some cannot be written. */
static void step_aside(void)
{
	const uint64_t *ours = config.free_threaded ? memspy_probe_entry.free_threaded
						    : &memspy_probe_entry.hooks[HOOK_MEM_MALLOC];

	for (unsigned domain = 0; domain < 2; domain++) {
		const uint64_t *originals = &config.original[domain ? HOOK_OBJ_MALLOC : HOOK_MEM_MALLOC];
		uint64_t *table = (uint64_t *)config.tables[domain];

		for (unsigned i = 0; table && i < 4; i++) /* its first word is for the functions */
			if ((table[1 + i] == ours[4 * domain + i] || is_near(table[1 + i], 4 * domain + i)) && originals[i])
				__atomic_store_n(&table[1 + i], originals[i], __ATOMIC_RELAXED);
	}
}

COLD void child_begin(void)
{
	struct probe_header *family;
	uint64_t nobody = 0;
	unsigned place;

	/* In this order: who arms us takes the family away before the magic. */
	family = (struct probe_header *)__atomic_load_n(&config.family, __ATOMIC_ACQUIRE);
	if (!family)
		step_aside();
	if (!family || !__atomic_compare_exchange_n(&pages.magic, &nobody, PROBE_PRIVATE_PASSIVE, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	if (!__atomic_load_n(&family->armed, __ATOMIC_ACQUIRE) || cycles() >= family->lease_cycles)
		return; /* nobody follows any more */
	count(&family->forks);
	place = take_place(family);
	if (!place) {
		count(&family->forks_refused);
		step_aside();
		return;
	}
	known_missed(); /* what is known is of the parent's table */
	config.table = (uint64_t)family + place * config.table_bytes;
	pages.stamp = begin(header(), family);
	__atomic_store_n(&pages.magic, PROBE_PRIVATE_MAGIC, __ATOMIC_RELEASE);
	__atomic_store_n(&header()->taken, 1, __ATOMIC_RELEASE);
}
