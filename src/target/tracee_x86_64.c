/*
 * tracee_x86_64: the registers of a stopped thread, read, put back, and set for what it is to do next.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tracee_private.h"

#if defined(__x86_64__)
bool tracee_state_is_waiting(const struct tracee_state *state)
{
	long result = (long)state->regs.rax;

	return (long)state->regs.orig_rax >= 0 && ((result <= -512 && result >= -516) || result == -EINTR); /* ERESTART… */
}

struct tracee_place tracee_state_place(const struct tracee_state *state)
{
	return (struct tracee_place){ state->regs.rip, state->regs.rsp, state->regs.rbp, (long)state->regs.orig_rax };
}

raddr tracee_state_thread_pointer(const struct tracee_state *state)
{
	return state->regs.fs_base;
}

int tracee_state_get(pid_t tid, struct tracee_state *state, struct err *e)
{
	struct iovec io = { state->xstate, sizeof(state->xstate) };

	if (ptrace(PTRACE_GETREGS, tid, 0, &state->regs) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot read the registers of thread %d", tid);
	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &io) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot read the vector registers of thread %d", tid);
	state->xstate_bytes = io.iov_len;
	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(state->signal_mask), &state->signal_mask) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot read the signal mask of thread %d", tid);
	return 0;
}

struct user_regs_struct tracee_state_restarted(const struct tracee_state *state)
{
	struct user_regs_struct r = state->regs;
	long number = (long)r.orig_rax;

	r.orig_rax = (unsigned long long)-1;
	if (number < 0)
		return r;
	switch ((long)r.rax) {
	case -512: /* ERESTARTSYS */
	case -513: /* ERESTARTNOINTR */
	case -514: /* ERESTARTNOHAND */
		r.rax = (unsigned long long)number;
		r.rip -= 2;
		break;
	case -516: /* ERESTART_RESTARTBLOCK */
		r.rax = SYS_restart_syscall;
		r.rip -= 2;
		break;
	case -EINTR: /* these do not restart by themselves after a stop, though no signal was delivered */
		if (number == SYS_epoll_wait || number == SYS_epoll_pwait || number == SYS_rt_sigtimedwait ||
		    number == SYS_semtimedop) {
			r.rax = (unsigned long long)number;
			r.rip -= 2;
		}
		break;
	}
	return r;
}

/* Has a signal come meanwhile that the thread does not block itself? */
static bool has_signal(pid_t tid, uint64_t mask)
{
	enum { MOST = 32 };
	siginfo_t found[MOST];

	for (unsigned shared = 0; shared < 2; shared++) {
		struct __ptrace_peeksiginfo_args which = { .flags = shared, .nr = MOST };
		long n = ptrace(PTRACE_PEEKSIGINFO, tid, &which, found);

		for (long i = 0; i < n; i++)
			if (!(mask >> (found[i].si_signo - 1) & 1))
				return true;
	}
	return false;
}

/*
 * As it was, an interrupted call included: on the way out the kernel restarts it, or ends it for a handler that asks for
 * that. Only calls that end with EINTR after any stop are restarted by hand, unless there is a signal to end them.
 */
int tracee_state_put(pid_t tid, const struct tracee_state *state, bool vectors_too, struct err *e)
{
	bool ended = (long)state->regs.rax == -EINTR && !has_signal(tid, state->signal_mask);
	struct user_regs_struct r = ended ? tracee_state_restarted(state) : state->regs;
	struct iovec io = { (void *)state->xstate, state->xstate_bytes };

	if (vectors_too && ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &io) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot put back the vector registers of thread %d", tid);
	if (ptrace(PTRACE_SETREGS, tid, 0, &r) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot put back the registers of thread %d", tid);
	return 0;
}

static int set_registers(pid_t tid, const struct user_regs_struct *r, struct err *e)
{
	if (ptrace(PTRACE_SETREGS, tid, 0, r) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot set the registers of thread %d", tid);
	return 0;
}

int tracee_prepare_syscall(pid_t tid, const struct tracee_state *state, const struct gadgets *gadgets, raddr frame,
			   long number, const uint64_t args[6], struct err *e)
{
	struct user_regs_struct r = state->regs;

	r.rip = gadgets->syscall_ret;
	r.rsp = frame; /* its ret pops the way back */
	r.rax = (unsigned long long)number;
	r.orig_rax = (unsigned long long)-1; /* or the kernel restarts the call that we interrupted, with our registers */
	r.rdi = args[0];
	r.rsi = args[1];
	r.rdx = args[2];
	r.r10 = args[3];
	r.r8 = args[4];
	r.r9 = args[5];
	return set_registers(tid, &r, e);
}

int tracee_prepare_call(pid_t tid, const struct tracee_state *state, raddr sp, raddr function, const uint64_t args[3],
			struct err *e)
{
	struct user_regs_struct r = state->regs;

	r.rip = function;
	r.rsp = sp;
	r.rax = 0;
	r.orig_rax = (unsigned long long)-1;
	r.eflags &= ~0x400ull; /* the ABI wants the direction flag clear */
	r.rdi = args[0];
	r.rsi = args[1];
	r.rdx = args[2];
	return set_registers(tid, &r, e);
}

int tracee_result(pid_t tid, int64_t *ret, struct err *e)
{
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, 0, &r) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot read the registers of thread %d", tid);
	*ret = (int64_t)r.rax;
	return 0;
}

/* Back to the restorer's beginning at once: should we die now, the thread comes here again and goes through. */
int tracee_skip_syscall(pid_t tid, const struct gadgets *gadgets, struct err *e)
{
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, 0, &r) < 0)
		return errno == ESRCH ? READ_GONE : err_sys(e, errno, "cannot read the registers of thread %d", tid);
	r.orig_rax = (unsigned long long)-1;
	r.rip = gadgets->sigreturn;
	return set_registers(tid, &r, e);
}

bool tracee_is_in_sigreturn(pid_t tid, const struct gadgets *gadgets)
{
	struct user_regs_struct r;

	return ptrace(PTRACE_GETREGS, tid, 0, &r) == 0 && r.orig_rax == SYS_rt_sigreturn &&
	       r.rip >= gadgets->sigreturn && r.rip <= gadgets->sigreturn + 16;
}
#endif
