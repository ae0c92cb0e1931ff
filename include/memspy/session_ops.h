/*
 * session_ops: what the daemon and the commands ask of a session, as a table.
 *
 * The live table (session_live) attaches to a process; a test gives one of its own and needs no process. All
 * functions may block, but only for as long as their deadlines say: the loop serves others in between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/inject.h"
#include "memspy/names.h"
#include "memspy/recording.h"
#include "memspy/sample.h"

struct session;
struct family;

struct session_options {
	uint64_t sample_bytes; /* T; 0: exact */
	unsigned domains;      /* one bit per enum domain */
	uint64_t table_bytes;
	enum inject_way inject;
	double interval_s;
	unsigned places; /* for so many children at once that it forks and that are to be followed */
};

/* What attach -v and status print; strings are the session's. */
struct session_facts {
	const char *way; /* "dlopen at a safe point", "map" */
	uint64_t held_ns; /* how long one thread of the target was stopped */
	unsigned slots;  /* function pointers patched */
};

struct session_ops {
	/* Waits until a child of ours is a Python whose interpreter is up, and stops it there (SIGSTOP): true. May be NULL. */
	bool (*stop_at_start)(pid_t child, uint64_t limit_ns);
	/* -EAGAIN: the interpreter is not up yet, try again soon. */
	int (*open)(struct session **ret, pid_t pid, const struct session_options *o, struct err *e);
	/*
	 * Where its children count, for who follows them: to be given to family_free (family.h). NULL: they do not. And a child that took
	 * a place there: nothing is stopped or changed, what it counted since the fork is kept. Both may be NULL.
	 */
	struct family *(*family)(const struct session *s);
	int (*open_child)(struct session **ret, pid_t pid, const struct family *f, unsigned place,
			  const struct session_options *o, struct err *e);
	/* 0, READ_TORN, READ_GONE or a fault. With READ_GONE *ret is the last state if has_heap is set. *ret comes zeroed. */
	int (*tick)(struct session *s, struct sample *ret, struct err *e);
	const struct names *(*names)(const struct session *s);
	void (*about)(const struct session *s, struct recording_about *ret);
	void (*facts)(const struct session *s, struct session_facts *ret);
	/* Restores, disarms and frees, also when the process is gone; s is no more, whatever it answers. */
	int (*close)(struct session *s, struct err *e);
};

extern const struct session_ops session_live;
