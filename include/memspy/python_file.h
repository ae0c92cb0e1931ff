/*
 * python_file: the source of a file that a recording names.
 *
 * The names come from anybody: only ordinary files that are Python by their name or their first line are read, or a report
 * would carry /etc/shadow to whom it is sent.
 */
#pragma once

#include <sys/stat.h>

/* The whole file with a NUL behind it, for the caller to free; NULL: it is not there, not Python, or larger than 4 MiB. */
char *python_file_read(const char *path, struct stat *ret);
