/*
 * heap: what the probe has seen, out of the table that we share with it.
 *
 * The target can write every byte of the table at any moment. So everything is copied first and checked against the
 * copy: indexes, lengths, parents smaller than their children. A target that scribbles spoils its own figures and
 * nothing else. The heap knows no Python: names are for those who know what the copied bytes mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/inject.h"
#include "memspy/probe_abi.h"
#include "memspy/remote.h"
#include "memspy/sample.h"

struct heap;

struct heap_options {
	uint64_t sample_bytes; /* T; 0: every allocation */
	uint64_t lease_ns;     /* sampling stops when nobody renews for so long */
	uint32_t max_depth;    /* frames kept of each stack */
	uint32_t temporary_events;
	bool follow; /* children take the other tables of the memfd */
};

/* Keeps `probe` (lent) until heap_free. */
int heap_new(struct heap **ret, const struct injected *probe, struct err *e);
void heap_free(struct heap *h);


/*
 * An empty table, and the probe told what to do: config brings original, python, small_limit, divert, tid_offset,
 * link_map; the rest is filled here. The hooks may be made reachable afterwards.
 */
int heap_arm(struct heap *h, struct remote *remote, struct probe_config *config, const struct heap_options *o, struct err *e);
/* Of a child that took a place: what is in its table stays, and is looked at from now on. */
void heap_adopt(struct heap *h, const struct probe_config *config, const struct heap_options *o);
/* The probe's own copy of what a hook stands for, when objects came later. */
int heap_set_original(struct heap *h, struct remote *remote, enum probe_hook hook, uint64_t original, struct err *e);
void heap_renew(struct heap *h);	   /* the lease, from now */
int heap_disarm(struct heap *h, struct remote *remote, struct err *e); /* fast path only, nothing is sampled */

/* ---- reading ---- */

struct heap_site {
	uint32_t node; /* 0: no Python frame */
	uint32_t thread, domain;
	struct estimate live, alloc, peak, temporary;
	uint32_t lifetimes[LIFETIME_BUCKETS];
};

struct heap_copy {
	uint64_t sample_bytes, peak_bytes, events;
	struct losses lost;
	struct heap_site *sites; /* those ever sampled; owned by the heap, lent until the next take */
	size_t site_count;
	uint64_t objects_patched; /* moves when the probe found new objects */
};

int heap_take(struct heap *h, struct heap_copy *ret, struct err *e);
uint64_t heap_table_bytes(const struct heap *h); /* resident, as far as the kernel tells */

/* Nodes and codes are final once they are there. false: no such, or nonsense. */
struct heap_node {
	uint32_t parent, code, position;
	uint32_t copy; /* not 0: position is for python_offset_in_copy */
};
bool heap_node(const struct heap *h, uint32_t index, struct heap_node *ret);

struct heap_text {
	const void *chars; /* our copy */
	size_t count;	   /* characters */
	unsigned width;	   /* 1, 2, 4; 0: plain bytes */
};
struct heap_code {
	uint32_t first_line;
	uint64_t address, line_table_at; /* in the target, at first sight */
	struct heap_text filename, name, line_table;
};
/* Lent until the next call. */
bool heap_code(struct heap *h, uint32_t index, struct heap_code *ret);
