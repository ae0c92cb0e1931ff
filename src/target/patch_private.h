/*
 * patch_private: the list of places, between finding them (patch_find.c) and turning them (patch.c).
 */
#pragma once

#include "memspy/patch.h"

struct place {
	raddr at;
	enum probe_hook hook;
	uint64_t value; /* what it held when we found it */
	raddr object_start, object_end; /* 0: no object's, an entry of a table */
	bool lazy;	/* not bound yet: leads into its own object's PLT */
	bool through_exe; /* leads into the PLT of an executable at fixed addresses, and back there in the end */
	bool patched, skipped;
};

struct seen_object {
	raddr start;
	uint64_t inode, device;
};

/* An object that defines one of the functions. */
struct definer {
	enum probe_hook hook;
	raddr function, object;
	bool is_libc;
	unsigned votes; /* bound slots that lead to it */
};

struct patches {
	pid_t pid;
	uint64_t hooks;
	uint64_t originals[HOOK_COUNT];
	raddr allocator; /* start of the object whose malloc is in use; 0: not known */
	uint64_t earlier[HOOK_COUNT]; /* what a probe that was there already calls */
	struct place *places;
	size_t place_count, place_room;
	struct seen_object *seen;
	size_t seen_count;
	struct definer *definers;
	size_t definer_count;
	struct patch_counts counts;
};

int patches_add_place(struct patches *p, const struct place *place, struct err *e);
/* From the definers, and the places from `first` on, which are new. */
void patches_choose_originals(struct patches *p, size_t first);
