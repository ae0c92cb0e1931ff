/* The texts of /proc/self/mountinfo and /proc/PID/cgroup, one behind the other: who runs containers names what is in them. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "memspy/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *mounts = calloc(1, length + 2), *groups;

	if (!mounts)
		return 0;
	memcpy(mounts, bytes, length);
	groups = mounts + strlen(mounts) + 1;
	cgroup_free(cgroup_parse(mounts, groups <= mounts + length ? groups : ""));
	free(mounts);
	return 0;
}
