/*
 * number_text: whole numbers as text. By hand because a tick of a thousand sites has thousands of them. Serves this folder only.
 */
#pragma once

#include <stdint.h>

#include "memspy/buf.h"

/* Digits of v at `to`, which has room for 20; where they end. JSON readers, jansson among them, stop at 2^63 - 1: so does v. */
char *number_digits(char *to, uint64_t v);
void number_write(struct buf *to, int64_t v);
