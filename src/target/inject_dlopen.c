/*
 * inject_dlopen: the probe by the loader, so that debuggers and unwinders know it.
 *
 * First any thread at any stop makes two things with raw system calls: a stack of our own, and a memfd that we fill
 * with the probe and seal. Then a thread at a safe point calls dlopen("/proc/self/fd/N") on that stack. Nothing of
 * ours is in the target's file system.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "inject_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/symbols.h"
#include "safe_point.h"

enum {
	STACK_BYTES = 256 * 1024, /* dlopen with its deepest callees uses less than 40 KiB */
	CALL_LIMIT_NS = 200000000,
	NOW = 2, /* RTLD_NOW, RTLD_LOCAL */
};

struct loading {
	struct safe_point *safe;
	raddr dlopen, stack, table;
	int64_t errno_offset;
	bool knows_errno, is_musl;
	int remote_fd; /* the probe's memfd, a descriptor of the target */
	int probe_fd, table_fd;
};

/* The probe is a memfd, and its loader opens it by a name below /proc; a chroot may have none. */
static bool sees_proc(pid_t pid)
{
	struct statfs found;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root/proc", pid);
	return statfs(path, &found) < 0 ? errno != ENOENT : found.f_type == PROC_SUPER_MAGIC;
}

static int find_dlopen(const struct entering *in, struct loading *l, struct err *e)
{
	_cleanup_(freep) struct object *objects = NULL;
	size_t count;
	int r = maps_objects(in->maps, in->remote, &objects, &count, e);

	for (size_t i = 0; !r && i < count; i++) {
		const char *name = strrchr(objects[i].path, '/');
		_cleanup_(closep) int fd = -1;
		struct symbols *symbols = NULL;
		struct symbol found;
		struct err ignored;

		if (!name || (strncmp(name, "/libc.so", 8) && strncmp(name, "/libdl", 6) && strncmp(name, "/libc-2", 7) &&
			      strncmp(name, "/ld-musl", 8)))
			continue;
		if (maps_open(in->pid, objects[i].first, &fd, &ignored) || symbols_open(&symbols, fd, &ignored))
			continue;
		if (!l->dlopen && symbols_find(symbols, "dlopen", &found) && found.is_function)
			l->dlopen = objects[i].bias + found.value;
		l->is_musl |= symbols_find(symbols, "malloc", &found) && !symbols_find(symbols, "gnu_get_libc_version", &found);
		if (!l->knows_errno)
			l->knows_errno = !errno_offset(in, &objects[i], symbols, &l->errno_offset);
		symbols_free(symbols);
	}
	if (!r && !l->dlopen)
		return err_set(e, ENOTSUP, "its libc has no dlopen");
	if (!r && l->is_musl) /* libc and loader are one file, without unwind tables */
		return err_set(e, ENOTSUP, "its C library is musl: from its stacks nobody can tell when dlopen is safe; "
					   "use --inject map");
	if (!r && !sees_proc(in->pid))
		return err_set(e, ENOTSUP, "it sees no /proc, through which its loader would open the probe; use --inject map");
	return r;
}

/* Any stop will do: raw system calls only. */
static int prepare(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct loading *l = own;
	char path[64];
	int64_t got;
	int r;

	r = tracee_syscall(t, SYS_mmap,
			   (uint64_t[6]){ 0, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 }, &got, e);
	if (!r && got < 0 && got > -4096)
		r = err_sys(e, (int)-got, "the target may not map memory");
	if (r)
		return r;
	l->stack = (raddr)got;
	r = remote_write(in->remote, l->stack, PROBE_NAME, sizeof(PROBE_NAME), e);
	if (!r)
		r = tracee_syscall(t, SYS_memfd_create, (uint64_t[6]){ l->stack, MFD_CLOEXEC | MFD_ALLOW_SEALING },
				   &got, e);
	if (!r && got < 0)
		r = err_sys(e, (int)-got, "the target may not create a memfd");
	if (r)
		return r;
	l->remote_fd = (int)got;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, l->remote_fd);
	l->probe_fd = open(path, O_RDWR | O_CLOEXEC);
	return l->probe_fd < 0 ? err_sys(e, errno, "cannot open %s", path) : 0;
}

static int fill(const struct entering *in, struct loading *l, const struct image *image, struct err *e)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	ssize_t written = write(l->probe_fd, image->file, image->file_bytes);
	char path[64];

	if (written != (ssize_t)image->file_bytes)
		return err_sys(e, written < 0 ? errno : EFBIG, "cannot write the probe into the target's memfd");
	if (fcntl(l->probe_fd, F_ADD_SEALS, seals) < 0)
		return err_sys(e, errno, "cannot seal the probe");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", l->remote_fd);
	return remote_write(in->remote, l->stack, path, sizeof(path), e);
}

static int call_dlopen(const struct entering *in, struct tracee *t, struct loading *l, struct err *e)
{
	raddr place = tracee_thread_pointer(t) + (raddr)l->errno_offset;
	uint32_t saved = 0;
	bool has_errno = l->knows_errno && !remote_read_u32(in->remote, place, &saved, e);
	int r = tracee_call(t, l->dlopen, (uint64_t[3]){ l->stack, NOW }, l->stack + STACK_BYTES, CALL_LIMIT_NS, e);

	if (!r && has_errno)
		r = remote_write(in->remote, place, &saved, sizeof(saved), e);
	return r;
}

/* At a safe point: load, then what is left to do in the target's name. */
static int load(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct loading *l = own;
	int r = safe_point_check(l->safe, t, tracee_tid(t), e);

	if (!r)
		r = call_dlopen(in, t, l, e);
	if (r == -ETIMEDOUT) /* it is under way: no second try */
		return err_set(e, EIO, "the target's loader was not done with the probe after %u ms (it gets little processor time, or "
				       "waits for a disk): try again later, or use --inject map", CALL_LIMIT_NS / 1000000);
	if (r)
		return r;
	r = inject_make_table(in, t, l->stack, 0, &l->table, &l->table_fd, e);
	if (!r)
		r = inject_close(in, t, l->remote_fd, l->probe_fd, e);
	if (!r)
		l->remote_fd = -1;
	return r;
}

/* When the way in failed: the descriptor and the stack go, whichever thread does it. */
static int tidy(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct loading *l = own;
	int64_t ignored;
	int r = 0;

	if (l->remote_fd >= 0)
		r = inject_close(in, t, l->remote_fd, l->probe_fd, e);
	if (!r && l->stack)
		r = tracee_syscall(t, SYS_munmap, (uint64_t[6]){ l->stack, STACK_BYTES }, &ignored, e);
	return r;
}

/* Where the loader put it; and its private pages wiped at fork, which needs the address. */
static int find_loaded(const struct entering *in, struct injected *ret, struct err *e)
{
	struct maps *maps;
	int r = maps_read(&maps, in->pid, e);

	if (r)
		return r;
	for (size_t i = 0; i < maps_count(maps) && !ret->base; i++)
		if (maps_at(maps, i)->offset == 0 && strstr(maps_at(maps, i)->path, "memfd:" PROBE_NAME))
			ret->base = maps_at(maps, i)->start;
	maps_free(maps);
	return ret->base ? 0 : err_set(e, ENOEXEC, "the target's loader refused the probe (noexec, or a policy); use --inject map");
}

static int finish(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct injected *i = own;
	int r = inject_wipe_on_fork(t, i->base + i->image.entry.private_pages, i->image.entry.private_bytes, e);

	if (!r && !i->near) /* or a thread before this one has done it */
		i->near = near_place(in);
	return r ? r : near_map(in, t, i->base + i->image.entry.config, &i->near, e);
}

static int load_probe(const struct entering *in, struct loading *l, struct injected *ret, struct err *e)
{
	int r = find_dlopen(in, l, e);

	if (!r)
		r = safe_point_new(&l->safe, in->pid, in->maps, e);
	if (!r)
		r = inject_some_thread(in, prepare, l, ret, e);
	if (!r)
		r = fill(in, l, &ret->image, e);
	if (!r)
		r = inject_some_thread(in, load, l, ret, e);
	if (!r)
		r = find_loaded(in, ret, e);
	if (!r)
		r = inject_some_thread(in, finish, ret, ret, e);
	if (!r)
		r = inject_finish_table(ret, l->table_fd, in->table_bytes, e);
	return r;
}

int inject_by_dlopen(const struct entering *in, struct injected *ret, struct err *e)
{
	struct loading l = { .remote_fd = -1, .probe_fd = -1, .table_fd = -1 };
	struct err ignored;
	int r = load_probe(in, &l, ret, e);

	if (r != -EIO && (l.stack || l.remote_fd >= 0))
		inject_some_thread(in, tidy, &l, ret, &ignored);
	safe_point_free(l.safe);
	if (l.probe_fd >= 0)
		close(l.probe_fd);
	if (l.table_fd >= 0)
		close(l.table_fd);
	if (r) {
		ret->base = 0;
		return r;
	}
	ret->way = INJECT_DLOPEN;
	ret->table = l.table;
	return 0;
}
