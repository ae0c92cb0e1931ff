/*
 * ending: notices the end of a process that is not our child, and says how it came.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/cgroup.h"
#include "memspy/err.h"

struct ending {
	pid_t pid;
	int fd; /* readable when the process ends */
	struct cgroup *group; /* NULL: not known */
	bool counts; /* the group says how often the kernel killed in it */
	uint64_t kills; /* before */
};
enum { ENDING_WORDS = 128 };

/* -ESRCH when there is no such process. */
int ending_watch(struct ending *ret, pid_t pid, struct err *e);
void ending_unwatch(struct ending *w);
/*
 * "killed by signal 9", "exited with status 1", or "" when nobody can tell any more. Of a signal 9, when the kernel killed in
 * its group meanwhile for want of memory: "killed by signal 9, out of memory at a limit of 64.0 MiB".
 */
void ending_describe(const struct ending *w, char to[ENDING_WORDS]);
/* The same for the status of waitpid, without the group. */
void ending_words(int status, char *to, size_t room);
