/*
 * folder: an outline on a page of a terminal, folded and unfolded with keys.
 *
 * A state and a picture of it: no terminal. Whoever owns it hands on the keys and shows the canvas (stage.h). The picture
 * fits any size.
 */
#pragma once

#include <stdbool.h>

#include "memspy/canvas.h"
#include "memspy/err.h"
#include "memspy/outline.h"

struct folder;

/* The outline is lent until folder_free; the title is copied. At first the `most` largest branches are unfolded. */
int folder_new(struct folder **ret, const struct outline *o, const char *title, size_t most, struct err *e);
void folder_free(struct folder *f);

/* Keys of screen.h. Sets *quit when it is to be left. */
int folder_key(struct folder *f, int key, bool *quit, struct err *e);
void folder_draw(struct folder *f, struct canvas *c);
