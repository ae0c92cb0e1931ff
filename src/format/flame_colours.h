/*
 * flame_colours: a colour for each module, the same in every picture. Serves this folder only.
 *
 * The colour follows from the name alone: of a library's modules from that of the package, of the program's own from that
 * of the file. With twelve colours some share one.
 */
#pragma once

#include "memspy/call_tree.h"

enum { FLAME_COLOURS = 12, FLAME_GREY = FLAME_COLOURS };

struct flame_colours;

int flame_colours_new(struct flame_colours **ret, const struct call_tree *t, struct err *e);
void flame_colours_free(struct flame_colours *c);
static inline void flame_colours_freep(struct flame_colours **c)
{
	flame_colours_free(*c);
}

/* 0 .. FLAME_COLOURS - 1; FLAME_GREY for what is no Python, and for the machinery behind "import". */
unsigned flame_colour(const struct flame_colours *c, uint32_t place);
/* The modules with most bytes of their own, the largest first: its name, or NULL behind the last. */
const char *flame_colours_top(const struct flame_colours *c, unsigned i, unsigned *ret_colour, uint64_t *ret_bytes);

/* The rules of CSS that give class c0 .. c12 its colour, in light or dark. */
void flame_colours_css(struct buf *to, bool dark);
