#include "safe_point.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "memspy/cleanup.h"

enum {
	FRAMES_MAX = 2048,
	START_FRAMES = 3, /* clone, start_thread or __libc_start_main: libc's, at the outer end of every stack */
};

struct safe_point {
	Dwfl *dwfl;
	pid_t pid;
	const struct maps *maps;
};

/*
 * libdwfl would open the names in /proc/PID/maps as we see them. In a root of its own the target has other files there, which
 * we have not, or have under the same names.
 */
static int find_elf(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **file_name, Elf **elf)
{
	const struct safe_point *s = *user;
	const struct map *map = maps_find(s->maps, base);
	struct err ignored;
	int fd;

	if (!map || !map->inode) /* the vdso */
		return dwfl_linux_proc_find_elf(module, user, name, base, file_name, elf);
	if (maps_open(s->pid, map, &fd, &ignored))
		return -1;
	*file_name = strdup(map->path);
	return fd;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static int introduce(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, void *own)
{
	(void)module, (void)name, (void)base;
	*user = own;
	return DWARF_CB_OK;
}

/* Call frame information is read at first use: use it now. */
static int warm(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, void *own)
{
	Dwarf_Addr bias;

	(void)user, (void)name, (void)base, (void)own;
	dwfl_module_eh_cfi(module, &bias);
	dwfl_module_getsymtab(module);
	return DWARF_CB_OK;
}

int safe_point_new(struct safe_point **ret, pid_t pid, const struct maps *maps, struct err *e)
{
	struct safe_point *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->pid = pid;
	s->maps = maps;
	s->dwfl = dwfl_begin(&callbacks);
	if (!s->dwfl || dwfl_linux_proc_report(s->dwfl, pid) != 0 || dwfl_report_end(s->dwfl, NULL, NULL) != 0 ||
	    dwfl_getmodules(s->dwfl, introduce, s, 0) != 0 || dwfl_linux_proc_attach(s->dwfl, pid, true) != 0) {
		safe_point_free(s);
		return err_set(e, ENOTSUP, "its stacks cannot be unwound (%s)", dwfl_errmsg(-1));
	}
	dwfl_getmodules(s->dwfl, warm, NULL, 0);
	*ret = s;
	return 0;
}

void safe_point_free(struct safe_point *s)
{
	if (!s)
		return;
	if (s->dwfl)
		dwfl_end(s->dwfl);
	free(s);
}

/* System calls that a thread waits in while it holds no lock of libc's. futex is looked at more closely. */
static bool is_waiting(long number)
{
	static const long waits[] = {
		SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_ppoll, SYS_select, SYS_pselect6, SYS_epoll_wait,
		SYS_epoll_pwait, SYS_accept, SYS_accept4, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_wait4,
		SYS_waitid, SYS_pause, SYS_rt_sigtimedwait, SYS_rt_sigsuspend, SYS_futex,
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (waits[i] == number)
			return true;
	return false;
}

enum owner { OTHER, LIBC, LOADER, ALLOCATOR };

struct walk {
	struct safe_point *safe;
	enum owner owners[FRAMES_MAX];
	const char *first_other; /* the function that called into libc */
	bool seen_other;
	size_t count;
};

static enum owner owner_of(const struct safe_point *s, raddr pc)
{
	const struct map *map = maps_find(s->maps, pc);
	const char *name = map ? strrchr(map->path, '/') : NULL;

	name = name ? name + 1 : "";
	if (!strncmp(name, "ld-", 3) || !strncmp(name, "ld.so", 5))
		return LOADER;
	if (!strncmp(name, "libc.so", 7) || !strncmp(name, "libc-", 5) || !strncmp(name, "libpthread", 10))
		return LIBC;
	if (strstr(name, "jemalloc") || strstr(name, "tcmalloc") || strstr(name, "mimalloc") || strstr(name, "libdl"))
		return ALLOCATOR;
	return OTHER;
}

static int on_frame(Dwfl_Frame *frame, void *own)
{
	struct walk *w = own;
	Dwarf_Addr pc;
	bool is_activation;

	if (w->count == FRAMES_MAX || !dwfl_frame_pc(frame, &pc, &is_activation))
		return DWARF_CB_ABORT;
	if (!is_activation)
		pc--;
	w->owners[w->count] = owner_of(w->safe, pc);
	if (w->owners[w->count] == OTHER && !w->seen_other) {
		Dwfl_Module *module = dwfl_addrmodule(w->safe->dwfl, pc);

		w->seen_other = true;
		w->first_other = module ? dwfl_module_addrname(module, pc) : NULL;
	}
	w->count++;
	return DWARF_CB_OK;
}

/* libc's futex waits are its locks, too. Those that Python's own locks end in are known by who called. */
static bool is_pythons_lock(const struct walk *w)
{
	static const char *const callers[] = { "PyThread_acquire_lock_timed", "PyThread_acquire_lock", "take_gil",
					       "PyEval_RestoreThread", "PyEval_AcquireThread", "_PySemaphore_Wait",
					       "_PyMutex_LockSlow", "_PyMutex_LockTimed", "_PyParkingLot_Park" };

	for (size_t i = 0; w->first_other && i < sizeof(callers) / sizeof(callers[0]); i++)
		if (!strcmp(w->first_other, callers[i]))
			return true;
	return false;
}

int safe_point_check(struct safe_point *s, const struct tracee *t, pid_t tid, struct err *e)
{
	_cleanup_(freep) struct walk *w = calloc(1, sizeof(*w));
	struct tracee_place place = tracee_place(t);
	size_t inner = 0;
	int ended;

	if (!w)
		return err_set(e, ENOMEM, "out of memory");
	if (place.syscall >= 0 && !is_waiting(place.syscall))
		return err_set(e, EAGAIN, "thread %d is in a system call that may hold a lock", tid);
	w->safe = s;
	ended = dwfl_getthread_frames(s->dwfl, tid, on_frame, w);
	/* An unwinder that gives up at the outermost frame (-1) has seen all of it only if libc's start is there. */
	if (w->count < 2 || (ended != 0 && (ended != -1 || w->owners[w->count - 1] != LIBC)))
		return err_set(e, EAGAIN, "the stack of thread %d could not be unwound to its end", tid);

	while (place.syscall >= 0 && inner < w->count && w->owners[inner] == LIBC)
		inner++;
	if (place.syscall == SYS_futex && !is_pythons_lock(w))
		return err_set(e, EAGAIN, "thread %d waits for a lock that may be libc's", tid);
	for (size_t i = inner; i < w->count; i++) {
		bool is_start = i + START_FRAMES >= w->count && w->owners[i] == LIBC;

		if (w->owners[i] != OTHER && !is_start)
			return err_set(e, EAGAIN, "thread %d is inside %s", tid,
				       w->owners[i] == LOADER ? "the loader" : "libc or an allocator");
	}
	return 0;
}
