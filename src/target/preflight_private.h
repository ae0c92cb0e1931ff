/*
 * preflight_private: what the checks look at, gathered once.
 */
#pragma once

#include <stdint.h>

#include "memspy/preflight.h"
#include "memspy/proc.h"

/* The part of /proc/PID/status that decides who may look at whom. */
struct credentials {
	uid_t uid[3]; /* real, effective, saved */
	gid_t gid[3];
	uint64_t permitted, effective; /* capabilities */
};

struct facts {
	pid_t pid, group; /* group: the process whose thread pid is; pid itself for a process */
	struct proc_status status;
	struct credentials ours, theirs;
	bool is_kernel_thread;
	bool shares_parents_memory;
	bool is_undumpable;	/* its files in /proc belong to root, and it does not */
	int yama;		/* kernel.yama.ptrace_scope; -1: no Yama */
	int open_answer;	/* of /proc/PID/mem: 0 or errno. The kernel applies its rules for ptrace to it */
	int ptrace_answer;	/* of ptrace on nobody: ESRCH; EPERM and ENOSYS come from a filter on us */
	enum proc_kind kind;
	char label[64];		/* AppArmor profile or SELinux context; "" */
	char tracer[64];	/* name of the tracer */
};

/* -ESRCH with the sentence when there is no such process. */
int facts_gather(pid_t pid, struct facts *ret, struct err *e);
/* A question, and why it is asked. The first is whether there is a process at all. */
struct preflight_question {
	void (*check)(const struct facts *f, struct preflight *p);
	const char *why;
};

extern const struct preflight_question preflight_checks[];
extern const size_t preflight_checks_count;

/* All checks that make sense of these facts. */
void preflight_judge(const struct facts *f, struct preflight *p);
