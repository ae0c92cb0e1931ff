#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "preflight_private.h"
#include "procfile.h"

enum {
	MAX_STATUS = 64 << 10,
	FLAGS_FIELD = 9,		 /* of /proc/PID/stat */
	FLAG_KERNEL_THREAD = 0x00200000, /* PF_KTHREAD; the kernel has kept it where it is since 2.6 */
};

/* Real, effective and saved id behind a key. */
static void read_ids(const char *text, const char *key, unsigned ret[3])
{
	const char *value = procfile_value(text, key);

	if (value)
		sscanf(value, "%u %u %u", &ret[0], &ret[1], &ret[2]);
}

static uint64_t read_hex(const char *text, const char *key)
{
	const char *value = procfile_value(text, key);

	return value ? strtoull(value, NULL, 16) : 0;
}

static int read_credentials(pid_t pid, struct credentials *ret, pid_t *ret_group, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	uint64_t group;
	int r = procfile_read(pid, "status", MAX_STATUS, &text, e);

	if (r)
		return r == READ_GONE ? -ESRCH : r;
	read_ids(text.data, "Uid", ret->uid);
	read_ids(text.data, "Gid", ret->gid);
	ret->permitted = read_hex(text.data, "CapPrm");
	ret->effective = read_hex(text.data, "CapEff");
	if (ret_group && procfile_number(text.data, "Tgid", &group))
		*ret_group = (pid_t)group;
	return 0;
}

static bool is_kernel_thread(pid_t pid)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	const char *at;
	struct err e;

	if (procfile_read(pid, "stat", MAX_STATUS, &text, &e))
		return false;
	at = strrchr(text.data, ')');
	for (unsigned field = 2; at && field < FLAGS_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at && (strtoul(at, NULL, 10) & FLAG_KERNEL_THREAD);
}

/* A program of root's or a set-uid one is told from an undumpable one by whose its files in /proc are. */
static bool is_undumpable(pid_t pid, uid_t uid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	return uid != 0 && stat(path, &st) == 0 && st.st_uid != uid;
}

static int read_yama(void)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope;

	return f && fscanf(f, "%d", &scope) == 1 ? scope : -1;
}

static int try_to_open(pid_t pid)
{
	_cleanup_(closep) int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

/* Pid -1 is nobody, so this does nothing but say whether we may make the call at all. */
static int try_to_ptrace(void)
{
	return ptrace(PTRACE_SEIZE, -1, NULL, NULL) < 0 ? errno : 0;
}

/* One line, and nothing that moves a cursor. */
static void read_line(pid_t pid, const char *name, char *to, size_t room)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct err e;

	to[0] = '\0';
	if (procfile_read(pid, name, 4096, &text, &e))
		return;
	text.data[strcspn(text.data, "\n")] = '\0';
	for (char *c = text.data; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	snprintf(to, room, "%s", text.data);
}

int facts_gather(pid_t pid, struct facts *ret, struct err *e)
{
	struct facts f = { .pid = pid, .group = pid };
	int r = proc_status_read(pid, &f.status, e);

	if (r == 0)
		r = read_credentials(pid, &f.theirs, &f.group, e);
	if (r == 0)
		r = read_credentials(getpid(), &f.ours, NULL, e);
	if (r < 0)
		return r;
	f.is_kernel_thread = is_kernel_thread(pid);
	if (f.status.parent > 0)
		f.shares_parents_memory = syscall(SYS_kcmp, pid, f.status.parent, KCMP_VM, 0, 0) == 0;
	f.is_undumpable = is_undumpable(pid, f.theirs.uid[1]);
	f.yama = read_yama();
	f.open_answer = try_to_open(pid);
	f.ptrace_answer = try_to_ptrace();
	f.kind = proc_kind(pid);
	read_line(pid, "attr/current", f.label, sizeof(f.label));
	if (f.status.tracer)
		read_line(f.status.tracer, "comm", f.tracer, sizeof(f.tracer));
	*ret = f;
	return 0;
}
