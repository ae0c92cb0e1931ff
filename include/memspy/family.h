/*
 * family: where the children of one process count, which it forks while it is followed.
 *
 * Behind the table of the process lie others in the same memfd, mapped into it and so into each child. The probe in a
 * child takes one at its first call (probes/child.c): here it is seen which are taken, and by whom. Nobody is
 * stopped for that. The family outlives the process that it began with, for children do.
 *
 * What is in the tables is the target's to write: a place is believed to be a process's when that process's own
 * probe says so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/inject.h"

struct family;

/* probe has more than one table, and is only lent. */
int family_new(struct family **ret, const struct injected *probe, struct err *e);
void family_free(struct family *f);

const struct injected *family_probe(const struct family *f);
uint64_t family_taken(const struct family *f); /* a bit for each place that has a child */
/* Who says that it took the place: its pid as itself sees it; 0: not known. -1: it is not through yet. */
pid_t family_taker(const struct family *f, unsigned place);
bool family_is_at(const struct family *f, unsigned place, pid_t pid);
bool family_refused(const struct family *f, pid_t pid); /* a child that found no place, and has been counted so */
/* The process is gone: the place is emptied for another. */
void family_give_back(struct family *f, unsigned place);

struct family_counts {
	uint64_t forks;	  /* children that called a hook */
	uint64_t refused; /* of those: found no place */
};
struct family_counts family_counts(const struct family *f);
