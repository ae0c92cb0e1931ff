#include "memspy/tracee.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/proc.h"
#include "tracee_private.h"

#define MS 1000000u

enum {
	STOP_LIMIT_NS = 500 * MS,
	BELOW_BYTES = 1024, /* of stack below the frame, for a function that the thread is sent to */
};

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

/* What a stop hands on: the signal that is on its way; at a system call there is none, but SIGTRAP by its number. */
static long signal_of(int status)
{
	return WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
}

/* Until the stop we asked for; a signal that is on its way is let through. */
static int wait_interrupt(struct tracee *t, struct err *e)
{
	uint64_t start = clock_now_ns();
	int status, r;

	for (;;) {
		r = waiting_for_stop(&t->waiting, t->tid, STOP_LIMIT_NS, &status, e);
		if (r)
			return r;
		if (status >> 16 == PTRACE_EVENT_STOP) {
			t->group_stopped = WSTOPSIG(status) != SIGTRAP;
			return 0;
		}
		if (clock_now_ns() - start > STOP_LIMIT_NS)
			return err_set(e, ETIMEDOUT, "thread %d is being flooded with signals", t->tid);
		if (ptrace(PTRACE_CONT, t->tid, 0, signal_of(status)) < 0)
			return READ_GONE;
	}
}

/*
 * A filter may kill for a call that the target never makes itself. We may lift it for the stopped thread while we hold
 * it, if the kernel lets us (CAP_SYS_ADMIN); if not, the calls we make are those every allocator makes, and memfd_create.
 */
static void suspend_seccomp(const struct tracee *t)
{
	ptrace(PTRACE_SETOPTIONS, t->tid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_SUSPEND_SECCOMP);
}

/* The kernel names the very thread that traces. */
static bool is_ours(const struct tracee *t)
{
	struct proc_status now;
	struct err ignored;
	char path[48];

	if (proc_status_read(t->tid, &now, &ignored) || now.tracer <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d", now.tracer);
	return access(path, F_OK) == 0;
}

static int seize(struct tracee *t, struct err *e)
{
	if (ptrace(PTRACE_SEIZE, t->tid, 0, PTRACE_O_TRACESYSGOOD) < 0) {
		int error = errno;
		char state = proc_thread_state(t->pid, t->tid);

		if (error == ESRCH || !state || strchr("ZX", state)) /* the kernel says EPERM of a thread that ends */
			return READ_GONE;
		if (error == EPERM && is_ours(t)) /* it did not stop for an earlier try, and stays ours until our thread ends */
			return err_set(e, ETIMEDOUT, "thread %d did not stop when it was told to", t->tid);
		if (error == EPERM)
			return err_set(e, EPERM,
				       "the kernel does not let us trace thread %d: another tracer is there, or we may not", t->tid);
		return err_sys(e, error, "cannot trace thread %d", t->tid);
	}
	t->attached = true;
	t->stopped_ns = clock_now_ns();
	t->stopped_cycles = clock_cycles();
	if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
		return READ_GONE;
	return wait_interrupt(t, e);
}

/*
 * The main thread's is named, and others have what their thread pointer leads to at its top. Any other, of a signal handler
 * or a coroutine, may end anywhere: a frame could reach beyond, into what belongs to somebody else.
 */
static bool is_own_stack(const struct tracee *t, const struct map *stack)
{
	raddr pointer = tracee_state_thread_pointer(&t->state);

	if (strcmp(stack->path, "[stack]") == 0)
		return t->tid == t->pid;
	return pointer > tracee_state_place(&t->state).sp && pointer < stack->end;
}

/* The frame goes below the red zone, into stack that is there: growing it would be a change of the target. */
static int lay_frame(struct tracee *t, const struct maps *maps, struct err *e)
{
	size_t bytes = tracee_frame_bytes(&t->state);
	raddr at = tracee_frame_place(&t->state);
	const struct map *stack = maps_find(maps, at - BELOW_BYTES);
	int r;

	if (!stack || !stack->writable || stack->shared || at + bytes > stack->end || bytes > sizeof(t->image))
		return err_set(e, EAGAIN, "thread %d has no room on its stack for a signal frame", t->tid);
	if (!is_own_stack(t, stack))
		return err_set(e, EAGAIN, "thread %d is on another stack than its own, in a signal handler or a coroutine; try again",
			       t->tid);
	bytes = tracee_frame_build(&t->state, &t->gadgets, at, t->image);
	r = remote_write(t->remote, at, t->image, bytes, e);
	if (r)
		return r < 0 ? r : err_set(e, EAGAIN, "the stack of thread %d cannot be written", t->tid);
	t->frame = at;
	return 0;
}

int tracee_stop(struct tracee **ret, pid_t pid, pid_t tid, struct remote *remote, const struct maps *maps,
		const struct gadgets *gadgets, struct err *e)
{
	_cleanup_(freep) struct tracee *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(*t); i += 4096) /* all its pages are there before anybody waits for us */
		((volatile char *)t)[i] = 0;
	t->pid = pid;
	t->tid = tid;
	t->remote = remote;
	t->gadgets = *gadgets;
	waiting_begin(&t->waiting, pid, tid);
	r = seize(t, e);
	if (!r)
		suspend_seccomp(t);
	if (!r)
		r = tracee_state_get(tid, &t->state, e);
	if (!r)
		r = lay_frame(t, maps, e);
	if (r) {
		struct err ignored;

		tracee_release(t, &ignored);
		return r;
	}
	*ret = TAKE(t);
	return 0;
}

bool tracee_is_stopped_by_signal(const struct tracee *t)
{
	return t->group_stopped;
}

bool tracee_is_waiting(const struct tracee *t)
{
	return tracee_state_is_waiting(&t->state);
}

static int put_back(struct tracee *t, struct err *e)
{
	if (t->blocked && t->frame &&
	    ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(t->state.signal_mask), &t->state.signal_mask) < 0)
		return READ_GONE;
	return t->changed ? tracee_state_put(t->tid, &t->state, t->vectors_changed, e) : 0;
}

/* Only a stopped thread can be let go; one that runs (a stop or a call timed out) is interrupted first. */
static int detach_running(struct tracee *t, struct err *e)
{
	int r;

	if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
		return READ_GONE;
	r = wait_interrupt(t, e);
	if (!r)
		r = put_back(t, e);
	if (!r && ptrace(PTRACE_DETACH, t->tid, 0, 0) < 0)
		r = READ_GONE;
	return r;
}

/* What cannot be let go now, the kernel lets go when our thread ends (inject.c). */
static int let_go(struct tracee *t, struct err *e)
{
	int r = put_back(t, e);

	if (r == READ_GONE || (ptrace(PTRACE_DETACH, t->tid, 0, 0) < 0 && !r))
		r = detach_running(t, e);
	if (t->sigstop)
		kill(t->pid, SIGSTOP);
	t->attached = false;
	return r;
}

int tracee_release(struct tracee *t, struct err *e)
{
	int r = 0;

	if (t->released)
		return 0;
	t->released = true;
	if (t->attached)
		r = let_go(t, e);
	if (!t->held_ns)
		t->held_ns = clock_now_ns() - t->stopped_ns;
	waiting_end(&t->waiting);
	return r;
}

void tracee_free(struct tracee *t)
{
	struct err ignored;

	if (!t)
		return;
	tracee_release(t, &ignored);
	free(t);
}

struct tracee_place tracee_place(const struct tracee *t)
{
	return tracee_state_place(&t->state);
}

raddr tracee_thread_pointer(const struct tracee *t)
{
	return tracee_state_thread_pointer(&t->state);
}

pid_t tracee_tid(const struct tracee *t)
{
	return t->tid;
}

uint64_t tracee_held_ns(const struct tracee *t)
{
	return t->held_ns;
}

void tracee_held_until(struct tracee *t, uint64_t cycles)
{
	uint64_t ns = clock_now_ns() - t->stopped_ns, all = clock_cycles() - t->stopped_cycles;

	if (cycles > t->stopped_cycles && cycles - t->stopped_cycles < all)
		t->held_ns = (uint64_t)((double)ns * (double)(cycles - t->stopped_cycles) / (double)all);
}
