#include "memspy/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/remote.h"

enum {
	CLAIM_NS = 300000000, /* what a memspy that was killed may take to end */
	CLAIM_STEP_NS = 1000000,
};

/* Who has locked it, by the list of all locks; 0: not told, as when it is in another pid namespace. */
static int owner_of(int fd)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/locks", "re");
	char line[160];
	struct stat st;

	if (!f || fstat(fd, &st) < 0)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned major_id, minor_id;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %d %x:%x:%lu", &pid, &major_id, &minor_id, &inode) == 4 &&
		    inode == st.st_ino && makedev(major_id, minor_id) == st.st_dev)
			return pid > 0 ? pid : 0;
	}
	return 0;
}

int claim_refused(int owner, struct err *e)
{
	char who[32] = "in a container";

	if (owner > 0)
		snprintf(who, sizeof(who), "pid %d", owner);
	return err_set(e, EBUSY, "memspy (%s) is attached to it already; stop that one: Ctrl-C there, or memspy detach where memspy status lists it "
				 "(a process that memspy attach has attached can be recorded several times at once)", who);
}

int claim_file(int fd, struct err *e)
{
	uint64_t end = clock_now_ns() + CLAIM_NS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, errno, "cannot claim the process for us alone");
		if (clock_now_ns() < end) {
			clock_sleep_until(clock_now_ns() + CLAIM_STEP_NS);
			continue;
		}
		return claim_refused(owner_of(fd), e);
	}
	return 0;
}

int claim_process(pid_t pid, int *ret_fd, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	char path[40];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid); /* who may not read it may not lock it either */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return READ_GONE;
	if (fd < 0)
		return err_sys(e, errno, "cannot open the memory of process %d", pid);
	r = claim_file(fd, e);
	if (r == 0) {
		*ret_fd = fd;
		fd = -1;
	}
	return r;
}
