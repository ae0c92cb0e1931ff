/*
 * stream_private: what a session of the daemon sees, as a recording into a descriptor of ours, read as it grows.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "memspy/client.h"

enum { STREAM_ANSWER_MS = 30000 }; /* for a daemon that is stuck */

/* Into fd, which stays the caller's. max_bytes 0: no bound. -ENOENT: it is not attached. *ret says how it goes on and ends. */
int stream_open(struct client **ret, pid_t pid, double interval_s, uint64_t max_bytes, int fd, struct err *e);
