/*
 * plot_words: text of a chart in a terminal, so many columns of it. Serves this folder only.
 *
 * What was escaped already. Without UTF-8 a character that is none of ASCII is a question mark, and a sign that we made has a stand-in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"

size_t words_columns(const char *text);
/* Its beginning. */
void words_put(struct buf *to, const char *text, size_t columns, bool unicode);
/* Its end, behind a "…" where it is cut. */
void words_put_end(struct buf *to, const char *text, size_t columns, bool unicode);
/* All of it, in lines. to NULL: counts only. How many lines. */
size_t words_wrap(struct buf *to, const char *text, size_t columns, bool unicode);
