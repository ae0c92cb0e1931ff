/*
 * put_private: files that are made whole or not at all.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/err.h"

/* A fresh file of 0600, never through a link; force replaces an ordinary file. Half a file is not left behind. */
int put_file(const char *path, bool force, const struct buf *text, struct err *e);
