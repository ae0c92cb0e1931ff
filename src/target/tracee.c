#include "memspy/tracee.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "tracee_private.h"
#include "waiting.h"

#define MS 1000000u

enum {
	STOP_LIMIT_NS = 500 * MS,
	SYSCALL_LIMIT_NS = 2000u * MS, /* a thread of a starved process may wait long for a core */
};

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

struct tracee {
	pid_t pid, tid;
	struct remote *remote;
	struct gadgets gadgets;
	struct tracee_state state;
	unsigned char image[TRACEE_XSTATE_MAX + 1024]; /* of the frame */
	raddr frame;		/* the signal frame in the thread's stack */
	bool released;
	bool attached, changed; /* we are its tracer; its registers are not its own */
	bool blocked;		/* its signals */
	bool sigstop;		/* one came meanwhile */
	bool vectors_changed;
	bool group_stopped; /* by a signal: it stays so when we let go */
	struct waiting waiting;
	uint64_t stopped_ns, stopped_cycles, held_ns;
};

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

static int seize(struct tracee *t, struct err *e)
{
	if (ptrace(PTRACE_SEIZE, t->tid, 0, PTRACE_O_TRACESYSGOOD) < 0) {
		if (errno == ESRCH)
			return READ_GONE;
		if (errno == EPERM)
			return err_set(e, EPERM,
				       "the kernel does not let us trace thread %d: another tracer is there, or we may not", t->tid);
		return err_sys(e, errno, "cannot trace thread %d", t->tid);
	}
	t->attached = true;
	t->stopped_ns = clock_now_ns();
	t->stopped_cycles = clock_cycles();
	if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
		return READ_GONE;
	return wait_interrupt(t, e);
}

/* The frame goes below the red zone, into stack that is there: growing it would be a change of the target. */
static int lay_frame(struct tracee *t, const struct maps *maps, struct err *e)
{
	size_t bytes = tracee_frame_bytes(&t->state);
	raddr at = tracee_frame_place(&t->state);
	const struct map *stack = maps_find(maps, at);
	int r;

	if (!stack || !stack->writable || stack->shared || at + bytes > stack->end || bytes > sizeof(t->image))
		return err_set(e, EAGAIN, "thread %d has no room on its stack for a signal frame", t->tid);
	bytes = tracee_frame_build(&t->state, &t->gadgets, at, t->image);
	r = remote_write(t->remote, at, t->image, bytes, e);
	if (r)
		return r < 0 ? r : err_set(e, EAGAIN, "the stack of thread %d cannot be written", t->tid);
	t->frame = at;
	return 0;
}

/*
 * After the registers are changed, never before, and back before they are: a thread whose tracer dies in between goes
 * on through its frame, which has the mask. One with its own registers would keep ours for ever.
 */
static int block_signals(struct tracee *t, struct err *e)
{
	uint64_t all = ~(uint64_t)0;

	if (t->blocked)
		return 0;
	t->blocked = true;
	if (ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(all), &all) < 0)
		return err_sys(e, errno, "cannot block the signals of thread %d", t->tid);
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
	waiting_begin(&t->waiting);
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

/* All signals are blocked but SIGSTOP. It is not handed on while the thread is away from its own: it comes at the end. */
static void keep_signal(struct tracee *t, int status)
{
	t->sigstop |= status >> 16 == 0 && WSTOPSIG(status) == SIGSTOP;
}

/* To the next stop of the kind we look for. */
static int run_to_syscall_stop(struct tracee *t, struct err *e)
{
	int status, r;

	for (int tries = 0; tries < 64; tries++) {
		if (ptrace(PTRACE_SYSCALL, t->tid, 0, 0) < 0)
			return READ_GONE;
		r = waiting_for_stop(&t->waiting, t->tid, SYSCALL_LIMIT_NS, &status, e);
		if (r)
			return r;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			return 0;
		keep_signal(t, status);
	}
	return err_set(e, EBUSY, "thread %d is being stopped by somebody else all the time", t->tid);
}

int tracee_syscall(struct tracee *t, long number, const uint64_t args[6], int64_t *ret_value, struct err *e)
{
	int r;

	t->changed = true;
	r = tracee_prepare_syscall(t->tid, &t->state, &t->gadgets, t->frame, number, args, e);
	if (!r)
		r = block_signals(t, e);
	if (!r)
		r = run_to_syscall_stop(t, e); /* at its entry */
	if (!r)
		r = run_to_syscall_stop(t, e); /* at its exit */
	if (!r)
		r = tracee_result(t->tid, ret_value, e);
	return r;
}

int tracee_call(struct tracee *t, raddr function, const uint64_t args[3], raddr stack_top, uint64_t limit_ns,
		struct err *e)
{
	uint64_t start = clock_now_ns();
	raddr frame = tracee_frame_below(&t->state, stack_top);
	int status, r;

	/* It returns into the restorer with a frame of its own on top: to finish the call is to go back. */
	r = remote_write(t->remote, frame, t->image,
			 tracee_frame_build(&t->state, &t->gadgets, frame, t->image), e);
	if (r)
		return r;
	t->changed = t->vectors_changed = true;
	r = tracee_prepare_call(t->tid, &t->state, frame, function, args, e);
	if (!r)
		r = block_signals(t, e);
	while (!r) {
		uint64_t passed = clock_now_ns() - start;

		if (ptrace(PTRACE_SYSCALL, t->tid, 0, 0) < 0)
			return READ_GONE;
		r = waiting_for_stop(&t->waiting, t->tid, passed < limit_ns ? limit_ns - passed : 0, &status, e);
		if (!r && WSTOPSIG(status) == (SIGTRAP | 0x80) && tracee_is_in_sigreturn(t->tid, &t->gadgets)) {
			/* At its entry: step over it, there may be more to do in the thread's name. */
			r = tracee_skip_syscall(t->tid, &t->gadgets, e);
			return r ? r : run_to_syscall_stop(t, e);
		}
		if (!r)
			keep_signal(t, status);
	}
	if (r == -ETIMEDOUT) { /* it runs: it goes back by itself, and we must not touch it any more */
		t->changed = false;
		t->frame = 0;
	}
	return r;
}

int tracee_send(struct tracee *t, raddr function, struct err *e)
{
	int r = tracee_prepare_call(t->tid, &t->state, t->frame, function, (uint64_t[3]){ 0 }, e);

	if (!r)
		r = block_signals(t, e);
	if (r)
		return r;
	t->changed = false;
	t->frame = 0; /* the way back is the thread's own from here on, its signal mask included */
	if (ptrace(PTRACE_DETACH, t->tid, 0, 0) < 0)
		return READ_GONE;
	t->attached = false;
	return 0;
}

bool tracee_must_be_held(const struct tracee *t)
{
	return t->group_stopped || tracee_state_is_waiting(&t->state);
}

static int put_back(struct tracee *t, struct err *e)
{
	if (t->blocked && t->frame && ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(t->state.signal_mask), &t->state.signal_mask) < 0)
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
