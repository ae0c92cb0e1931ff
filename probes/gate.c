/*
 * gate: whose turn is it to be sampled.
 */
#include "gate.h"

/* While nothing may be sampled we look again after so many bytes: a lease may be renewed. random 0 says: asleep. */
#define NAP ((int64_t)64 << 20)

bool sampling_is_on(void)
{
	if (unlikely(!pages.magic))
		child_begin();
	return pages.magic == PROBE_PRIVATE_MAGIC && pages.stamp == header()->stamp &&
	       __atomic_load_n(&header()->armed, __ATOMIC_ACQUIRE) && cycles() < header()->lease_cycles;
}

/*
 * The same where every block is counted, without the clock, which takes as long as the rest: table_add reads it anyhow, and
 * leaves out what comes when the lease has run out.
 */
static bool counts_all(uint64_t random)
{
	const struct probe_header *h = header();

	return random && !pages.objects_changed && pages.magic == PROBE_PRIVATE_MAGIC && pages.stamp == h->stamp && !period_now() &&
	       __atomic_load_n(&h->armed, __ATOMIC_ACQUIRE) &&
	       __atomic_load_n(&clock_last, __ATOMIC_RELAXED) < __atomic_load_n(&h->lease_cycles, __ATOMIC_RELAXED);
}

static uint64_t seed(uint64_t tp)
{
	/* Distinct for each thread and each time a slot changes hands, or threads would be sampled in step. */
	return mix(config.seed ^ tp) ^ mix(cycles());
}

/* From here on, and of its own sequence; or asleep. */
static void start(int64_t *left, uint64_t *random)
{
	bool on = sampling_is_on();

	if (!on && pages.magic == PROBE_PRIVATE_MAGIC && header()->armed) /* the lease: another thread may be awake again before us */
		known_blind();
	*random = on ? seed(thread_pointer()) | 1 : 0;
	*left = on ? random_gap(random, period_now()) : NAP;
}

/*
 * Each thread has one slot that can be its own, and takes it from whoever has it. Who loses it takes it back and
 * draws anew; that biases nothing, because the distance to the next point does not depend on the way behind it.
 */
static COLD struct probe_slot *slot_claim(uint64_t tp)
{
	struct probe_slot *slot = slot_at(tp);

	__atomic_store_n(&slot->owner, tp, __ATOMIC_RELEASE);
	slot->tid = thread_id();
	start(&slot->left, &slot->random);
	return slot;
}

static struct probe_slot *slot_mine(void)
{
	uint64_t tp = thread_pointer();
	struct probe_slot *slot = slot_at(tp);

	return slot->owner == tp ? slot : slot_claim(tp);
}

/* Shared by both gates: did the block reach the point, and if so, where is the next one? */
static bool decide(int64_t *left, uint64_t *random, uint64_t size)
{
	int64_t now;

	if (size >> 46) /* no such allocation succeeds */
		return false;
	if ((int64_t)size >= *left && (!*random || !sampling_is_on()))
		start(left, random); /* the end of a nap, or the beginning of one */
	now = __atomic_load_n(left, __ATOMIC_RELAXED);
	if ((int64_t)size < now || !*random) {
		__atomic_store_n(left, now > (int64_t)size ? now - (int64_t)size : 1, __ATOMIC_RELAXED); /* 1: a long sleep ends */
		return false;
	}
	*left = random_gap(random, period_now());
	return true;
}

/*
 * In the thread that called dlopen, and is out of it when it comes here; not while another one may still be in the loader,
 * which relocates objects, and takes the right to write away from them, while we would write.
 */
static void look_for_objects(void)
{
	uint64_t self = thread_pointer();

	if (pages.objects_changed && __atomic_load_n(&pages.dlopen_thread, __ATOMIC_ACQUIRE) == self && objects_patch_new())
		__atomic_compare_exchange_n(&pages.dlopen_thread, &self, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* The loader was at work: look again next time. The gap is drawn anew each time. */
static bool ask_again(int64_t *left, uint64_t *random, uint64_t size)
{
	bool sampled = decide(left, random, size);

	*left = 0;
	return sampled;
}

/*
 * dlopen asks for a look around by putting left to 0, which no gap is; it goes on with one drawn anew. Where every
 * allocation is counted left is always 0, and then it means nothing by itself.
 */
static bool is_asked(int64_t left, uint64_t random)
{
	return !left && (pages.objects_changed || !random || period_now()) && sampling_is_on();
}

COLD bool gate_decide(uint64_t size)
{
	struct probe_slot *slot = slot_mine();

	if (!slot->left && likely(counts_all(slot->random)))
		return !(size >> 46); /* no such allocation succeeds */
	if (unlikely(is_asked(slot->left, slot->random))) {
		look_for_objects();
		start(&slot->left, &slot->random);
		if (unlikely(pages.objects_changed) && pages.dlopen_thread == slot->owner)
			return ask_again(&slot->left, &slot->random, size);
	}
	return decide(&slot->left, &slot->random, size);
}

/*
 * The next allocation under the GIL looks for new objects; without hooks there (2.7) or without a GIL, this thread's next
 * one. When two threads are at it, neither looks: memspy does, from outside, and says when this is over.
 */
COLD void gate_after_dlopen(void)
{
	uint64_t self = thread_pointer(), was = __atomic_exchange_n(&pages.dlopen_thread, self, __ATOMIC_ACQ_REL);

	__atomic_fetch_add(&pages.dlopens, 1, __ATOMIC_RELAXED);
	if (was && was != self) {
		__atomic_store_n(&pages.dlopen_thread, PROBE_SEVERAL, __ATOMIC_RELEASE);
		pages.objects_changed = 0;
		return;
	}
	pages.objects_changed = 1;
	if (config.wanted >> HOOK_OBJ_MALLOC & 1 && !config.free_threaded)
		pages.left = 0;
	else
		slot_mine()->left = 0;
}

COLD bool gate_decide_python(uint64_t size)
{
	pages.left += (int64_t)size;
	if (!pages.left && likely(counts_all(pages.random)))
		return !(size >> 46);
	if (unlikely(is_asked(pages.left, pages.random))) { /* whichever thread it is, for it has the GIL */
		look_for_objects();
		start(&pages.left, &pages.random);
		if (unlikely(pages.objects_changed))
			return ask_again(&pages.left, &pages.random, size);
	}
	return decide(&pages.left, &pages.random, size);
}

void gate_redraw(void)
{
	uint64_t period = period_now();

	if (pages.random)
		pages.left = random_gap(&pages.random, period);
	for (unsigned i = 0; i < 1u << PROBE_SLOT_BITS; i++)
		if (pages.slots[i].owner && pages.slots[i].random)
			pages.slots[i].left = random_gap(&pages.slots[i].random, period);
}
