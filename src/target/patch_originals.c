/*
 * patch_originals: of several definitions of an allocation function, which is the one that a hook stands for.
 *
 * It is the function that bound slots lead to, as the defining object's own dynamic symbols have it; never what the
 * loader's default lookup says, which in executables at fixed addresses gives a PLT entry: hook, PLT, hook, for ever.
 */
#include "patch_private.h"

static bool is_of_allocator(enum probe_hook hook)
{
	return hook <= HOOK_PVALLOC;
}

/*
 * False: no definition of it is known. What an object's slots say of its own functions is no vote: a library that is
 * bound to the allocator it brings says nothing of the rest of the process.
 */
static bool vote(struct patches *p, enum probe_hook hook, uint64_t value, raddr voter)
{
	bool known = false;

	for (size_t i = 0; i < p->definer_count; i++)
		if (p->definers[i].hook == hook && p->definers[i].function == value) {
			p->definers[i].votes += p->definers[i].object != voter;
			known = true;
		}
	return known;
}

/*
 * When all definitions are known (an allocator that was preloaded lies behind those who use it): what is bound to one is
 * its vote. An object may have an allocator of its own and be bound to that; else what leads into itself is not bound yet.
 */
static void hear_votes(struct patches *p, size_t first)
{
	for (size_t i = first; i < p->place_count; i++) {
		struct place *place = &p->places[i];

		place->lazy = !vote(p, place->hook, place->value, place->object_start) && place->value >= place->object_start &&
			      place->value < place->object_end;
	}
}

/* The object that most bound slots lead to: an allocator is one object, and its functions belong together. */
static raddr allocator_in_use(const struct patches *p)
{
	unsigned most = 0;
	raddr best = 0;

	for (size_t i = 0; i < p->definer_count; i++) {
		unsigned votes = 0;

		for (size_t k = 0; k < p->definer_count; k++)
			if (is_of_allocator(p->definers[k].hook) && p->definers[k].object == p->definers[i].object)
				votes += p->definers[k].votes;
		if (votes > most) {
			most = votes;
			best = p->definers[i].object;
		}
	}
	return best;
}

/* What the allocator in use does not define comes from libc: others that came with dlopen are nobody's but their own. */
static bool is_better(const struct definer *a, const struct definer *b, raddr in_use)
{
	if (is_of_allocator(a->hook) && in_use && (a->object == in_use) != (b->object == in_use))
		return a->object == in_use;
	if (a->votes != b->votes)
		return a->votes > b->votes;
	return in_use ? a->is_libc && !b->is_libc : b->is_libc && !a->is_libc;
}

/*
 * What an earlier session's hooks stood for still holds, and bound slots that lead to those hooks cannot tell. Then what
 * other bound slots lead to; where none is bound, an allocator other than libc's, for it came first if it is there.
 */
static void choose_originals(struct patches *p)
{
	const struct definer *best[HOOK_COUNT] = { 0 };
	raddr in_use;

	for (size_t i = 0; i < p->definer_count; i++) {
		struct definer *d = &p->definers[i];

		if (d->function == p->earlier[d->hook]) {
			p->originals[d->hook] = d->function;
			d->votes++;
		}
	}
	in_use = p->allocator = allocator_in_use(p);
	for (size_t i = 0; i < p->definer_count; i++) {
		const struct definer *d = &p->definers[i];

		if (!best[d->hook] || is_better(d, best[d->hook], in_use))
			best[d->hook] = d;
	}
	for (unsigned i = 0; i < HOOK_MEM_MALLOC; i++)
		if (best[i] && !p->originals[i])
			p->originals[i] = best[i]->function;
}

void patches_choose_originals(struct patches *p, size_t first)
{
	hear_votes(p, first);
	choose_originals(p);
}
