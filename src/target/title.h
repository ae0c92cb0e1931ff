/*
 * title: what a command line is called, for people.
 */
#pragma once

#include <stddef.h>

#include "memspy/buf.h"

/* The arguments as the kernel has them, with a NUL behind them. Adds nothing when there are none. */
void title_from_cmdline(const char *text, size_t length, struct buf *to);
