/*
 * thinner: a recording made smaller while ticks go on. Serves this folder only.
 *
 * A thread writes the thinned document into a file beside the recording; meanwhile ticks are added to the recording as
 * ever. When it is done, what was added since is copied behind, and the new file takes the name: a reader
 * sees the one or the other, whole. It needs room on the disk for both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "recording_private.h"

struct thinner;

int thinner_new(struct thinner **ret, const struct recording_file *f, struct err *e);
void thinner_free(struct thinner *t); /* ends it if need be: within the time of one tick's line */
/* The recording has grown: told after each tick, so that most of it is copied before thinner_finish. */
void thinner_follow(struct thinner *t, const struct recording_file *f);
/* Is it done? Waits up to that long, -1: for ever. */
bool thinner_wait(struct thinner *t, int ms);
/* Once it is done: *f is the new file. On a fault all is as it was. */
int thinner_finish(struct thinner *t, struct recording_file *f, struct err *e);
uint64_t thinner_took_ns(const struct thinner *t);
