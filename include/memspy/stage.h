/*
 * stage: the terminal, taken over for a while: a canvas is shown, keys come in.
 *
 * With ncurses. One at a time. What was on the terminal before is there again after stage_close, however we end, as long as
 * that is called. NO_COLOR is obeyed.
 */
#pragma once

#include <stdbool.h>

#include "memspy/canvas.h"
#include "memspy/err.h"

/* -ENOTTY: the terminal cannot do it; *e says why. */
int stage_open(struct err *e);
void stage_close(void);
bool stage_has_unicode(void);
void stage_size(int *ret_rows, int *ret_columns);
void stage_show(const struct canvas *c, bool all); /* all: as if nothing were right on the terminal */
/* The next key that was typed (enum key of screen.h, or a character); KEY_IS_NONE when there is none now. Never waits. */
int stage_key(void);
