/*
 * inject_map: the probe without the loader.
 *
 * One system call in the name of a stopped thread makes room; the rest is the probe's own `enter`, which nobody is held
 * for: a thread that ran goes through it and returns through its signal frame; for one that waits in a system call, a
 * second call starts a thread that does only this, and it waits on. No code of the target runs, so any stop will do.
 * Where neither may be (a seccomp filter, a process stopped by a signal), the thread is held for all six calls.
 */
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "inject_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/proc.h"

struct mapping {
	const struct image *image;
	const unsigned char *bytes; /* the image, relocated */
	raddr base, table;
	int fd;		   /* the table, ours */
	bool by_map_files; /* it can be opened where it is mapped: no descriptor has to wait for us */
	bool mapped;	   /* the image is there, made by a thread that could not go on */
	bool filtered;	   /* a seccomp filter is on: what it allows is not known */
	int64_t left_open; /* the target's descriptor of it + 1, if it could not be closed on the way */
};

enum { POLL_NS = 10000, FOLLOW_LIMIT_NS = 2000000000, GAPS_TRIED = 8 };

static int checked(struct tracee *t, const char *what, long number, const uint64_t args[6], raddr want, struct err *e)
{
	int64_t got;
	int r = tracee_syscall(t, number, args, &got, e);

	if (r)
		return r;
	if (got < 0 && got > -4096)
		return err_sys(e, (int)-got, "the target may not %s", what);
	if ((raddr)got != want)
		return err_set(e, EAGAIN, "the target could not %s", what);
	return 0;
}

/* Never writable and executable at once. We write through /proc/PID/mem, which needs no permission of theirs. */
static int map_image(struct tracee *t, struct mapping *m, struct err *e)
{
	int r;

	if (m->mapped)
		return 0;
	r = checked(t, "map memory for the probe", SYS_mmap,
		       (uint64_t[6]){ m->base, m->image->span, PROT_READ | PROT_EXEC,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0 },
		       m->base, e);
	m->mapped = !r;
	return r;
}

static int write_image(const struct entering *in, const struct mapping *m, struct err *e)
{
	size_t code = m->image->code_bytes;
	int r = remote_write(in->remote, m->base, m->bytes, m->image->code_used, e);

	return r ? r : remote_write(in->remote, m->base + code, m->bytes + code, m->image->data_used - code, e);
}

/* All in the thread's name, stop by stop. */
static int step_by_step(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	size_t code = m->image->code_bytes, span = m->image->span;
	raddr pages = m->base + m->image->entry.private_pages;
	int r = checked(t, "make the probe's data writable", SYS_mprotect,
			(uint64_t[6]){ m->base + code, span - code, PROT_READ | PROT_WRITE }, 0, e);

	if (!r)
		r = inject_make_table(in, t, m->base + code, in->spare, &m->table, &m->fd, e);
	if (!r)
		r = inject_wipe_on_fork(t, pages, m->image->entry.private_bytes, e);
	return r;
}

static int tell(const struct entering *in, const struct mapping *m, const struct probe_entering *what, struct err *e)
{
	return remote_write(in->remote, m->base + m->image->entry.config + offsetof(struct probe_config, entering), what,
			    sizeof(*what), e);
}

static int hear(const struct entering *in, const struct mapping *m, struct probe_entering *what, struct err *e)
{
	return remote_read(in->remote, m->base + m->image->entry.config + offsetof(struct probe_config, entering), what,
			   sizeof(*what), e);
}

/* Until the probe says that it has a descriptor; then until it is through. Nobody is held by us any more. */
static int follow(const struct entering *in, struct mapping *m, uint64_t *ret_left_cycles, struct err *e)
{
	raddr opened = m->base + m->image->entry.config + offsetof(struct probe_config, entering.opened);
	uint64_t start = clock_now_ns();
	struct probe_entering now;
	const uint32_t yes = 1;
	char path[64];
	int r;

	while (!(r = hear(in, m, &now, e)) && !now.done) {
		if (clock_now_ns() - start > FOLLOW_LIMIT_NS)
			return err_set(e, EIO, "the thread that was to make the table did not come to it");
		if (now.fd > 0 && m->fd < 0 && !m->by_map_files) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, (int)now.fd - 1);
			m->fd = open(path, O_RDWR | O_CLOEXEC);
			if (m->fd < 0)
				return err_sys(e, errno, "cannot open %s", path);
			r = remote_write(in->remote, opened, &yes, sizeof(yes), e);
			if (r)
				return r;
		}
		clock_sleep_until(clock_now_ns() + POLL_NS); /* we may be on the very core that it needs */
	}
	if (r)
		return r;
	*ret_left_cycles = now.left_cycles;
	m->table = now.table;
	m->left_open = now.done == 2 ? now.fd : 0;
	return now.error ? err_sys(e, (int)-now.error, "the target may not make the table") : 0;
}

/* Writes the probe, and in it what `enter` needs. */
static int prepare_enter(const struct entering *in, const struct mapping *m, struct err *e)
{
	struct probe_entering what = {
		.start = m->base + m->image->entry.enter_alone,
		.image = m->base,
		.image_bytes = m->image->span,
		.data = m->base + m->image->code_bytes,
		.data_bytes = m->image->span - m->image->code_bytes,
		.wipe = m->base + m->image->entry.private_pages,
		.wipe_bytes = m->image->entry.private_bytes,
		.table_bytes = in->table_bytes,
		.name = TABLE_NAME,
		.opened = m->by_map_files,
	};
	int r = write_image(in, m, e);

	return r ? r : tell(in, m, &what, e);
}

/* Three stops in all: the thread does the rest by itself. */
static int send_in(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	uint64_t left_cycles = 0;
	int r = tracee_send(t, m->base + m->image->entry.enter, e);

	if (!r)
		r = follow(in, m, &left_cycles, e);
	tracee_held_until(t, left_cycles);
	return r;
}

/*
 * Five stops: a thread of our own does the rest, while this one waits on as if nothing had been. All signals are blocked
 * in it, as they are in the one it is made from. -EAGAIN: there may be no more threads.
 */
static int send_another(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	raddr stack = m->base + m->image->entry.config + offsetof(struct probe_config, entering.start);
	uint64_t like_a_thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	uint64_t left_cycles;
	int64_t tid;
	int r = tracee_syscall(t, SYS_clone, (uint64_t[6]){ like_a_thread, stack }, &tid, e);

	if (!r && tid < 0)
		return err_set(e, EAGAIN, "the target may not start a thread");
	if (!r)
		r = tracee_release(t, e);
	return r ? r : follow(in, m, &left_cycles, e);
}

static int enter(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct mapping *m = own;
	int r = map_image(t, m, e);

	/* Under ptrace a filter can be suspended; a thread that runs by itself would meet it. The probe puts no table over another. */
	if (!r && (m->filtered || in->spare || tracee_is_stopped_by_signal(t)))
		return step_by_step(in, t, m, e);
	if (!r)
		r = prepare_enter(in, m, e);
	if (r)
		return r;
	if (!tracee_is_waiting(t))
		return send_in(in, t, m, e);
	r = send_another(in, t, m, e);
	return r == -EAGAIN ? step_by_step(in, t, m, e) : r;
}

static int close_left_open(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct mapping *m = own;

	return inject_close(in, t, m->left_open - 1, m->fd, e);
}

/* May we open what it has mapped? Root may; then the table can be opened at leisure. */
static bool can_open_maps(const struct entering *in)
{
	for (size_t i = 0; i < maps_count(in->maps); i++) {
		const struct map *map = maps_at(in->maps, i);
		char path[96];
		int fd;

		if (map->path[0] != '/' || !map->executable)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", in->pid, (unsigned long)map->start,
			 (unsigned long)map->end);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		return fd >= 0;
	}
	return false;
}

/* By its place, or by a descriptor that the probe left open because we were late. */
static int open_late(const struct entering *in, struct mapping *m, struct err *e)
{
	char path[96];

	if (m->left_open > 0)
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, (int)m->left_open - 1);
	else
		snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", in->pid, (unsigned long)m->table,
			 (unsigned long)(m->table + in->table_bytes));
	m->fd = open(path, O_RDWR | O_CLOEXEC);
	if (m->fd < 0 && errno == ENOENT) /* another program by now, or over */
		return READ_TORN;
	return m->fd < 0 ? err_sys(e, errno, "cannot open %s", path) : 0;
}

static bool is_filtered(pid_t pid)
{
	struct proc_status status;
	struct err ignored;

	return proc_status_read(pid, &status, &ignored) || status.seccomp != 0;
}

static int map_into_gap(const struct entering *in, struct injected *ret, struct err *e)
{
	struct mapping m = {
		.image = &ret->image, .fd = -1, .by_map_files = can_open_maps(in), .filtered = is_filtered(in->pid),
	};
	_cleanup_(freep) unsigned char *bytes = NULL;
	int r;

	m.mapped = in->orphan != 0;
	m.base = m.mapped ? in->orphan : maps_gap(in->maps, ret->image.span, in->gadgets.syscall_ret);
	if (!m.base)
		return err_set(e, ENOMEM, "the target has no room in its address space");
	r = image_relocated(&ret->image, m.base, &bytes, e);
	m.bytes = bytes;
	if (!r)
		r = inject_some_thread(in, enter, &m, ret, e);
	if (!r && m.fd < 0)
		r = open_late(in, &m, e);
	if (m.left_open > 0)
		inject_some_thread(in, close_left_open, &m, ret, &(struct err){ 0 });
	if (!r)
		r = inject_finish_table(ret, m.fd, in->table_bytes, e);
	if (!r)
		r = write_image(in, &m, e);
	if (m.fd >= 0)
		close(m.fd);
	if (r)
		return r;
	ret->way = INJECT_MAP;
	ret->base = m.base;
	ret->table = m.table;
	return 0;
}

/* Until we come, the target may have put something into the gap that we saw: then there is another one. */
int inject_by_map(const struct entering *in, struct injected *ret, struct err *e)
{
	int r = map_into_gap(in, ret, e);

	for (int i = 0; i < GAPS_TRIED && r == -EEXIST; i++) {
		struct entering again = *in;
		struct maps *maps;

		if (maps_read(&maps, in->pid, e))
			break;
		again.maps = maps;
		r = map_into_gap(&again, ret, e);
		maps_free(maps);
	}
	return r;
}
