/*
 * put_private: where a command's result goes; files are made whole or not at all.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/err.h"

struct args;

/* To the file of -o, replaced with -f, or to stdout where there is none. */
int put_output(const struct args *a, const struct buf *text, struct err *e);
/* Of the terminal that put_output writes to; 0: it is none. */
unsigned put_width(const struct args *a);
/* A fresh file of 0600, never through a link; force replaces an ordinary file. Half a file is not left behind. */
int put_file(const char *path, bool force, const struct buf *text, struct err *e);
