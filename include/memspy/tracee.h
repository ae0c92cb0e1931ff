/*
 * tracee: one stopped thread of a foreign process, and system calls made in its name.
 *
 * The thread can finish without us at any moment: before its first register is changed, a signal frame with
 * everything it had lies below its red zone, and whatever we let it do returns into rt_sigreturn. A tracer that is
 * killed in the middle leaves a thread that ends the system call it is in and goes on where it was.
 * No instruction is single-stepped and none is written; calls run on a `syscall; ret` that is there already.
 *
 * Every wait has a deadline. tracee_release puts everything back and lets the thread go; so does tracee_free.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/maps.h"
#include "memspy/remote.h"

struct tracee;

/* Places in the target's own code that a forged call needs; found once, before any stop. */
struct gadgets {
	raddr syscall_ret; /* syscall; ret */
	raddr sigreturn;   /* mov $15, %rax; syscall: libc's signal restorer */
};

int gadgets_find(struct gadgets *ret, const struct maps *maps, struct remote *remote, struct err *e);

/* What takes long the first time, before anybody is stopped. */
void tracee_warm(void);

/*
 * Stops thread tid of process pid. Besides 0: READ_GONE, -EPERM and the like with the sentence, -ETIMEDOUT when it did
 * not stop in time (it sleeps uninterruptibly, or another stop holds it), -EAGAIN when its stack has no room for
 * the frame: try another thread.
 */
int tracee_stop(struct tracee **ret, pid_t pid, pid_t tid, struct remote *remote, const struct maps *maps,
		const struct gadgets *gadgets, struct err *e);

/* A system call in the thread's name; *ret_value is its result or -errno. 0, READ_GONE or a fault. */
int tracee_syscall(struct tracee *t, long number, const uint64_t args[6], int64_t *ret_value, struct err *e);

/*
 * Calls a function of the target on a stack of its own, with up to three arguments; what it returns is lost (the way
 * back overwrites it). The thread must be at a safe point (inject_dlopen.c). stack_top is 16-byte aligned. -ETIMEDOUT: it did not return within limit_ns; the thread
 * has been let go to finish the call and goes back to where it was by itself.
 */
int tracee_call(struct tracee *t, raddr function, const uint64_t args[3], raddr stack_top, uint64_t limit_ns,
		struct err *e);

/*
 * Lets the thread go with its next instruction at function (no arguments, our own code), on its own stack below the
 * signal frame, from where it goes back to what it did. It is not ours any more: tracee_release has nothing to do.
 * Not for one that was stopped by a signal, it would not run, nor for one that waits in a system call: it would lose the
 * rest of its time, or sleep on over a signal that was to end the call.
 */
int tracee_send(struct tracee *t, raddr function, struct err *e);
bool tracee_is_stopped_by_signal(const struct tracee *t);
bool tracee_is_waiting(const struct tracee *t);

/* Where the thread was when it stopped. */
struct tracee_place {
	raddr ip, sp, fp;
	long syscall; /* number of the system call it was in; -1: none */
};
struct tracee_place tracee_place(const struct tracee *t);
raddr tracee_thread_pointer(const struct tracee *t);
pid_t tracee_tid(const struct tracee *t);

/* Puts registers, vector state and signal mask back and lets go. */
int tracee_release(struct tracee *t, struct err *e);
void tracee_free(struct tracee *t);	       /* releases what is not released */
uint64_t tracee_held_ns(const struct tracee *t); /* from the interrupt to the release */
/* It says itself when it was back (cycle counter); for one that was sent. */
void tracee_held_until(struct tracee *t, uint64_t cycles);
