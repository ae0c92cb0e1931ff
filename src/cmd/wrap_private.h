/*
 * wrap: text that is broken between words, where a line ends.
 */
#pragma once

#include <stddef.h>

#include "memspy/buf.h"

/*
 * Lines have `width` columns. The first begins at `at`, which is where we are; those after it at `column`. Newlines of the text are
 * kept. A word that is longer than a line is left whole: it may be a path, or a command.
 */
void wrap(struct buf *to, const char *text, size_t at, size_t column, size_t width);
