/*
 * inject_steps: what both ways in do in the name of a stopped thread, and how it is chosen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/proc.h"

enum {
	THREADS_TRIED = 4,
};

/* One thread: stop, try, let go. held_ns keeps the longest that any thread was held. */
static int with_thread(const struct entering *in, pid_t tid,
		       int (*try_one)(const struct entering *, struct tracee *, void *, struct err *), void *own,
		       struct injected *ret, struct err *e)
{
	struct err at_release;
	struct tracee *t;
	int r, released;

	r = tracee_stop(&t, in->pid, tid, in->remote, in->maps, &in->gadgets, e);
	if (r)
		return r;
	r = try_one(in, t, own, e);
	released = tracee_release(t, &at_release);
	if (!r && released) {
		*e = at_release;
		r = released;
	}
	ret->tid = tid;
	if (tracee_held_ns(t) > ret->held_ns)
		ret->held_ns = tracee_held_ns(t);
	tracee_free(t);
	return r;
}

/* One that runs goes first: no system call of its is interrupted. Then the main thread: it is Python's own. */
static void running_first(pid_t pid, pid_t *tids, size_t count)
{
	for (size_t i = 0; i < count && i < 64; i++) {
		if (proc_thread_state(pid, tids[i]) == 'R') {
			pid_t running = tids[i];

			memmove(tids + 1, tids, i * sizeof(*tids));
			tids[0] = running;
			return;
		}
	}
}

/* Those that are there now, one after the other, at least a few of them. *ret_gone: so many had ended when we came to them. */
static int each_thread(const struct entering *in, int (*try_one)(const struct entering *, struct tracee *, void *, struct err *),
		       void *own, struct injected *ret, uint64_t until_ns, size_t *ret_count, size_t *ret_gone, struct err *e)
{
	_cleanup_(freep) pid_t *tids = NULL;
	struct err late = { "" };
	int r = proc_threads(in->pid, &tids, ret_count, e);

	*ret_gone = 0;
	if (r)
		return r;
	running_first(in->pid, tids, *ret_count);
	for (size_t i = 0; i < *ret_count && (i < THREADS_TRIED || clock_now_ns() < until_ns); i++) {
		r = with_thread(in, tids[i], try_one, own, ret, e);
		if (r == -ETIMEDOUT)
			late = *e;
		if (r != -EAGAIN && r != -ETIMEDOUT && r != READ_GONE)
			return r;
		*ret_gone += r == READ_GONE;
	}
	if (late.text[0]) {
		*e = late;
		return -ETIMEDOUT;
	}
	return r;
}

int inject_some_thread(const struct entering *in, int (*try_one)(const struct entering *, struct tracee *, void *, struct err *),
		       void *own, struct injected *ret, struct err *e)
{
	struct err late = { "" };
	uint64_t until = clock_now_ns() + in->patience_ns;
	size_t count = 0, gone = 0;
	int r;

	for (size_t tried = 0; tried < THREADS_TRIED || clock_now_ns() < until; tried += count) {
		r = each_thread(in, try_one, own, ret, until, &count, &gone, e);
		if (r == -ETIMEDOUT)
			late = *e;
		if (r == -EPERM && late.text[0]) { /* it did not stop, and is ours until our thread ends: its tracer is us */
			*e = late;
			r = -ETIMEDOUT;
		}
		if (r != -EAGAIN && r != -ETIMEDOUT && r != READ_GONE)
			return r;
		if (count == 0 || gone == count) /* not just some threads that ended */
			return READ_GONE;
		clock_sleep_until(clock_now_ns() + 200000); /* let them move on */
	}
	if (r == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "cannot attach to %d: %.200s; it waits in the kernel (for a disk, a network file system or "
			       "a vfork) or gets no processor time: try again later", in->pid, late.text);
	return r == READ_GONE ? err_set(e, EAGAIN, "the threads of %d come and go too quickly; try again", in->pid) : r;
}

static int system_call(struct tracee *t, const char *what, long number, const uint64_t args[6], int64_t *ret,
		       struct err *e)
{
	int r = tracee_syscall(t, number, args, ret, e);

	if (!r && *ret < 0 && *ret > -4096)
		return err_sys(e, (int)-*ret, "the target may not %s", what);
	return r;
}

/*
 * Another thread of the target may close all its descriptors at any moment, and open a file of its own under the number that
 * was ours: what was opened by number must be a memfd that can be sealed, and the number must still be that one's.
 */
static int must_be_memfd(int fd, struct err *e)
{
	return fcntl(fd, F_GET_SEALS) == 0 ? 0 : err_set(e, EAGAIN, "the target closed the descriptor of the table");
}

static bool still_names(const char *path, int fd)
{
	struct stat its, ours;

	return stat(path, &its) == 0 && fstat(fd, &ours) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

int inject_close(const struct entering *in, struct tracee *t, int64_t fd, int ours, struct err *e)
{
	int64_t ignored;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, (int)fd);
	if (ours >= 0 && !still_names(path, ours))
		return 0;
	return tracee_syscall(t, SYS_close, (uint64_t[6]){ (uint64_t)fd }, &ignored, e);
}

/* What was mapped is not the table. Where hooks may lead to it there must be something. */
static void take_back(const struct entering *in, struct tracee *t, raddr at, raddr mapped)
{
	const uint64_t nothing[6] = { at, in->table_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, (uint64_t)-1, 0 };
	struct err ignored;
	int64_t done;

	if (at)
		tracee_syscall(t, SYS_mmap, nothing, &done, &ignored);
	else
		tracee_syscall(t, SYS_munmap, (uint64_t[6]){ mapped, in->table_bytes }, &done, &ignored);
}

int inject_make_table(const struct entering *in, struct tracee *t, raddr name_at, raddr at, raddr *ret_table, int *ret_fd,
		      struct err *e)
{
	uint64_t create[6] = { name_at, MFD_CLOEXEC | MFD_ALLOW_SEALING };
	uint64_t flags = MAP_SHARED | (at ? MAP_FIXED : 0);
	int64_t fd, got;
	char path[64];
	int r;

	r = remote_write(in->remote, name_at, TABLE_NAME, sizeof(TABLE_NAME), e);
	if (r)
		return r;
	r = system_call(t, "create a memfd", SYS_memfd_create, create, &fd, e);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, (int)fd);
	*ret_fd = open(path, O_RDWR | O_CLOEXEC);
	if (*ret_fd < 0)
		r = err_sys(e, errno, "cannot open %s", path);
	if (!r)
		r = must_be_memfd(*ret_fd, e);
	/* Before it is mapped: over an older table, hooks that are reachable may touch it at once. */
	if (!r && ftruncate(*ret_fd, (off_t)in->table_bytes) < 0)
		r = err_sys(e, errno, "cannot size the table");
	if (!r)
		r = system_call(t, "map the table", SYS_mmap,
				(uint64_t[6]){ at, in->table_bytes, PROT_READ | PROT_WRITE, flags, (uint64_t)fd, 0 }, &got, e);
	if (*ret_fd >= 0 ? !still_names(path, *ret_fd) : access(path, F_OK) != 0) {
		if (!r)
			take_back(in, t, at, (raddr)got);
		return r ? r : err_set(e, EAGAIN, "the target closed the descriptor of the table");
	}
	if (!r)
		*ret_table = (raddr)got;
	/* Whatever happened, the target keeps no descriptor of ours. */
	if (inject_close(in, t, fd, *ret_fd, &(struct err){ 0 }) && !r)
		r = err_set(e, EIO, "the target's descriptor of the table cannot be closed");
	return r;
}

int inject_wipe_on_fork(struct tracee *t, raddr pages, uint64_t bytes, struct err *e)
{
	enum { WIPEONFORK = 18 }; /* MADV_WIPEONFORK, Linux 4.14 */
	int64_t done;

	return system_call(t, "have pages wiped at fork", SYS_madvise, (uint64_t[6]){ pages, bytes, WIPEONFORK },
			   &done, e);
}

int inject_finish_table(struct injected *i, int fd, uint64_t bytes, struct err *e)
{
	int r = must_be_memfd(fd, e);

	if (r)
		return r;
	if (ftruncate(fd, (off_t)bytes) < 0)
		return err_sys(e, errno, "cannot size the table");
	/* The target could shrink it under our hands, or grow it without end. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(e, errno, "cannot seal the table");
	return inject_view(i, fd, bytes, e);
}
