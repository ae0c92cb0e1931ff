/*
 * procfile: a small file of /proc/PID, read whole.
 *
 * Answers READ_GONE, with a sentence for those who want to say it, when the process is no more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/buf.h"
#include "memspy/err.h"

/* Appends the file to `to`. More than max bytes is -E2BIG. */
int procfile_read(pid_t pid, const char *name, size_t max, struct buf *to, struct err *e);
/* The number behind "Key:" at the start of a line; false when there is none. */
bool procfile_number(const char *text, const char *key, uint64_t *ret);
/* What stands behind "Key:" and blanks, up to the end of the text. NULL: no such line. */
const char *procfile_value(const char *text, const char *key);
