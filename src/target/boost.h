/*
 * boost: a thread of the target goes first, for as long as we hold it.
 *
 * On a busy machine a thread that we let run to its next stop waits for a core like any other, and all that time it is
 * held. Its own priority we do not touch: if we were killed it would keep that. We wait for a lock instead that the kernel takes
 * for its own (a futex of ours with priority inheritance, in our memory): while we wait, the thread has the priority that
 * we have, and when we stop, in whatever way, it has not.
 */
#pragma once

#include <sys/types.h>

struct boost;

struct boost *boost_begin(pid_t tid); /* we must have a real-time priority; NULL: it did not work, and nothing is changed */
void boost_end(struct boost *b);      /* takes NULL */
