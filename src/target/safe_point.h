/*
 * safe_point: may a function of the target be called from where this thread is?
 *
 * Yes when no frame of an allocator or of the loader is on its stack: the thread then holds none of the locks that
 * dlopen takes. Found by unwinding with libdw. When in doubt the answer is no: another moment, another thread or
 * another way in is always there.
 */
#pragma once

#include <stdbool.h>

#include "memspy/tracee.h"

struct safe_point;

/* Loads what unwinding needs, for that takes milliseconds: before any thread is stopped. */
int safe_point_new(struct safe_point **ret, pid_t pid, const struct maps *maps, struct err *e);
void safe_point_free(struct safe_point *s);
/* 0, or -EAGAIN with what stands in the way. The thread is stopped. */
int safe_point_check(struct safe_point *s, const struct tracee *t, pid_t tid, struct err *e);
