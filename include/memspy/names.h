/*
 * names: strings, frames and stacks as small numbers.
 *
 * A thing seen twice has one id; ids count up from 1 in order of first sight and are never taken back, so
 * "what is new since" is one comparison. Id 0 is the empty string, no frame, the empty stack: an
 * allocation that no Python frame stood behind has stack 0.
 *
 * The interner copies what it is given. It knows nothing of processes, files or Python.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"

enum frame_kind {
	FRAME_PYTHON = 0,    /* a line of Python */
	FRAME_TRUNCATED = 1, /* the stack was deeper than what was kept: older frames are missing here */
	FRAME_MERGED = 2,    /* a table was full: what stands here belongs to several stacks */
};

struct frame {
	uint32_t function; /* string id: qualified name where Python has one */
	uint32_t file;	   /* string id */
	int32_t line;	   /* 1-based; 0 where there is none */
	uint32_t kind;	   /* enum frame_kind */
};

struct stack {
	uint32_t parent; /* stack id of the callers, always smaller than its own id; 0 at the outermost frame */
	uint32_t frame;	 /* frame id */
};

struct names;

int names_new(struct names **ret, struct err *e);
void names_free(struct names *n);

/* Each gives the id, old or new, or -ENOMEM. */
int names_string(struct names *n, const char *text, size_t length, uint32_t *ret, struct err *e);
int names_frame(struct names *n, const struct frame *frame, uint32_t *ret, struct err *e);
int names_stack(struct names *n, uint32_t parent, uint32_t frame, uint32_t *ret, struct err *e);

/* All of another's: (*ret_of)[stack] is the id that a stack of `from` has here. The caller frees *ret_of. */
int names_take(struct names *to, const struct names *from, uint32_t **ret_of, struct err *e);

/* How many there are: ids 1 .. count. */
uint32_t names_strings(const struct names *n);
uint32_t names_frames(const struct names *n);
uint32_t names_stacks(const struct names *n);

/* Unknown ids give "" and zeroes: a reader of a damaged file needs no checks of its own. Lent until names_free. */
const char *names_text(const struct names *n, uint32_t string);
struct frame names_frame_at(const struct names *n, uint32_t frame);
struct stack names_stack_at(const struct names *n, uint32_t stack);
