#include "memspy/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/symbols.h"
#include "patch_private.h"

int patches_new(struct patches **ret, pid_t pid, uint64_t hooks, struct err *e)
{
	struct patches *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(e, ENOMEM, "out of memory");
	p->pid = pid;
	p->hooks = hooks;
	*ret = p;
	return 0;
}

void patches_free(struct patches *p)
{
	if (!p)
		return;
	free(p->places);
	free(p->seen);
	free(p->definers);
	free(p);
}

void patches_originals(const struct patches *p, uint64_t originals[HOOK_COUNT])
{
	memcpy(originals, p->originals, sizeof(p->originals));
}

void patches_earlier(struct patches *p, const uint64_t originals[HOOK_COUNT])
{
	memcpy(p->earlier, originals, sizeof(p->earlier));
}

struct patch_counts patches_counts(const struct patches *p)
{
	return p->counts;
}

int patches_add_place(struct patches *p, const struct place *place, struct err *e)
{
	if (p->place_count == p->place_room) {
		size_t room = p->place_room ? p->place_room * 2 : 256;
		struct place *more = realloc(p->places, room * sizeof(*more));

		if (!more)
			return err_set(e, ENOMEM, "out of memory");
		p->places = more;
		p->place_room = room;
	}
	p->places[p->place_count++] = *place;
	return 0;
}

int patches_add(struct patches *p, raddr at, enum probe_hook hook, uint64_t value, struct err *e)
{
	struct place place = { .at = at, .hook = hook, .value = value };

	if (!(p->hooks >> hook & 1))
		return 0;
	p->originals[hook] = value;
	return patches_add_place(p, &place, e);
}

static bool frees(enum probe_hook hook)
{
	return hook == HOOK_FREE || hook == HOOK_REALLOC || hook == HOOK_REALLOCARRAY || hook == HOOK_MUNMAP ||
	       hook == HOOK_MREMAP || hook == HOOK_MEM_FREE || hook == HOOK_OBJ_FREE || hook == HOOK_MEM_REALLOC ||
	       hook == HOOK_OBJ_REALLOC;
}

/* Bound to what the hook stands for, or not bound yet: anything else is no slot of ours, its object may be gone. */
static bool may_be_turned(const struct patches *p, const struct place *place, uint64_t now)
{
	return now == p->originals[place->hook] || (place->through_exe && now == place->value) ||
	       (place->lazy && now >= place->object_start && now < place->object_end);
}

/*
 * Never the way to its binding: the object may have been unloaded and loaded again, at the same place and bound this time,
 * and then nobody stands behind that way. What the hook stands for is what binding would have found.
 */
static uint64_t put_back(const struct patches *p, const struct place *place)
{
	return place->through_exe ? place->value : p->originals[place->hook];
}

/* One word. What is there now must be what we expect: the target may have changed it, or the object be gone. */
static int turn(struct patches *p, struct place *place, struct remote *remote, const struct injected *probe, bool to_probe,
		struct err *e)
{
	uint64_t now;
	int r = remote_read_u64(remote, place->at, &now, e);

	if (r == READ_TORN) { /* unloaded */
		place->patched = false;
		return 0;
	}
	if (r)
		return r;
	if (to_probe) {
		if (now != injected_hook(probe, place->hook)) {
			if (!injected_leads(probe, place->hook, now) && !may_be_turned(p, place, now)) {
				p->counts.skipped += !place->skipped;
				place->skipped = true;
				return 0;
			}
			r = remote_write_u64(remote, place->at, injected_hook(probe, place->hook), e);
		}
		p->counts.slots += !r && !place->patched;
		place->patched = !r;
	} else if (injected_leads(probe, place->hook, now)) {
		r = remote_write_u64(remote, place->at, put_back(p, place), e);
		place->patched = false;
	}
	return r == READ_TORN ? 0 : r;
}

static int turn_all(struct patches *p, struct remote *remote, const struct injected *probe, bool to_probe,
		    struct err *e)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < p->place_count; i++) {
			struct place *place = &p->places[i];
			int r;

			if ((to_probe && place->patched) || frees(place->hook) != (to_probe == (pass == 0)))
				continue;
			r = turn(p, place, remote, probe, to_probe, e);
			if (r)
				return r;
		}
	}
	return 0;
}

int patches_apply(struct patches *p, struct remote *remote, const struct injected *probe, struct err *e)
{
	return turn_all(p, remote, probe, true, e);
}

int patches_restore(struct patches *p, struct remote *remote, const struct injected *probe, struct err *e)
{
	return turn_all(p, remote, probe, false, e);
}
