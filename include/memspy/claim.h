/*
 * claim: one memspy at a time in a process.
 *
 * A lock (flock) on a file of the target's that all memspys see: it goes when the descriptor does, however its owner ends. Two
 * procfs mounts have two such files; the table of the probe is claimed as well, and is one for all.
 */
#pragma once

#include <sys/types.h>

#include "memspy/err.h"

/* *ret_fd is to be closed when the session has ended. EBUSY, with who has it, after 0.3 s; READ_GONE. */
int claim_process(pid_t pid, int *ret_fd, struct err *e);
/* The same for an open file, whose lock goes with its last descriptor and mapping. */
int claim_file(int fd, struct err *e);
/* -EBUSY with the sentence. owner 0: not known. */
int claim_refused(int owner, struct err *e);
