/*
 * diff_flame: the stacks of both sides grown together by function, so that code which moved by some lines stays in its place.
 * Serves this folder only.
 *
 * Nodes are in an order in which a parent stands before its children; node 0 is the whole. As wide as a node is: the larger of
 * what it held itself before and after, and as wide as all below it. So what is gone can be seen as well as what is new.
 */
#pragma once

#include "diff_private.h"

struct flame_node {
	uint32_t parent; /* a smaller number */
	uint32_t frame;	 /* of `names`; 0: no Python. Of node 0: none */
	uint64_t width;	 /* bytes */
	struct estimate before, after, came; /* with all below it */
	uint64_t own_before, own_after;
	bool shown; /* wide enough to be told; so are its parents */
};

struct flame {
	struct names *names; /* frames without lines */
	struct flame_node *at;
	size_t count, shown, left_out; /* left out: with bytes, but too narrow to be shown */
};

/* At most so many nodes are shown: the widest. */
int flame_make(struct flame *ret, const struct diff *d, size_t most_shown, struct err *e);
void flame_done(struct flame *f);
