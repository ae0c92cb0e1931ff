/*
 * call_tree: the stacks of a report grown together, callers above what they call.
 *
 * Stacks that look alike the way the report sums up (by function lines are left out, by module its own calls as well) are
 * one branch. Branches come in the order of a walk: each behind its caller, larger siblings first, so that a plain loop over
 * them is a walk. Branch 0 is the whole. The own figures add up to the sum of the stacks, to the byte.
 *
 * Texts are lent by the names.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/report_figures.h"

/* What a frame is, the way the report sums up. */
struct place {
	const char *function; /* "" by file; the module by module */
	const char *file;     /* "": none is known */
	int32_t line;	      /* 0: none, or left out */
	const char *example;  /* file; by module, where it says nothing, one of the module's */
};

struct branch {
	uint32_t parent; /* its caller: a smaller number */
	uint32_t after;	 /* the first one behind it that is not below it */
	uint32_t place;
	uint32_t depth;	 /* 0: the whole */
	struct estimate own, total;
};

struct call_tree {
	struct place *places;
	uint32_t place_count;
	struct branch *at;
	uint32_t count;	    /* the whole included */
	uint32_t *of_stack; /* branch by stack id; 0: none */
	uint32_t *path;	    /* room for the places of one branch */
};

/* figures: what is told of a stack; stacks with no bytes of it are left out. */
typedef struct estimate call_tree_figures(const struct report *r, const struct report_stack *s);

int call_tree_new(struct call_tree **ret, const struct report *r, const struct report_stack *stacks, size_t count,
		  call_tree_figures *figures, struct err *e);
/* Of the report's view; stacks that shrank are left out. */
int call_tree_of_view(struct call_tree **ret, const struct report *r, struct err *e);
void call_tree_free(struct call_tree *t);
static inline void call_tree_freep(struct call_tree **t)
{
	call_tree_free(*t);
}

/* The places from the root to a branch into t->path; how many. */
uint32_t call_tree_path(const struct call_tree *t, uint32_t branch);

/* "remember", or the file where it stands for the function; escaped. */
void place_name(struct buf *to, const struct place *p);
/* "shop/cache.py:88", as much of it as `room` columns hold; escaped; nothing where no file is known. */
void place_where(struct buf *to, const struct place *p, size_t room);
