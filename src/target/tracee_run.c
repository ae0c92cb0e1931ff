/*
 * tracee_run: what a stopped thread is let do: a system call, a call, or all the rest without us.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "memspy/clock.h"
#include "tracee_private.h"

enum { SYSCALL_LIMIT_NS = 2000000000 }; /* a thread of a starved process may wait long for a core */

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
