/*
 * heap_private: the table as we see it.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/heap.h"

struct heap {
	const struct injected *probe;
	volatile struct probe_header *header; /* written by somebody who may mean harm */
	struct probe_layout layout;	      /* ours: what is in the header is never believed */
	uint64_t lease_cycles;
	struct heap_site *sites;
	size_t site_room;
	struct buf text[3];   /* copies for heap_code */
	uint64_t text_left; /* what heap_code will still hand out: texts may overlap, and so add up to anything */
};

/* Where the sections go in a table of so many bytes. */
int heap_layout(struct probe_layout *ret, uint64_t table_bytes, struct err *e);

static inline void *heap_section(const struct heap *h, const struct probe_section *s)
{
	return (char *)h->probe->view + s->offset;
}
