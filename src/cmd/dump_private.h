/*
 * dump_private: what dump prints beside stacks.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "memspy/err.h"

/* The live bytes of now by line, of a process that the daemon watches; as a table, or as report --format json does. */
int dump_heap(pid_t pid, bool json, struct err *e);
