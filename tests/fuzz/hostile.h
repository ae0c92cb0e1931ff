/* hostile: the reader of the shared table, with a Python of our own choice to name what it finds. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "../../src/cpython/python_private.h"
#include "memspy/heap.h"
#include "memspy/proc.h"
#include "memspy/sampler.h"

struct hostile {
	struct injected probe; /* view is the table: an array that anybody may write to */
	struct python python;
	struct heap *heap;
	struct sampler *sampler;
};

/* Whose memory is told does not matter; to sum up that of a program under ASan takes the kernel milliseconds. */
static inline pid_t somebody(void)
{
	struct memory ignored;
	struct err e;

	return proc_memory(getppid(), false, &ignored, &e) ? getpid() : getppid();
}

static inline int hostile_init(struct hostile *h, void *table, uint64_t bytes, enum py_line_format format, struct err *e)
{
	int r;

	*h = (struct hostile){
		.probe = { .view = table, .table_bytes = bytes }, .python = { .layout.line_format = format },
	};
	r = heap_new(&h->heap, &h->probe, e);
	return r ? r : sampler_new(&h->sampler, somebody(), h->heap, &h->python, NULL, e);
}

static inline void hostile_done(struct hostile *h)
{
	sampler_free(h->sampler);
	heap_free(h->heap);
}

/* One tick: everything copied, everything named. What comes back must hang together, whatever was read. */
static inline void hostile_look(struct hostile *h)
{
	struct sample s = { 0 };
	struct err e;

	if (sampler_take(h->sampler, &s, &e))
		return;
	for (size_t i = 0; i < s.site_count; i++) {
		const struct names *names = sampler_names(h->sampler);
		const struct estimate *live = &s.sites[i].live;

		if (s.sites[i].domain >= DOMAIN_COUNT || live->sure_bytes > live->bytes || s.sites[i].stack > names_stacks(names))
			abort();
		for (uint32_t at = s.sites[i].stack; at; at = names_stack_at(names, at).parent)
			if (names_stack_at(names, at).parent >= at)
				abort();
	}
	sample_done(&s);
}
