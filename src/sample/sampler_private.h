/*
 * sampler_private: the sampler, and what it has given names to.
 */
#pragma once

#include "memspy/sampler.h"

/* Nodes and code objects of the probe's table are final, so each is named once. Arrays by index; 0: not yet. */
struct naming {
	uint32_t *stack_of_node; /* stack id + 1 */
	uint32_t node_room;
	struct named_code {
		bool known;
		uint32_t function, file;
		int first_line;
		uint64_t address, line_table_at;
		uint8_t *line_table;
		size_t line_table_bytes;
	} *codes;
	uint32_t code_room;
};

struct sampler {
	pid_t pid;
	struct heap *heap;
	const struct python *python;
	struct remote *remote; /* NULL: there is nobody to ask */
	struct names *names;
	struct naming naming;
	struct memory last_memory;
	uint64_t detail_at_ns, detail_cost_ns;
};

static inline void sampler_freep(struct sampler **s)
{
	sampler_free(*s);
}

int naming_stack(struct sampler *s, uint32_t node, uint32_t *ret_stack, struct err *e);
void naming_done(struct naming *n);
