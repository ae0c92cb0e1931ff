/*
 * session_private: one target from attach to detach, and all that it holds.
 */
#pragma once

#include "memspy/heap.h"
#include "memspy/inject.h"
#include "memspy/maps.h"
#include "memspy/patch.h"
#include "memspy/proc.h"
#include "memspy/python.h"
#include "memspy/remote.h"
#include "memspy/sampler.h"
#include "memspy/session_ops.h"

struct session {
	struct proc_id id;
	int claim; /* descriptor; -1: none */
	struct session_options options;
	struct remote *remote;
	struct maps *maps;
	struct python *python;
	struct injected probe;
	struct heap *heap;
	struct patches *patches;
	struct sampler *sampler;
	struct memory memory_at_attach;
	uint64_t hooks;		 /* bits of enum probe_hook in use */
	uint64_t originals[HOOK_COUNT]; /* what they stand for, as the probe was told */
	uint64_t rescan_at_ns;
	uint64_t dlopens; /* the probe has counted at the last rescan */
	uint64_t objects_patched; /* as the probe last said */
	bool gone;
	bool inherited; /* a followed child: it came with the probe and its hooks */
	/* for session_about */
	char *cmdline, *title;
	char exe[512], host[128], way[224], domains[64], container[96];
	uint64_t memory_limit;
};

/* session_hooks.c: which hooks, what they stand for, turning them on and off. */
int session_hooks_on(struct session *s, struct err *e);
/* Objects that were loaded since are turned, too; cheap when nothing came. */
int session_hooks_rescan(struct session *s, struct err *e);
int session_hooks_off(struct session *s, struct err *e);

/* What the probe was told by whoever was here before, as far as it can be believed. */
int session_hooks_earlier(struct session *s, struct probe_config *ret, struct err *e);
struct heap_options session_heap_options(const struct session *s);
#define RESCAN_NS 5000000000u /* the probe sees what Python loads; this is for the rest */

/* session_loader.c: addresses in the target; 0: not found. */
uint64_t session_loaders_list(const struct session *s); /* of objects, as it is shown to debuggers */
uint64_t session_libc_iterate(const struct session *s); /* dl_iterate_phdr */

/* session_inherited.c: of a child that counts in the table that s->probe has. Nothing is turned that was not turned in its parent. */
int session_hooks_inherited(struct session *s, struct err *e);

/* session_leftovers.c: tables, and copies of tables that somebody keeps, that lead to our hooks of CPython's allocators. */
struct leftovers {
	size_t places[2]; /* of the mem and of the obj domain */
};
/* They get back what they held. */
int session_leftovers_back(struct session *s, const struct maps *maps, const uint64_t originals[HOOK_COUNT],
			   struct leftovers *ret, struct err *e);

/* session_about.c: who the target is. */
int session_about_read(struct session *s, struct err *e);
void session_about_tell(const struct session *s, struct recording_about *ret);

/* session_start.c: the moment at which a program becomes a Python that can be recorded. */
bool session_stop_at_start(pid_t child, uint64_t limit_ns);
