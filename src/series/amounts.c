#include "amounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN = 4096 };

void amounts_done(struct amounts *a)
{
	free(a->at);
	free(a->slots);
	free(a->seen);
	*a = (struct amounts){ 0 };
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}

/* The same of an amount and of its negative. */
static uint64_t digest(const struct amount *a)
{
	uint64_t h = 0x9e3779b97f4a7c15u;
	int first = 0;

	while (first < AMOUNT_FIGURES - 1 && a->figures[first] == 0)
		first++;
	for (int i = 0; i < AMOUNT_FIGURES; i++) {
		uint64_t v = (uint64_t)a->figures[i];

		h = mix(h, a->figures[first] < 0 ? 0 - v : v);
	}
	return h ? h : 1;
}

static bool is_same(const struct amount *a, const struct amount *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_negative(const struct amount *a, const struct amount *b)
{
	for (int i = 0; i < AMOUNT_FIGURES; i++)
		if ((uint64_t)a->figures[i] + (uint64_t)b->figures[i] != 0)
			return false;
	return true;
}

static void put(struct amounts *a, size_t index)
{
	uint32_t slot = (uint32_t)digest(&a->at[index]) & a->mask;

	while (a->slots[slot])
		slot = (slot + 1) & a->mask;
	a->slots[slot] = (uint32_t)index + 1;
}

static int grow(struct amounts *a, struct err *e)
{
	if (a->count >= AMOUNTS_MOST)
		return err_set(e, EFBIG, "more than %d amounts", AMOUNTS_MOST);
	if (a->count == a->room) {
		size_t room = a->room ? a->room * 2 : 64;
		struct amount *at = realloc(a->at, room * sizeof(*at));
		uint32_t *slots = calloc(room * 4, sizeof(*slots));

		if (at)
			a->at = at;
		if (!at || !slots) {
			free(slots);
			return err_set(e, ENOMEM, "out of memory for %zu amounts", room);
		}
		free(a->slots);
		a->room = room;
		a->slots = slots;
		a->mask = (uint32_t)room * 4 - 1;
		for (size_t i = 0; i < a->count; i++)
			put(a, i);
	}
	return 0;
}

int amounts_add(struct amounts *a, const struct amount *what, struct err *e)
{
	int r = grow(a, e);

	if (r < 0)
		return r;
	a->at[a->count] = *what;
	put(a, a->count++);
	return 0;
}

int64_t amounts_find(const struct amounts *a, const struct amount *what)
{
	if (!a->slots)
		return 0;
	for (uint32_t slot = (uint32_t)digest(what) & a->mask; a->slots[slot]; slot = (slot + 1) & a->mask) {
		const struct amount *at = &a->at[a->slots[slot] - 1];

		if (is_same(at, what))
			return a->slots[slot];
		if (is_negative(at, what))
			return -(int64_t)a->slots[slot];
	}
	return 0;
}

bool amounts_were_seen(struct amounts *a, const struct amount *what)
{
	const uint64_t h = digest(what);
	uint64_t before;

	if (!a->seen && !(a->seen = calloc(SEEN, sizeof(*a->seen))))
		return false; /* nobody's figures depend on it */
	before = a->seen[h % SEEN];
	a->seen[h % SEEN] = h;
	return before == h;
}

void amounts_cut(struct amounts *a, size_t count)
{
	if (count >= a->count)
		return;
	a->count = count;
	memset(a->slots, 0, ((size_t)a->mask + 1) * sizeof(*a->slots));
	for (size_t i = 0; i < count; i++)
		put(a, i);
}

bool amount_is_nothing(const struct amount *a)
{
	static const struct amount nothing;

	return is_same(a, &nothing);
}

bool amount_between(struct amount *ret, const struct amount *from, const struct amount *to)
{
	bool over = false;

	for (int i = 0; i < AMOUNT_FIGURES; i++)
		over |= __builtin_sub_overflow(to->figures[i], from->figures[i], &ret->figures[i]) ||
			ret->figures[i] == INT64_MIN; /* no number of a row is that */
	return !over;
}

static int64_t capped(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

struct amount amount_of(const struct estimate *e)
{
	return (struct amount){ { capped(e->bytes), capped(e->blocks), capped(e->samples), amount_variance(e->variance),
				  capped(e->sure_bytes) } };
}
