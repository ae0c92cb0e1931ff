/* host_private: what the files of the host share. */
#pragma once

#include "probe_host.h"

enum { SMALL = 512 }; /* what its pymalloc keeps to itself */

void host_air(uint64_t original[HOOK_COUNT]);
struct probe_python host_python(void);

static inline uint64_t thread_pointer(void)
{
	return (uint64_t)__builtin_thread_pointer();
}
