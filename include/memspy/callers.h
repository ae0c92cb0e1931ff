/*
 * callers: who asked for the memory of a row: its frames and their callers, as a tree.
 *
 * The nodes stand in the order in which a tree is read: a node before its callers, the larger before the smaller. The bytes
 * of a node's callers and its own rest add up to its bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/board.h"
#include "memspy/ledger.h"

struct caller {
	uint32_t frame;	   /* of the ledger's names; 0: no Python */
	int depth;	   /* 0: the row's own frames */
	uint64_t bytes;
	uint64_t path;	   /* of this node and those it is below: the same in the next tree */
	size_t callers;	   /* nodes right below it */
	size_t below;	   /* nodes anywhere below it: the next of its own depth stands so many further on */
};

struct callers {
	struct caller *at;
	size_t count;
	uint64_t bytes; /* of all */
};

/* Of what the row holds itself; where that is nothing, of what goes through it. At most some thousand nodes, the largest. */
int callers_build(struct callers *ret, struct ledger *l, const struct board_look *look, uint64_t row_key, struct err *e);
void callers_done(struct callers *c);
