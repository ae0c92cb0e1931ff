/*
 * arm: an empty table and a configured probe; and the lease.
 *
 * The order is the whole story: nothing samples while we write (armed is 0), the private pages get their magic
 * last, and only then may the hooks be made reachable.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "heap_private.h"
#include "memspy/clock.h"
#include "memspy/proc.h"

enum {
	CALIBRATE_NS = 3000000,
	LOCK_LIMIT_NS = 50000000,
};

static uint64_t cycles_per_ms(void)
{
	uint64_t ns = clock_now_ns(), cycles = clock_cycles();

	clock_sleep_until(ns + CALIBRATE_NS);
	cycles = clock_cycles() - cycles;
	ns = clock_now_ns() - ns;
	return (uint64_t)((double)cycles * 1e6 / (double)ns);
}

/* The lock of a probe that an earlier session left: a thread may be in there right now, but not for long. */
static int wait_for_lock(struct heap *h)
{
	uint64_t start = clock_now_ns();

	while (__atomic_exchange_n((uint32_t *)&h->header->lock, 1, __ATOMIC_ACQUIRE)) {
		if (clock_now_ns() - start > LOCK_LIMIT_NS)
			return 0; /* a thread died in there, or is stopped: nobody else comes in, as nothing is armed */
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	return 0;
}

static void empty_table(struct heap *h, const struct heap_options *o)
{
	volatile struct probe_header *t = h->header;
	uint64_t session = t->magic == PROBE_MAGIC ? t->session + 1 : 1;
	const struct probe_entry *entry = &h->probe->image.entry;
	struct proc_id self;
	struct err ignored;

	/* Giving the pages back is the quickest way to zeroes, for both sides. The header's own page follows. */
	madvise((char *)h->probe->view + 4096, h->probe->view_bytes - 4096, MADV_REMOVE);
	/* What says whose table it is stays: hooks of an earlier session may still lead here, should we die now. */
	memset((char *)(void *)t + offsetof(struct probe_header, layout), 0,
	       offsetof(struct probe_header, lock) - offsetof(struct probe_header, layout));
	memset((char *)(void *)t + offsetof(struct probe_header, period), 0,
	       sizeof(*t) - offsetof(struct probe_header, period));
	t->abi = PROBE_ABI;
	t->header_bytes = sizeof(*t);
	t->table_bytes = h->probe->view_bytes;
	t->tables = h->probe->tables;
	t->image = h->probe->base;
	t->image_bytes = h->probe->image.span;
	t->config = h->probe->base + entry->config;
	t->private_pages = h->probe->base + entry->private_pages;
	memcpy((void *)&t->layout, &h->layout, sizeof(h->layout));
	t->session = session;
	t->owner_pid = (uint64_t)getpid();
	t->owner_start = proc_identify(getpid(), &self, &ignored) ? 0 : self.start_ticks;
	t->inject_way = (uint32_t)h->probe->way;
	t->periods[0] = o->sample_bytes;
	t->sites_used = 1;
	t->nodes_used = PROBE_NODE_FIRST;
	t->codes_used = 1;
	t->text_used = 1;
	((struct probe_site *)heap_section(h, &h->layout.sites))[0].node = PROBE_NODE_MERGED;
	((struct probe_node *)heap_section(h, &h->layout.nodes))[PROBE_NODE_MERGED].code = PROBE_CODE_MERGED;
	((struct probe_node *)heap_section(h, &h->layout.nodes))[PROBE_NODE_TRUNCATED].code = PROBE_CODE_TRUNCATED;
	t->magic = PROBE_MAGIC;
}

static int write_private(struct heap *h, struct remote *remote, struct err *e)
{
	static const struct probe_private empty = { 0 };
	raddr at = h->probe->base + h->probe->image.entry.private_pages;
	uint64_t random;
	int r;

	/* Slots start unowned: each thread draws its first gap itself. */
	r = remote_write(remote, at, &empty, sizeof(empty), e);
	if (!r && getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = clock_cycles();
	if (!r)
		r = remote_write_u64(remote, at + offsetof(struct probe_private, random), random, e);
	return r;
}

static int write_slots(struct heap *h, struct remote *remote, struct err *e)
{
	static const struct probe_slot none[1u << PROBE_SLOT_BITS];

	return remote_write(remote,
			    h->probe->base + h->probe->image.entry.private_pages + offsetof(struct probe_private, slots),
			    none, sizeof(none), e);
}

/* A gap for the first sample under the GIL, drawn here so that the first block is picked by chance like any other. */
static int64_t first_gap(uint64_t period)
{
	uint64_t random = clock_cycles();
	double u;

	if (!period)
		return 0;
	getrandom(&random, sizeof(random), 0);
	u = (double)((random >> 11) + 1) * 0x1p-53;
	return (int64_t)__builtin_ceil(-__builtin_log(u) * (double)period);
}

int heap_arm(struct heap *h, struct remote *remote, struct probe_config *config, const struct heap_options *o, struct err *e)
{
	raddr base = h->probe->base;
	const struct probe_entry *entry = &h->probe->image.entry;
	int r;

	h->header->armed = 0;
	if (h->probe->reused)
		wait_for_lock(h);
	empty_table(h, o);

	/* A hook calls what it stands in for: nothing may be diverted to functions that nobody has found. */
	if (!config->original[HOOK_MALLOC] || !config->original[HOOK_CALLOC] || !config->original[HOOK_FREE])
		config->divert = 0;
	config->table = h->probe->table;
	config->near = h->probe->near;
	config->table_bytes = h->probe->table_bytes;
	config->family = 0; /* first: who finds empty private pages from here on is us, not a child */
	config->places = (h->probe->tables >= PROBE_TABLES ? ~0ull : (1ull << h->probe->tables) - 1) & ~1ull;
	config->layout = h->layout;
	config->cycles_per_ms = cycles_per_ms();
	config->max_depth = o->max_depth && o->max_depth <= PROBE_MAX_DEPTH ? o->max_depth : PROBE_MAX_DEPTH;
	config->temporary_events = o->temporary_events;
	if (getrandom(&config->seed, sizeof(config->seed), 0) != sizeof(config->seed))
		config->seed = clock_cycles();
	h->lease_cycles = o->lease_ns / 1000 * config->cycles_per_ms / 1000;

	r = remote_write(remote, base + entry->config, config, sizeof(*config), e);
	if (!r)
		r = write_private(h, remote, e);
	if (r)
		return r;
	heap_renew(h);
	__atomic_store_n((uint32_t *)&h->header->lock, 0, __ATOMIC_RELEASE);
	__atomic_store_n((uint32_t *)&h->header->armed, 1, __ATOMIC_RELEASE);
	r = remote_write_u64(remote, base + entry->private_pages + offsetof(struct probe_private, magic),
			     PROBE_PRIVATE_MAGIC, e);
	/* Hooks that an earlier session left reachable may have run meanwhile, and found nothing armed: a slot that
	 * was told "never" in that moment must be claimed anew. */
	if (!r)
		r = write_slots(h, remote, e);
	if (!r)
		r = remote_write_u64(remote, base + entry->private_pages + offsetof(struct probe_private, left),
				     (uint64_t)first_gap(o->sample_bytes), e);
	if (!r && h->probe->tables > 1 && o->follow) {
		h->header->places_free = config->places;
		r = remote_write_u64(remote, base + entry->config + offsetof(struct probe_config, family), h->probe->table, e);
	}
	return r;
}

/* The child has armed itself, and told nobody: from here on it is ours. */
void heap_adopt(struct heap *h, const struct probe_config *config, const struct heap_options *o)
{
	h->lease_cycles = o->lease_ns / 1000 * config->cycles_per_ms / 1000;
	heap_renew(h);
}

int heap_set_original(struct heap *h, struct remote *remote, enum probe_hook hook, uint64_t original, struct err *e)
{
	return remote_write_u64(remote,
				h->probe->base + h->probe->image.entry.config + offsetof(struct probe_config, original) +
					hook * sizeof(uint64_t),
				original, e);
}

void heap_renew(struct heap *h)
{
	h->header->lease_cycles = clock_cycles() + h->lease_cycles;
}

int heap_disarm(struct heap *h, struct remote *remote, struct err *e)
{
	raddr pages = h->probe->base + h->probe->image.entry.private_pages;
	int r;

	__atomic_store_n((uint32_t *)&h->header->armed, 0, __ATOMIC_RELEASE);
	h->header->lease_cycles = 0;
	r = remote_write_u64(remote, pages + offsetof(struct probe_private, left), INT64_MAX, e);
	return r;
}
