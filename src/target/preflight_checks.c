/*
 * preflight_checks: one question each about a process, and why it matters. Each adds its answer.
 */
#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "preflight_private.h"

static bool we_have(const struct facts *f, int capability)
{
	return f->ours.effective & (1ull << capability);
}

static const char *user_name(uid_t uid, char *to, size_t room)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(to, room, "%s", user->pw_name);
	else
		snprintf(to, room, "uid %u", uid);
	return to;
}

static void check_process(const struct facts *f, struct preflight *p)
{
	char remedy[64];

	if (f->pid == getpid()) {
		preflight_add(p, "process", PREFLIGHT_NO, EINVAL, "give the pid of a Python process",
			      "that is memspy itself");
	} else if (f->is_kernel_thread) {
		preflight_add(p, "process", PREFLIGHT_NO, EINVAL, "give the pid of a Python process",
			      "it is a thread of the kernel");
	} else if (f->group != f->pid) {
		snprintf(remedy, sizeof(remedy), "give --pid %d", f->group);
		preflight_add(p, "process", PREFLIGHT_NO, EINVAL, remedy, "it is a thread of process %d", f->group);
	} else if (f->status.state == 'X' || (f->status.state == 'Z' && f->status.threads <= 1)) {
		preflight_add(p, "process", PREFLIGHT_NO, ESRCH, "nothing is left of it to see",
			      "it has ended, and waits for its parent (pid %d) to notice", f->status.parent);
	} else if (f->status.state == 'Z') {
		preflight_add(p, "process", PREFLIGHT_NO, ENOTSUP, "memspy needs a process's first thread",
			      "its first thread has ended, though others run on");
	} else {
		preflight_add(p, "process", PREFLIGHT_OK, 0, "", "it runs, with %d thread%s", f->status.threads,
			      f->status.threads == 1 ? "" : "s");
	}
}

/* The kernel's own answer decides; we say why. */
static void check_permission(const struct facts *f, struct preflight *p)
{
	static const char as_root[] = "run it as root or give it CAP_SYS_PTRACE";
	char theirs[64], ours[64];
	bool same = true;

	if (f->open_answer == 0) {
		preflight_add(p, "permission", PREFLIGHT_OK, 0, "", "%s; %s",
			      we_have(f, CAP_SYS_PTRACE) ? "CAP_SYS_PTRACE" : "it belongs to the user memspy runs as",
			      f->yama < 0 ? "there is no Yama here" : "Yama allows it");
		return;
	}
	for (int i = 0; i < 3; i++)
		same &= f->theirs.uid[i] == f->ours.uid[0] && f->theirs.gid[i] == f->ours.gid[0];
	user_name(f->theirs.uid[1], theirs, sizeof(theirs));
	user_name(f->ours.uid[1], ours, sizeof(ours));
	if (f->yama >= 3)
		preflight_add(p, "permission", PREFLIGHT_NO, EPERM,
			      "set kernel.yama.ptrace_scope to 2 or less and reboot: until then it cannot be changed",
			      "Yama forbids it to everyone (ptrace_scope 3)");
	else if (we_have(f, CAP_SYS_PTRACE))
		preflight_add(p, "permission", PREFLIGHT_NO, f->open_answer,
			      "look for it in the log of AppArmor or SELinux, or run memspy outside of the container",
			      "memspy has CAP_SYS_PTRACE, yet is refused (%s; label %s)", strerror(f->open_answer),
			      f->label[0] ? f->label : "none");
	else if (!same)
		preflight_add(p, "permission", PREFLIGHT_NO, EPERM, as_root, "it belongs to %s and memspy runs as %s", theirs,
			      ours);
	else if (f->theirs.permitted & ~f->ours.permitted)
		preflight_add(p, "permission", PREFLIGHT_NO, EPERM, as_root, "it has capabilities that memspy has not");
	else if (f->is_undumpable)
		preflight_add(p, "permission", PREFLIGHT_NO, EPERM, as_root,
			      "it has made itself private (PR_SET_DUMPABLE)");
	else if (f->yama > 0)
		preflight_add(p, "permission", PREFLIGHT_NO, EPERM, as_root, "Yama allows it to %s only (ptrace_scope %d)",
			      f->yama == 1 ? "those who started it" : "CAP_SYS_PTRACE", f->yama);
	else
		preflight_add(p, "permission", PREFLIGHT_NO, f->open_answer, as_root, "its memory cannot be opened (%s; label %s)",
			      strerror(f->open_answer), f->label[0] ? f->label : "none");
}

static void check_ptrace(const struct facts *f, struct preflight *p)
{
	if (f->ptrace_answer != 0 && f->ptrace_answer != ESRCH)
		preflight_add(p, "ptrace", PREFLIGHT_NO, EPERM, "in a container, run memspy with --cap-add SYS_PTRACE",
			      "ptrace is forbidden to memspy itself, by a seccomp filter");
	else
		preflight_add(p, "ptrace", PREFLIGHT_OK, 0, "", "memspy itself may call ptrace");
}

static void check_tracer(const struct facts *f, struct preflight *p)
{
	if (f->status.tracer)
		preflight_add(p, "tracer", PREFLIGHT_NO, EBUSY, "detach it: one process can have one tracer",
			      "another tracer is attached: %s (pid %d)", f->tracer[0] ? f->tracer : "of another namespace",
			      f->status.tracer);
	else
		preflight_add(p, "tracer", PREFLIGHT_OK, 0, "", "nobody traces it");
}

static void check_state(const struct facts *f, struct preflight *p)
{
	char remedy[96];

	if (f->status.state == 'T') {
		snprintf(remedy, sizeof(remedy), "send SIGCONT (kill -CONT %d), or attach waits until it goes on",
			 f->pid);
		preflight_add(p, "state", PREFLIGHT_NOTE, 0, remedy, "it is stopped");
	} else if (f->status.state == 'D') {
		preflight_add(p, "state", PREFLIGHT_NOTE, 0, "attach waits for it",
			      "it waits in the kernel and cannot be interrupted: for a disk, a network file system or a vfork");
	} else {
		preflight_add(p, "state", PREFLIGHT_OK, 0, "", "it can be stopped for a moment");
	}
}

static void check_memory(const struct facts *f, struct preflight *p)
{
	char remedy[96];

	if (!f->shares_parents_memory) {
		preflight_add(p, "memory", PREFLIGHT_OK, 0, "", "its memory is its own");
		return;
	}
	snprintf(remedy, sizeof(remedy), "attach to %d, or wait until it has called exec", f->status.parent);
	preflight_add(p, "memory", PREFLIGHT_NO, EBUSY, remedy, "its memory is its parent's (a child of vfork)");
}

static void check_seccomp(const struct facts *f, struct preflight *p)
{
	if (f->status.seccomp == 1)
		preflight_add(p, "seccomp", PREFLIGHT_NO, ENOTSUP, "start it without",
			      "seccomp is strict in it: any system call of ours would kill it");
	else if (f->status.seccomp > 1 && we_have(f, CAP_SYS_ADMIN))
		preflight_add(p, "seccomp", PREFLIGHT_NOTE, 0, "",
			      "it has a seccomp filter: memspy suspends it for its own calls");
	else if (f->status.seccomp > 1)
		preflight_add(p, "seccomp", PREFLIGHT_NOTE, 0, "give memspy CAP_SYS_ADMIN, too: then it suspends the filter",
			      "it has a seccomp filter, which may refuse memspy's calls");
	else
		preflight_add(p, "seccomp", PREFLIGHT_OK, 0, "", "it has no seccomp filter");
}

/* The way back that we lay down for a stopped thread is one that no call has led to: it would die of it. */
static void check_shadow_stack(const struct facts *f, struct preflight *p)
{
	if (f->status.shadow_stack)
		preflight_add(p, "shadow-stack", PREFLIGHT_NO, ENOTSUP, "start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off",
			      "it runs with a shadow stack (CET), which would end it at the first return that memspy lays down");
	else
		preflight_add(p, "shadow-stack", PREFLIGHT_OK, 0, "", "it has no shadow stack");
}

static void check_namespaces(const struct facts *f, struct preflight *p)
{
	bool pid = f->status.other_pid_namespace, mount = f->status.other_mount_namespace;

	if (pid || mount)
		preflight_add(p, "namespace", PREFLIGHT_NOTE, 0, "", "it has %s namespace of its own (a container): that is fine",
			      pid && mount ? "a pid and a mount" : pid ? "a pid" : "a mount");
	else
		preflight_add(p, "namespace", PREFLIGHT_OK, 0, "", "it shares memspy's pid and mount namespaces");
}

static void check_architecture(const struct facts *f, struct preflight *p)
{
	if (f->kind == PROC_32_BIT)
		preflight_add(p, "architecture", PREFLIGHT_NO, ENOTSUP, "run the program with a 64-bit Python",
			      "it is a 32-bit process, and memspy reads 64-bit ones only");
	else if (f->kind == PROC_FOREIGN)
		preflight_add(p, "architecture", PREFLIGHT_NO, ENOTSUP, "run a memspy built for that",
			      "its program is for another kind of processor");
	else if (f->kind == PROC_NATIVE)
		preflight_add(p, "architecture", PREFLIGHT_OK, 0, "",
			      "it is a 64-bit process for this kind of processor");
}

const struct preflight_question preflight_checks[] = {
	{ check_process, "memspy attaches to a process as a whole, by the number of its first thread" },
	{ check_permission, "whoever may not trace a process may not read its memory either" },
	{ check_ptrace, "a thread is stopped once, for a moment, with ptrace" },
	{ check_tracer, "the kernel gives a process to one tracer at a time" },
	{ check_architecture, "the probe is machine code, and addresses are read as 64 bits" },
	{ check_memory, "between vfork and exec a child runs in its parent's memory and may not be disturbed" },
	{ check_state, "the way in needs one thread that can be stopped and goes on" },
	{ check_seccomp, "a few system calls are made in the target's name, and a filter can refuse them or kill for them" },
	{ check_shadow_stack, "the stopped thread returns by a way that no call has led to" },
	{ check_namespaces, "numbers and paths mean something else in a container; memspy translates them" },
};
const size_t preflight_checks_count = sizeof(preflight_checks) / sizeof(preflight_checks[0]);
