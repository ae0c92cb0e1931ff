/*
 * source: lines of a file as a process sees it.
 *
 * The file is opened below the root of the process; links lead nowhere outside of it, and only ordinary files are read. So a
 * target, whose claim the name is, can show nothing of ours that it could not show of its own.
 */
#pragma once

#include <sys/types.h>

#include "memspy/buf.h"
#include "memspy/err.h"

/* Appends lines first .. first + count - 1, each with its newline; those behind the end are missing. first counts from 1. A
 * name that is not absolute is looked for in the current directory of the process. */
int source_lines(pid_t pid, const char *file, int first, int count, struct buf *to, struct err *e);
