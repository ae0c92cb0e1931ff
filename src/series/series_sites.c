/* Where the site of a row has its place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

size_t series_latest(const struct series *s, uint32_t stack)
{
	return stack < s->latest_room ? s->latest[stack] : SIZE_MAX;
}

static int note_latest(struct series *s, uint32_t stack, size_t site, struct err *e)
{
	if (stack >= s->latest_room) {
		size_t room = s->latest_room ? s->latest_room * 2 : 1024;
		uint32_t *latest;

		while (room <= stack)
			room *= 2;
		latest = realloc(s->latest, room * sizeof(*latest));
		if (!latest)
			return err_set(e, ENOMEM, "out of memory for %zu stacks", room);
		memset(latest + s->latest_room, 0xff, (room - s->latest_room) * sizeof(*latest));
		s->latest = latest;
		s->latest_room = room;
	}
	s->latest[stack] = (uint32_t)site;
	return 0;
}

int series_place(struct series *s, const struct site_key *key, size_t *ret, struct err *e)
{
	size_t at = series_latest(s, key->stack);
	int r;

	if (at < s->sites.count) {
		const struct site *site = &s->sites.at[at];

		*ret = at;
		if (site->stack == key->stack && site->thread == key->thread && site->domain == key->domain)
			return 0;
	}
	r = sites_find(&s->sites, key->stack, key->thread, key->domain, ret, e);
	return r < 0 ? r : note_latest(s, key->stack, *ret, e);
}

int series_change(struct series *s, size_t site, struct err *e)
{
	if (s->changed_count == s->changed_room) {
		size_t room = s->changed_room ? s->changed_room * 2 : 256;
		uint32_t *changed = realloc(s->changed, room * sizeof(*changed));

		if (!changed)
			return err_set(e, ENOMEM, "out of memory for %zu sites", room);
		s->changed = changed;
		s->changed_room = room;
	}
	s->changed[s->changed_count++] = (uint32_t)site;
	return 0;
}

/*
 * Sites are many and far apart: to wait for the memory of each took a third of all reading. Which site a row is of is known
 * from its stack nearly always, some time before all of the row is read.
 */
void series_expect(const struct series *s, const char *row)
{
	uint32_t stack = 0;
	size_t at;

	for (row++; *row >= '0' && *row <= '9' && stack < 1u << 24; row++)
		stack = stack * 10 + (uint32_t)(*row - '0');
	at = series_latest(s, stack);
	if (at < s->sites.count) {
		const char *site = (const char *)&s->sites.at[at];

		for (size_t i = 0; i < sizeof(struct site); i += 64)
			__builtin_prefetch(site + i, 1);
	}
}
