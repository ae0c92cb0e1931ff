/*
 * preflight: what stands between us and a process, found out before anything is touched.
 *
 * A list of findings, each with what it means and what to do about it; nothing is stopped, written or attached to.
 * It knows processes and the kernel's rules, not Python: the caller adds what it finds about that. Times change: a
 * process that passes may be gone a moment later.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "memspy/err.h"

enum preflight_answer {
	PREFLIGHT_OK,
	PREFLIGHT_NOTE, /* no obstacle, but good to know */
	PREFLIGHT_NO,
};

struct preflight_check {
	const char *name; /* one word, the same in every language of output; lent for good */
	const char *why;  /* why it matters; "" where the caller added it and said nothing; lent for good */
	enum preflight_answer answer;
	int code;	  /* PREFLIGHT_NO: the errno to go with it */
	char text[192];	  /* half a sentence: "it belongs to root and memspy runs as alice" */
	char remedy[192]; /* what to do about it; may be "" */
};

enum { PREFLIGHT_MAX = 24 };

struct preflight {
	pid_t pid;
	struct preflight_check checks[PREFLIGHT_MAX];
	size_t count;
};

/* Runs all checks that make sense: behind "no such process" there are none. -errno only when /proc cannot be read. */
int preflight_run(pid_t pid, struct preflight *ret, struct err *e);
/* Adds a finding behind the others; format makes the text. A list that is full drops it. */
void preflight_add(struct preflight *p, const char *name, enum preflight_answer answer, int code, const char *remedy,
		   const char *format, ...) __attribute__((format(printf, 6, 7)));
/* 0, or -code of the first obstacle with the sentence for it: "cannot attach to 4711: it …; do …". */
int preflight_refuse(const struct preflight *p, struct err *e);
