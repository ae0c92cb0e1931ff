/*
 * ending: notices the end of a process that is not our child, and says how it came.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "memspy/err.h"

/* A descriptor that becomes readable when the process ends. -ESRCH when there is none. */
int ending_watch(pid_t pid, int *ret_fd, struct err *e);
/* "killed by signal 9", "exited with status 1", or "" when nobody can tell any more. */
void ending_describe(int fd, pid_t pid, char *to, size_t room);
/* The same for the status of waitpid. */
void ending_words(int status, char *to, size_t room);
