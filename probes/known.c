/*
 * known: code objects that were looked at, and how long that holds.
 *
 * Frames keep their code objects alive, so in one stack each is looked at once. By the next stack it may have died, and
 * another one may have been born at its address. Where every allocation passes us that would not go unseen: then what we know holds
 * until a block is born where a known code object was, or memspy renews its lease (once a tick), or something may have
 * gone past us. Without a GIL another thread's code objects are born while we look: there it holds for one stack.
 */
#include "frames.h"

struct known known_codes[1 << KNOWN_BITS];
uint64_t known_generation = 1, known_lease;
bool known_missing = true;

enum { PLACE_BITS = 15 };
static uint64_t places[1 << (PLACE_BITS - 6)]; /* a bit per 64 bytes of memory, hashed: here is a known code object */
static bool any_place;
static uint64_t blind; /* seed of a session in which threads were asleep while others were not */
static uint64_t objects; /* and of that in which the table of objects led to us */

static uint32_t place_of(uint64_t address)
{
	return (uint32_t)(((address >> 6) * 0x9e3779b97f4a7c15u) >> (64 - PLACE_BITS));
}

static void note_place(uint64_t address)
{
	places[place_of(address) / 64] |= 1ull << (place_of(address) % 64);
}

/* The table of objects is turned last: whoever comes from there comes after the rest. */
static bool sees_births(uint32_t domain)
{
	const uint64_t all = 1ull << HOOK_MALLOC | 1ull << HOOK_OBJ_MALLOC;

	if (domain == OBJ)
		objects = config.seed;
	return !period_now() && (config.wanted & all) == all && objects == config.seed && blind != config.seed &&
	       !config.free_threaded;
}

/* Another seed comes with another lease. */
COLD void known_new_generation(uint32_t domain)
{
	__atomic_store_n(&known_missing, !sees_births(domain), __ATOMIC_RELAXED); /* first: what is missed from here on ends this one */
	known_generation++;
	if (any_place)
		for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			places[i] = 0;
	any_place = false;
	known_lease = header()->lease_cycles;
}

/* A block may begin up to 48 bytes in front of the object in it. */
void known_birth(uint64_t address)
{
	if (unlikely(places[place_of(address) / 64] >> (place_of(address) % 64) & 1))
		known_missing = true;
}

void known_missed(void)
{
	__atomic_store_n(&known_missing, true, __ATOMIC_RELAXED);
}

void known_blind(void)
{
	__atomic_store_n(&blind, config.seed, __ATOMIC_RELAXED);
	known_missed();
}

COLD struct known *known_new(uint64_t code)
{
	const struct probe_python *py = &config.python;
	struct known *k = &known_codes[(code * 0x9e3779b97f4a7c15u) >> (64 - KNOWN_BITS)];

	if (!plausible(code) || word(code + py->object_type) != py->code_type)
		return NULL;
	*k = (struct known){ .code = code, .generation = known_generation, .first_traceable = INT64_MIN };
	if (py->code_first_traceable != PROBE_OWNER_NONE)
		k->first_traceable = (int64_t)(int32_t)half(code + py->code_first_traceable) * 2;
	return k;
}

COLD uint32_t known_ask(struct known *k)
{
	if (!known_missing) { /* or this generation ends with this stack */
		note_place(k->code);
		note_place(k->code - 48);
		any_place = true;
	}
	return k->index = code_get(k->code);
}
