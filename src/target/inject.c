#include "memspy/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "inject_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/proc.h"

enum {
	THREADS_TRIED = 4,
	TRY_LIMIT_NS = 20000000,
	ONLY_WAY_LIMIT_NS = 2000000000, /* when there is no other way to fall back on */
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

static bool is_running(pid_t pid, pid_t tid)
{
	char path[64], line[256];
	_cleanup_(fclosep) FILE *f = NULL;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return false;
	end = strrchr(line, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

/* One that runs goes first: no system call of its is interrupted. Then the main thread: it is Python's own. */
static void running_first(pid_t pid, pid_t *tids, size_t count)
{
	for (size_t i = 0; i < count && i < 64; i++) {
		if (is_running(pid, tids[i])) {
			pid_t running = tids[i];

			memmove(tids + 1, tids, i * sizeof(*tids));
			tids[0] = running;
			return;
		}
	}
}

int inject_some_thread(const struct entering *in, int (*try_one)(const struct entering *, struct tracee *, void *, struct err *),
		       void *own, struct injected *ret, struct err *e)
{
	_cleanup_(freep) pid_t *tids = NULL;
	uint64_t start = clock_now_ns();
	size_t count;
	int r = proc_threads(in->pid, &tids, &count, e);

	if (r)
		return r;
	running_first(in->pid, tids, count);
	for (size_t i = 0; i < THREADS_TRIED || clock_now_ns() - start < in->patience_ns; i++) {
		r = with_thread(in, tids[i % count], try_one, own, ret, e);
		if (r != -EAGAIN && r != -ETIMEDOUT && r != READ_GONE)
			return r;
		if (r == READ_GONE && i + 1 >= count) /* not just one thread that ended */
			return r;
		if (i % count == count - 1) /* all tried: let them move on */
			clock_sleep_until(clock_now_ns() + 200000);
	}
	return r;
}

static int system_call(struct tracee *t, const char *what, long number, const uint64_t args[6], int64_t *ret, struct err *e)
{
	int r = tracee_syscall(t, number, args, ret, e);

	if (!r && *ret < 0 && *ret > -4096)
		return err_sys(e, (int)-*ret, "the target may not %s", what);
	return r;
}

int inject_make_table(const struct entering *in, struct tracee *t, raddr name_at, raddr at, raddr *ret_table, int *ret_fd,
		      struct err *e)
{
	uint64_t create[6] = { name_at, MFD_CLOEXEC | MFD_ALLOW_SEALING };
	uint64_t flags = MAP_SHARED | (at ? MAP_FIXED : 0);
	int64_t fd, got, closed;
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
	/* Before it is mapped: over an older table, hooks that are reachable may touch it at once. */
	else if (ftruncate(*ret_fd, (off_t)in->table_bytes) < 0)
		r = err_sys(e, errno, "cannot size the table");
	if (!r)
		r = system_call(t, "map the table", SYS_mmap,
				(uint64_t[6]){ at, in->table_bytes, PROT_READ | PROT_WRITE, flags, (uint64_t)fd, 0 }, &got, e);
	if (!r)
		*ret_table = (raddr)got;
	/* Whatever happened, the target keeps no descriptor of ours. */
	if (tracee_syscall(t, SYS_close, (uint64_t[6]){ (uint64_t)fd }, &closed, &(struct err){ 0 }) && !r)
		r = err_set(e, EIO, "the target's descriptor of the table cannot be closed");
	return r;
}

int inject_wipe_on_fork(struct tracee *t, raddr pages, uint64_t bytes, struct err *e)
{
	enum { WIPEONFORK = 18 }; /* MADV_WIPEONFORK, Linux 4.14 */
	int64_t done;

	return system_call(t, "have pages wiped at fork", SYS_madvise, (uint64_t[6]){ pages, bytes, WIPEONFORK }, &done, e);
}

int inject_finish_table(struct injected *i, int fd, uint64_t bytes, struct err *e)
{
	if (ftruncate(fd, (off_t)bytes) < 0)
		return err_sys(e, errno, "cannot size the table");
	/* The target could shrink it under our hands, or grow it without end. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(e, errno, "cannot seal the table");
	i->view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (i->view == MAP_FAILED) {
		i->view = NULL;
		return err_sys(e, errno, "cannot map the table");
	}
	i->table_bytes = bytes;
	return 0;
}

static int come_in(struct injected *ret, struct entering *in, enum inject_way way, struct err *e)
{
	struct injected i = { 0 };
	int r = image_own(&i.image, e);

	tracee_warm();
	if (!r)
		r = inject_again(in, &i, e);
	if (r == READ_TORN) { /* none there */
		r = gadgets_find(&in->gadgets, in->maps, in->remote, e);
		if (!r)
			r = way == INJECT_DLOPEN ? inject_by_dlopen(in, &i, e) : inject_by_map(in, &i, e);
		if (r < 0 && r != -ETIMEDOUT && way == INJECT_AUTO) { /* docs/decisions/0001: map first */
			snprintf(i.note, sizeof(i.note), "%.*s", (int)sizeof(i.note) - 1, e->text);
			r = inject_by_dlopen(in, &i, e);
		}
	}
	if (r) {
		injected_done(&i);
		return r;
	}
	*ret = i;
	return 0;
}

struct visit {
	struct injected *ret;
	struct entering *in;
	enum inject_way way;
	struct err *e;
	int r;
};

static void *visit(void *own)
{
	struct visit *v = own;

	v->r = come_in(v->ret, v->in, v->way, v->e);
	return NULL;
}

/*
 * In a thread of its own: the kernel lets go of everything a thread traces when it ends. A thread of the target that
 * sleeps uninterruptibly cannot be let go otherwise; it would stop for us when it wakes, with nobody there to see it.
 * Signals wait meanwhile: a Ctrl-Z must not suspend us while we hold somebody.
 */
int inject(struct injected *ret, pid_t pid, struct remote *remote, const struct maps *maps, enum inject_way way,
	   uint64_t table_bytes, struct err *e)
{
	struct entering in = { .pid = pid, .remote = remote, .maps = maps, .table_bytes = table_bytes,
			       .patience_ns = way == INJECT_AUTO ? TRY_LIMIT_NS : ONLY_WAY_LIMIT_NS };
	struct visit v = { .ret = ret, .in = &in, .way = way, .e = e };
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, visit, &v);
	if (!r)
		pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? err_sys(e, r, "cannot start a thread") : v.r;
}

void injected_done(struct injected *i)
{
	if (i->view)
		munmap(i->view, i->table_bytes);
	i->view = NULL;
}

raddr injected_hook(const struct injected *i, enum probe_hook hook)
{
	return i->base + i->image.entry.hooks[hook];
}
