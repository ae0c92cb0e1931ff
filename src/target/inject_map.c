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
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "inject_map_private.h"

enum { GAPS_TRIED = 8 };

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

/* All in the thread's name, stop by stop. */
static int step_by_step(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	size_t code = m->image->code_bytes, span = m->image->span;
	raddr pages = m->base + m->image->entry.private_pages;
	int r = checked(t, "make the probe's data writable", SYS_mprotect,
			(uint64_t[6]){ m->base + code, span - code, PROT_READ | PROT_WRITE }, 0, e);

	if (!r && !m->near_is_there)
		r = near_map(in, t, m->base + m->image->entry.config, &m->near, e);
	m->near_is_there |= !r && m->near; /* another thread may have to go on */
	if (!r)
		r = inject_make_table(in, t, m->base + code, in->spare, &m->table, &m->fd, e);
	if (!r)
		r = inject_wipe_on_fork(t, pages, m->image->entry.private_bytes, e);
	return r;
}

static int enter(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct mapping *m = own;
	int r = map_image(t, m, e);

	/* Under ptrace a filter can be suspended; a thread that runs by itself would meet it. The probe puts no table over another. */
	if (!r && (m->filtered || in->spare || tracee_is_stopped_by_signal(t)))
		return step_by_step(in, t, m, e);
	if (!r)
		r = enter_prepare(in, m, e);
	if (r)
		return r;
	if (!tracee_is_waiting(t))
		return enter_send(in, t, m, e);
	r = enter_send_another(in, t, m, e);
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
	m.near = m.mapped ? near_found(in, m.base + ret->image.entry.config) : 0;
	m.near_is_there = m.near != 0;
	if (!m.near)
		m.near = near_place(in);
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
		r = mapping_write(in, &m, e);
	if (!r)
		r = mapping_near(in, &m, &ret->near, e);
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
