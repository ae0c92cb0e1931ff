#include "sites_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash(uint32_t stack, uint32_t thread, uint32_t domain)
{
	uint64_t h = ((uint64_t)stack << 32 | thread) * 0x9e3779b97f4a7c15u;

	h = (h ^ (h >> 32) ^ domain) * 0xd6e8feb86659fd93u;
	return (uint32_t)(h >> 32);
}

static void put(struct sites *s, size_t index)
{
	const struct site *site = &s->at[index];
	uint32_t slot = hash(site->stack, site->thread, site->domain) & s->mask;

	while (s->slots[slot])
		slot = (slot + 1) & s->mask;
	s->slots[slot] = (uint32_t)index + 1;
}

/* Room for one more in the array, and an index at most half full. */
static int grow(struct sites *s, struct err *e)
{
	if (s->count >= SITES_MOST)
		return err_set(e, EFBIG, "more than %d sites", SITES_MOST);
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		struct site *at = realloc(s->at, room * sizeof(*at));

		if (!at)
			return err_set(e, ENOMEM, "out of memory for %zu sites", room);
		s->at = at;
		s->room = room;
	}
	if (!s->slots || (s->count + 1) * 2 > (size_t)s->mask + 1) {
		size_t size = s->slots ? ((size_t)s->mask + 1) * 2 : 1024;
		uint32_t *slots = calloc(size, sizeof(*slots));

		if (!slots)
			return err_set(e, ENOMEM, "out of memory for %zu sites", s->room);
		free(s->slots);
		s->slots = slots;
		s->mask = (uint32_t)size - 1;
		for (size_t i = 0; i < s->count; i++)
			put(s, i);
	}
	return 0;
}

int sites_find(struct sites *s, uint32_t stack, uint32_t thread, uint32_t domain, size_t *ret, struct err *e)
{
	int r;

	if (s->slots)
		for (uint32_t slot = hash(stack, thread, domain) & s->mask; s->slots[slot];
		     slot = (slot + 1) & s->mask) {
			const struct site *site = &s->at[s->slots[slot] - 1];

			if (site->stack == stack && site->thread == thread && site->domain == domain) {
				*ret = s->slots[slot] - 1;
				return 0;
			}
		}
	r = grow(s, e);
	if (r < 0)
		return r;
	s->at[s->count] = (struct site){ .stack = stack, .thread = thread, .domain = domain };
	put(s, s->count);
	*ret = s->count++;
	return 0;
}

void sites_clear(struct sites *s)
{
	s->count = 0;
	if (s->slots)
		memset(s->slots, 0, ((size_t)s->mask + 1) * sizeof(*s->slots));
}

void sites_done(struct sites *s)
{
	free(s->at);
	free(s->slots);
	*s = (struct sites){ 0 };
}
