/*
 * own_code: what is the program's own: stacks without the frames of the import system and of the standard library.
 *
 * Memory is then told of the code that asked them for it. What is installed is no standard library; a stack that has nothing
 * else stays as it is. It knows nothing of figures.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/names.h"

struct own_code { /* zeroed to begin with */
	uint32_t *of_stack; /* + 1; 0: not asked for yet */
	size_t room;
};

void own_code_done(struct own_code *o);
/* What is left of a stack; names gets the new stacks. One own_code belongs to one names. */
int own_code_of(struct own_code *o, struct names *n, uint32_t stack, uint32_t *ret, struct err *e);
