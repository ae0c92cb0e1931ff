/*
 * follow: the descendants of a watched process: who is there, who is to be watched next, who was not and why.
 *
 * It looks, its owner acts: follow_next names a process, the owner opens a watch of it (watch_open_child) or fails to, and
 * says so; and says when a watch has ended. A child that was forked by a followed process has counted by itself since the
 * fork (family.h). Others, those that were there before and programs that were started and turn out to be Pythons, are to be
 * attached like anybody. The one followed is never stopped for any of it. All numbers are bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/watch.h"

enum { MOST_FOLLOWED = 32 }; /* at once */

struct follow;
struct family;

struct follow_child {
	pid_t pid;
	const struct family *family; /* lent until follow_free */
	unsigned place;		     /* 0: none, to be attached */
};

struct follow_counts {
	unsigned now;	  /* are watched, the first one not counted */
	uint64_t watched; /* were, in all */
	uint64_t refused; /* too many at once */
	uint64_t missed;  /* came and went before they could be looked at */
	uint64_t others;  /* other programs */
	uint64_t failed;  /* Pythons that could not be attached; why: the last of them */
	char why[256];
};

/* Of what follows `first`; keeps nothing of it. */
int follow_new(struct follow **ret, const struct watch *first, struct err *e);
void follow_free(struct follow *f);

uint64_t follow_due(const struct follow *f); /* CLOCK_MONOTONIC */
/* True: *ret is to be opened, and follow_opened called. One at a time. */
bool follow_next(struct follow *f, uint64_t now, struct follow_child *ret);
/* w NULL: it could not be, for r and *e. */
void follow_opened(struct follow *f, pid_t pid, const struct watch *w, int r, const struct err *e);
/* The watch of pid was closed by its end. It may live on as another program, and then come again. */
void follow_ended(struct follow *f, pid_t pid);
/* Its watch was closed although the process goes on: as the program that it is it is not watched again. */
void follow_let_go(struct follow *f, pid_t pid);
/* Nobody is watched, and nobody is about to be. */
bool follow_is_over(const struct follow *f);
/* The end: children that count at a place and were not opened yet get back what leads to their hooks. */
void follow_leave(struct follow *f, const struct session_ops *ops, const struct session_options *o);
void follow_counted(const struct follow *f, struct follow_counts *ret);
