/*
 * err: a fault and its sentence.
 *
 * A function that can fail returns one int: 0, a named outcome (> 0), or -errno. With the last goes a
 * sentence for the person at the terminal, set where the cause is seen; those above may add where.
 * Nothing here allocates or prints: only main and the daemon's loop say a sentence, once.
 */
#pragma once

#include <stdarg.h>

struct err {
	char text[512]; /* one sentence, no full stop, no newline; empty when nothing failed */
};

/* Outcomes every reader of a foreign process shares: an ordinary day, not a fault. */
enum {
	READ_TORN = 1, /* the target changed under us, or lied: count it, try again later */
	READ_GONE = 2, /* the process is gone */
};

/* Each returns -code, so that it stands behind "return". code is an errno value, > 0. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, with ": " and the system's words for code at the end. */
int err_sys(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "where: " in front and returns r as it came. */
int err_add(struct err *e, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "; what to do" behind and returns r as it came. */
int err_hint(struct err *e, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
