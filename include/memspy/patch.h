/*
 * patch: the places in a process that lead to allocation functions, and turning them to the probe and back.
 *
 * A place is a word of the target: a GOT slot of a loaded object, or an entry of CPython's allocator tables. It is
 * changed by one aligned 8-byte write from outside and put back only while it still holds what we wrote. Nobody is
 * stopped. What cannot be patched (bound to another allocator, out of reach) is counted, not forced.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/inject.h"
#include "memspy/maps.h"
#include "memspy/probe_abi.h"
#include "memspy/remote.h"

struct patches;

struct patch_counts {
	unsigned objects; /* looked at */
	unsigned slots;	  /* turned to the probe */
	unsigned skipped; /* bound to something else than what the probe would call */
};

/* hooks: a bit per enum probe_hook that may be used. */
int patches_new(struct patches **ret, pid_t pid, uint64_t hooks, struct err *e);
void patches_free(struct patches *p); /* does not put anything back */
/* Before patches_find: what the hooks of a probe stand for that was there already. */
void patches_earlier(struct patches *p, const uint64_t originals[HOOK_COUNT]);

/*
 * Looks at the objects in maps that it has not seen; skip_mmap is the load address of the object whose mmap is the
 * interpreter's own (arenas are not allocations). Fills originals with what each hook stands for; 0: not there.
 */
int patches_find(struct patches *p, struct remote *remote, const struct maps *maps, const struct injected *probe,
		 raddr skip_mmap, struct err *e);
void patches_originals(const struct patches *p, uint64_t originals[HOOK_COUNT]);
/* One more place, an entry of a table; value is what it holds now. */
int patches_add(struct patches *p, raddr place, enum probe_hook hook, uint64_t value, struct err *e);

/* Writes what is not written yet: functions that free first, so that nothing sampled goes unseen. */
int patches_apply(struct patches *p, struct remote *remote, const struct injected *probe, struct err *e);
/* Functions that allocate first. READ_GONE is fine: then there is nothing to put back. */
int patches_restore(struct patches *p, struct remote *remote, const struct injected *probe, struct err *e);
struct patch_counts patches_counts(const struct patches *p);
