/*
 * tracee_private: a stopped thread as tracee.c (stop, let go), tracee_run.c (what it is let do), tracee_x86_64.c (its
 * registers) and signal_frame_x86_64.c (its way back without us) see it.
 */
#pragma once

#include <stdbool.h>
#include <sys/user.h>

#include "memspy/tracee.h"
#include "waiting.h"

enum { TRACEE_XSTATE_MAX = 32768 };

struct tracee_state {
#if defined(__x86_64__)
	struct user_regs_struct regs;
#else
	uint64_t regs[64];
#endif
	uint64_t signal_mask;
	size_t xstate_bytes;
	unsigned char xstate[TRACEE_XSTATE_MAX] __attribute__((aligned(64)));
};

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

bool tracee_state_is_waiting(const struct tracee_state *state); /* stopped in a call that a signal may end */
struct tracee_place tracee_state_place(const struct tracee_state *state);
raddr tracee_state_thread_pointer(const struct tracee_state *state);

/* Fills *state from the stopped thread. */
int tracee_state_get(pid_t tid, struct tracee_state *state, struct err *e);
/* Back to where it was; what becomes of an interrupted system call is the kernel's to say. */
int tracee_state_put(pid_t tid, const struct tracee_state *state, bool vectors_too, struct err *e);
/* An interrupted system call goes on as if it had not been: what the kernel does after a stop, done by hand. */
struct user_regs_struct tracee_state_restarted(const struct tracee_state *state);
/* Bytes of the signal frame and where it goes; the image of it for that address. */
size_t tracee_frame_bytes(const struct tracee_state *state);
raddr tracee_frame_place(const struct tracee_state *state); /* below the red zone of the stopped thread */
raddr tracee_frame_below(const struct tracee_state *state, raddr stack_top);
size_t tracee_frame_build(const struct tracee_state *state, const struct gadgets *gadgets, raddr at, unsigned char *to);
/* The next system call, or the call of a function, with the frame at `frame` to return into. */
int tracee_prepare_syscall(pid_t tid, const struct tracee_state *state, const struct gadgets *gadgets, raddr frame,
			   long number, const uint64_t args[6], struct err *e);
int tracee_prepare_call(pid_t tid, const struct tracee_state *state, raddr sp, raddr function, const uint64_t args[3],
			struct err *e);
int tracee_result(pid_t tid, int64_t *ret, struct err *e);
/* At the entry of a system call: it is not made. */
int tracee_skip_syscall(pid_t tid, const struct gadgets *gadgets, struct err *e);
bool tracee_is_in_sigreturn(pid_t tid, const struct gadgets *gadgets);
