/*
 * inject: the probe and its table into a process, by one of two ways.
 *
 * map     raw system calls in the name of one stopped thread, the image written from outside. No code of the
 *         target runs, so any stop will do. The loader does not know the probe.
 * dlopen  the loader loads it from a sealed memfd, so that debuggers and unwinders know it. Only at a safe point:
 *         no frame of the allocator or the loader on the thread's stack.
 *
 * Either leaves a probe that does nothing until it is configured (heap.h) and its hooks are reachable (patch.h).
 * Where the interpreter is far from libc, a page beside it takes a copy of the fast path of its tables' hooks.
 * A probe that an earlier session left behind is found and used again: a process has at most one.
 * No thread is held for longer than the system calls take; files are parsed and bytes written before and after.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/image.h"
#include "memspy/maps.h"
#include "memspy/remote.h"

enum inject_way { INJECT_AUTO, INJECT_DLOPEN, INJECT_MAP };

struct injected {
	enum inject_way way; /* the one taken */
	bool reused;	     /* the probe was there already */
	raddr base;	     /* of the image */
	raddr table;	     /* in the target */
	raddr near;	     /* the page beside the interpreter; 0: none */
	bool near_is_used;   /* injected_hook gives what is there */
	void *view;	     /* the same pages in our address space */
	uint64_t table_bytes;
	uint64_t view_bytes; /* all of the memfd: its other tables are places for children */
	unsigned tables;     /* in it */
	struct image image;
	pid_t tid;	     /* the thread that was held; 0: none */
	uint64_t held_ns;    /* for so long */
	char note[160];	     /* why map was not possible, when dlopen was second choice */
};

/*
 * beside: the start of an interpreter whose tables may be turned, or 0. table_bytes is what a new table gets; one that is
 * there keeps its size. tables: 1, and one more for each child that is to have a place; a memfd that has fewer is replaced.
 * 0, READ_GONE, or a fault with its sentence; on a fault nothing of the target has changed but mappings that it does not
 * know of.
 */
int inject(struct injected *ret, pid_t pid, struct remote *remote, const struct maps *maps, raddr beside, enum inject_way way,
	   uint64_t table_bytes, unsigned tables, struct err *e);
/* The same memfd once more in our address space; or only one table of it, in which a child of the process counts. */
int injected_again(struct injected *ret, const struct injected *from, struct err *e);
int injected_place(struct injected *ret, const struct injected *from, unsigned place, struct err *e);
void injected_done(struct injected *i); /* unmaps our view; the target keeps its side */

/* An address in the target for a function of the probe. */
raddr injected_hook(const struct injected *i, enum probe_hook hook);
/* From now on injected_hook gives those that CPython's tables need where there is no GIL. */
void injected_free_threaded(struct injected *i);
/*
 * Fills the page beside the interpreter, for hooks that stand in for these; from now on injected_hook gives those in it. Only where
 * there is a GIL and sampled blocks are diverted. Nothing happens where there is no such page, or one that was filled for others.
 */
void injected_near(struct injected *i, struct remote *remote, const struct probe_config *config);
/* Does this word, which a session before may have written, lead to that hook? */
bool injected_leads(const struct injected *i, enum probe_hook hook, uint64_t word);
/* Is it in the image or the page at all? Most words are not. */
bool injected_holds(const struct injected *i, uint64_t word);
bool injected_is_in_image(const struct injected *i, uint64_t word);
