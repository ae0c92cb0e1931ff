/*
 * waiting: for the stops of a thread that we trace, quickly and never for ever.
 */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boost.h"
#include "memspy/err.h"

struct waiting {
	bool first;  /* we have a real-time priority */
	bool sleeps; /* a stop took long: perhaps the thread wants our core */
	struct boost *boost; /* and the thread has it, too */
	int policy;
	sigset_t signals; /* ours, as they were: SIGCHLD is blocked while we wait */
	cpu_set_t cores;  /* ours, as they were */
	bool aside;	  /* we left the thread's core to it */
};

/* From before the interrupt to after the release. */
void waiting_begin(struct waiting *w, pid_t pid, pid_t tid);
void waiting_end(struct waiting *w);
/* 0 with the status of a stop, READ_GONE, or -ETIMEDOUT with its sentence. */
int waiting_for_stop(struct waiting *w, pid_t tid, uint64_t limit_ns, int *ret_status, struct err *e);
