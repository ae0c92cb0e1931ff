/*
 * proc: what the kernel says of one process.
 *
 * A pid is reused, a pid with its start time is not: struct proc_id names a process for good.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/sample.h"

struct proc_id {
	pid_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
};

struct proc_status {
	char state;	  /* R S D T t Z X */
	uid_t uid;	  /* effective */
	pid_t parent;
	pid_t tracer;	  /* 0: none */
	unsigned threads;
	int seccomp;	  /* 0 off, 1 strict, 2 filter, -1 unknown */
	bool other_pid_namespace, other_mount_namespace;
	bool shadow_stack; /* the processor checks where functions return to (CET) */
	char comm[64];
};

/* -ESRCH with the sentence when there is no such process. */
int proc_identify(pid_t pid, struct proc_id *ret, struct err *e);
bool proc_is_same(const struct proc_id *id); /* still the same process, and not a zombie */
int proc_status_read(pid_t pid, struct proc_status *ret, struct err *e);
/* What /proc/PID/status alone says; the rest of *ret is left as it is. */
void proc_status_parse(const char *text, struct proc_status *ret);
/* Start of the process in CLOCK_BOOTTIME; 0 when unknown. */
uint64_t proc_start_ns(const struct proc_id *id);

/* Arguments, NUL-separated as the kernel has them; *ret is to be freed. */
int proc_cmdline(pid_t pid, char **ret, size_t *ret_length, struct err *e);
/* A short title for people: "gunicorn: worker [shop.wsgi]", "app.py", "python -m http.server". To be freed. */
int proc_title(pid_t pid, char **ret, struct err *e);
int proc_exe(pid_t pid, char *to, size_t room, struct err *e);
/* What its executable was built for. */
enum proc_kind {
	PROC_UNKNOWN, /* it cannot be read, or is no ELF file */
	PROC_NATIVE,
	PROC_32_BIT,
	PROC_FOREIGN, /* another kind of processor */
};
enum proc_kind proc_kind(pid_t pid);
/* Kernel thread ids, to be freed. */
int proc_threads(pid_t pid, pid_t **ret, size_t *ret_count, struct err *e);
/* Its children, those of all its threads, to be freed. Best effort: one that comes or goes meanwhile may be left out. */
int proc_children(pid_t pid, pid_t **ret, size_t *ret_count, struct err *e);
/* R S D T t …, as the kernel names them; Z, X: it has ended; 0: it is gone. */
char proc_thread_state(pid_t pid, pid_t tid);

/* RSS from statm (microseconds). detail adds smaps_rollup, which can hold the target's mmap lock for
 * milliseconds on large heaps: call that at a slower beat. Returns READ_GONE when the process is gone. */
int proc_memory(pid_t pid, bool detail, struct memory *ret, struct err *e);
