/*
 * gate: whose turn is it to be sampled.
 */
#include "gate.h"

#define NEVER INT64_MAX

bool sampling_is_on(void)
{
	return pages.magic == PROBE_PRIVATE_MAGIC && __atomic_load_n(&header()->armed, __ATOMIC_ACQUIRE) &&
	       cycles() < header()->lease_cycles;
}

uint64_t period_now(void)
{
	return header()->periods[header()->period % PROBE_PERIODS];
}

static uint64_t seed(uint64_t tp)
{
	/* Distinct for each thread and each time a slot changes hands, or threads would be sampled in step. */
	return mix(config.seed ^ tp) ^ mix(cycles());
}

static int64_t fresh_gap(uint64_t *random)
{
	return sampling_is_on() ? random_gap(random, period_now()) : NEVER;
}

static uint32_t thread_id(uint64_t tp)
{
	return config.tid_offset ? *(const uint32_t *)(tp + config.tid_offset) : 0;
}

/*
 * A slot of our own: free ones first, else we take the first over. Whoever loses it claims another one and draws
 * anew; that biases nothing, because the distance to the next point does not depend on the way behind it.
 */
static COLD struct probe_slot *slot_claim(uint64_t tp)
{
	enum { TRIES = 8 };
	struct probe_slot *first = slot_at(tp);
	uint64_t owner = __atomic_load_n(&first->owner, __ATOMIC_RELAXED);

	if (!__atomic_compare_exchange_n(&first->owner, &owner, tp, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		__atomic_store_n(&first->owner, tp, __ATOMIC_RELEASE);
	first->random = seed(tp);
	first->tid = thread_id(tp);
	first->left = fresh_gap(&first->random);
	return first;
}

static struct probe_slot *slot_mine(void)
{
	uint64_t tp = thread_pointer();
	struct probe_slot *slot = slot_at(tp);

	return slot->owner == tp ? slot : slot_claim(tp);
}

uint32_t gate_thread_id(void)
{
	return thread_id(thread_pointer());
}

/* Shared by both gates: did the block reach the point, and if so, where is the next one? */
static bool decide(int64_t *left, uint64_t *random, uint64_t size)
{
	if (size >> 46) /* no such allocation succeeds */
		return false;
	if ((int64_t)size < *left) {
		*left -= (int64_t)size;
		return false;
	}
	if (!sampling_is_on()) {
		*left = NEVER;
		return false;
	}
	*left = random_gap(random, period_now());
	return true;
}

COLD bool gate_decide(uint64_t size)
{
	struct probe_slot *slot = slot_mine();
	bool sampled = decide(&slot->left, &slot->random, size);

	if (unlikely(pages.objects_changed) && sampled)
		objects_patch_new();
	return sampled;
}

COLD bool gate_decide_python(uint64_t size)
{
	/* dlopen asks for a look around by putting left to 0; what it interrupted is the same gap, drawn anew. */
	if (unlikely(pages.objects_changed) && sampling_is_on()) {
		objects_patch_new();
		pages.left = random_gap(&pages.random, period_now());
		if ((int64_t)size < pages.left) {
			pages.left -= (int64_t)size;
			return false;
		}
	}
	return decide(&pages.left, &pages.random, size);
}

void gate_redraw(void)
{
	uint64_t period = period_now();

	pages.left = random_gap(&pages.random, period);
	for (unsigned i = 0; i < 1u << PROBE_SLOT_BITS; i++)
		if (pages.slots[i].owner)
			pages.slots[i].left = random_gap(&pages.slots[i].random, period);
}
