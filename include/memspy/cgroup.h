/*
 * cgroup: the memory group that a process runs in: how much it may have, and how often the kernel has killed in it for
 * want of memory. Versions 1 and 2; facts: the kernel's admin-guide/cgroup-v2 and cgroup-v1/memory.
 *
 * It is found while the process lives and can be asked when it does not any more, for as long as the group is there. What is not
 * to be seen from here (no such mount, a group outside of our cgroup namespace) is not known; that is no fault.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup;

struct cgroup *cgroup_find(pid_t pid); /* NULL: not known */
/* The same from the text of /proc/self/mountinfo and of /proc/PID/cgroup. */
struct cgroup *cgroup_parse(const char *mountinfo, const char *groups);
void cgroup_free(struct cgroup *c);

/* The least limit of the group and of those around it, bytes; 0: none. */
uint64_t cgroup_limit(const struct cgroup *c);
/* How many processes of the group were killed so far because memory was short. false: not known. */
bool cgroup_kills(const struct cgroup *c, uint64_t *ret);
