#include "memspy/ending.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/preflight.h"
#include "memspy/units.h"

/* From linux/pidfd.h of 6.15; older headers lack it, older kernels answer ENOTTY. */
struct pidfd_exit_info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};
#define PIDFD_EXIT_INFO _IOWR(0xFF, 11, struct pidfd_exit_info)
enum {
	MASK_EXIT = 1 << 3,
	PATIENCE_STEP_MS = 10,
	PATIENCE = 50, /* steps that an end may take once the memory is gone */
};

/* No process, or a thread of one: the checks have the sentence for it. */
static int explain(pid_t pid, int code, struct err *e)
{
	struct preflight checks;
	int r = preflight_run(pid, &checks, e);

	if (!r)
		r = preflight_refuse(&checks, e);
	return r ? r : err_sys(e, code, "cannot watch process %d", pid);
}

int ending_watch(struct ending *ret, pid_t pid, struct err *e)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return explain(pid, errno, e);
	*ret = (struct ending){ .pid = pid, .fd = fd, .group = cgroup_find(pid) };
	ret->counts = ret->group && cgroup_kills(ret->group, &ret->kills);
	return 0;
}

void ending_unwatch(struct ending *w)
{
	cgroup_free(w->group);
	close(w->fd);
	*w = (struct ending){ .fd = -1 };
}

void ending_words(int status, char *to, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(to, room, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(to, room, "exited with status %d", WEXITSTATUS(status));
}

/* The status of a zombie: the last field of its stat line. Gone once the parent has asked for it. */
static bool zombie_status(pid_t pid, int *ret)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[40], line[2048], *state, *last;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return false;
	state = strrchr(line, ')'); /* the name before it may hold anything */
	last = strrchr(line, ' ');
	if (!state || state[1] != ' ' || (state[2] != 'Z' && state[2] != 'X') || !last)
		return false;
	return sscanf(last, "%d", ret) == 1;
}

static bool tell_exit(int fd, pid_t pid, char *to, size_t room)
{
	struct pidfd_exit_info info = { .mask = MASK_EXIT };
	int status;

	if (ioctl(fd, PIDFD_EXIT_INFO, &info) == 0 && (info.mask & MASK_EXIT))
		ending_words(info.exit_code, to, room);
	else if (zombie_status(pid, &status))
		ending_words(status, to, room);
	else if (ioctl(fd, PIDFD_EXIT_INFO, &info) == 0 && (info.mask & MASK_EXIT)) /* reaped in between */
		ending_words(info.exit_code, to, room);
	else
		return false;
	return true;
}

/* Who is on its way out lets go of its memory first. */
static bool has_memory(pid_t pid)
{
	_cleanup_(fclosep) FILE *f = NULL;
	unsigned long pages = 0;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	return f && fscanf(f, "%lu", &pages) == 1 && pages > 0;
}

static void tell_end(const struct ending *w, char *to, size_t room)
{
	struct pollfd end = { .fd = w->fd, .events = POLLIN };

	to[0] = '\0';
	for (int wait = 0; wait < PATIENCE && !tell_exit(w->fd, w->pid, to, room) && kill(w->pid, 0) == 0; wait++) {
		if (has_memory(w->pid)) { /* the process is there; what we looked at is not */
			snprintf(to, room, "it executed another program");
			return;
		}
		poll(&end, 1, PATIENCE_STEP_MS);
	}
}

/* Nobody says of a signal 9 who sent it. The kernel counts those that it sent itself, for each group. */
void ending_describe(const struct ending *w, char to[ENDING_WORDS])
{
	uint64_t kills, limit;
	size_t used;

	tell_end(w, to, ENDING_WORDS);
	if (strcmp(to, "killed by signal 9") != 0 || !w->counts || !cgroup_kills(w->group, &kills) || kills <= w->kills)
		return;
	used = strlen(to);
	limit = cgroup_limit(w->group);
	used += (size_t)snprintf(to + used, ENDING_WORDS - used, ", out of memory");
	if (limit)
		snprintf(to + used, ENDING_WORDS - used, " at a limit of %s", units_bytes(limit).text);
}
