/*
 * frame_texts: what a format writes of a frame, made once.
 *
 * A frame stands in many stacks: of 50,000 with twelve frames each it is written a dozen times. It knows nothing of what is
 * written.
 */
#pragma once

#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/names.h"

/* Appends the text of a frame (0: memory without Python); `of` is what frame_texts_new was given. */
typedef void frame_text(struct buf *to, const void *of, uint32_t frame);

struct frame_texts;

/* `names` and `of` are lent until frame_texts_free. */
int frame_texts_new(struct frame_texts **ret, const struct names *names, frame_text *make, const void *of, struct err *e);
void frame_texts_free(struct frame_texts *t);
static inline void frame_texts_freep(struct frame_texts **t)
{
	frame_texts_free(*t);
}

void frame_texts_add(struct frame_texts *t, struct buf *to, uint32_t frame);
/* The frames of a stack with the separator between them; leaf first. One at least: a stack without Python is frame 0. */
void frame_texts_add_leaf_first(struct frame_texts *t, struct buf *to, uint32_t stack, const char *separator);
void frame_texts_add_root_first(struct frame_texts *t, struct buf *to, uint32_t stack, const char *separator);
