/*
 * session_leftovers: CPython's allocator tables, wherever there is one that leads to our hooks.
 *
 * Somebody who comes in front of us (tracemalloc, debug hooks, an extension) keeps what the tables held: our hooks. Put
 * back later, they would be called once we are gone; and the next session, finding the other one in the tables, would
 * let its hooks call who calls them, for ever. So the static data of all objects is looked through, word by word.
 */
#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "session_private.h"

enum { CHUNK = 256 << 10, FIRST = HOOK_MEM_MALLOC, LAST = HOOK_OBJ_FREE };

struct search {
	struct session *s;
	const uint64_t *originals;
	struct leftovers found;
	uint64_t words[CHUNK / 8];
};

static bool is_of_table(const struct search *search, size_t i, size_t count, unsigned hook)
{
	const bool in_table = i < count && hook >= FIRST && hook <= LAST;

	return in_table && (injected_leads(&search->s->probe, hook, search->words[i]) ||
			    (search->words[i] && search->words[i] == search->originals[hook]));
}

/*
 * The page beside an interpreter at 0x400000 has addresses that a counter reaches, too. Whoever keeps a table has its
 * functions side by side; a number that stands alone is a number.
 */
static bool is_certain(const struct search *search, size_t i, size_t count, unsigned hook)
{
	return injected_is_in_image(&search->s->probe, search->words[i]) || is_of_table(search, i - 1, count, hook - 1) ||
	       is_of_table(search, i + 1, count, hook + 1);
}

static int put_back(struct search *search, raddr at, size_t count, struct err *e)
{
	const struct injected *probe = &search->s->probe;

	for (size_t i = 0; i < count; i++) {
		if (!injected_holds(probe, search->words[i])) /* nearly all */
			continue;
		for (unsigned hook = FIRST; hook <= LAST; hook++) {
			int r;

			if (!injected_leads(probe, hook, search->words[i]) || !search->originals[hook] ||
			    !is_certain(search, i, count, hook))
				continue;
			r = remote_write_u64(search->s->remote, at + 8 * i, search->originals[hook], e);
			if (r && r != READ_TORN)
				return r;
			search->found.places[hook >= HOOK_OBJ_MALLOC]++;
		}
	}
	return 0;
}

static int look_through(struct search *search, raddr at, raddr end, struct err *e)
{
	/* The last word of a piece is the first of the next: it is looked at beside both its neighbours. */
	for (at = (at + 7) & ~(raddr)7; at + 8 <= end; at += CHUNK - 8) {
		size_t bytes = end - at < CHUNK ? (size_t)(end - at) & ~(size_t)7 : CHUNK;
		int r = remote_read(search->s->remote, at, search->words, bytes, e);

		if (!r)
			r = put_back(search, at, bytes / 8, e);
		if (r && r != READ_TORN) /* unloaded meanwhile */
			return r;
	}
	return 0;
}

static int look_through_object(struct search *search, const struct maps *maps, const struct object *o, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < maps_count(maps); i++) {
		const struct map *m = maps_at(maps, i);
		raddr start = m->start > o->start ? m->start : o->start, end = m->end < o->end ? m->end : o->end;

		if (start < end && m->readable && m->writable && !m->shared)
			r = look_through(search, start, end, e);
	}
	return r;
}

int session_leftovers_back(struct session *s, const struct maps *maps, const uint64_t originals[HOOK_COUNT],
			   struct leftovers *ret, struct err *e)
{
	_cleanup_(freep) struct object *objects = NULL;
	_cleanup_(freep) struct search *search = calloc(1, sizeof(*search));
	size_t count;
	int r;

	if (!search)
		return err_set(e, ENOMEM, "out of memory");
	search->s = s;
	search->originals = originals;
	r = maps_objects(maps, s->remote, &objects, &count, e);
	for (size_t i = 0; !r && i < count; i++)
		if (objects[i].start != s->probe.base)
			r = look_through_object(search, maps, &objects[i], e);
	*ret = search->found;
	return r;
}
