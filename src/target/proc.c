#include "memspy/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "procfile.h"

enum {
	MAX_STATUS = 64 << 10,
	MAX_CMDLINE = 4 << 20, /* the kernel allows 6 MiB of arguments and environment */
	MAX_THREADS = 1 << 22, /* the kernel's own limit for pids */
};

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int no_such_process(pid_t pid, struct err *e)
{
	/* Mounted with hidepid, /proc does not show processes of others; kill knows them. */
	if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM))
		return err_set(e, ESRCH, "/proc does not show process %d to us; run memspy as root", pid);
	return err_set(e, ESRCH, "no process %d; `ps -e` lists those there are", pid);
}

/* State and start time out of /proc/PID/stat. The name may hold anything, also ") R 1 ". */
static bool parse_stat(const char *text, char *ret_state, uint64_t *ret_start)
{
	const char *at = strrchr(text, ')');

	if (!at || strlen(at) < 3)
		return false;
	at += 2;
	*ret_state = *at;
	for (unsigned field = 3; field < 22; field++) {
		at = strchr(at, ' ');
		if (!at)
			return false;
		at++;
	}
	if (!isdigit((unsigned char)*at))
		return false;
	*ret_start = strtoull(at, NULL, 10);
	return true;
}

static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = pid > 0 ? procfile_read(pid, "stat", MAX_STATUS, &text, e) : READ_GONE;

	if (r == READ_GONE)
		return no_such_process(pid, e);
	if (r < 0)
		return r;
	if (!parse_stat(text.data, ret_state, ret_start))
		return err_set(e, EPROTO, "/proc/%d/stat is not as expected", pid);
	return 0;
}

int proc_identify(pid_t pid, struct proc_id *ret, struct err *e)
{
	struct proc_id id = { .pid = pid };
	char state;
	int r = read_stat(pid, &state, &id.start_ticks, e);

	if (r == 0)
		*ret = id;
	return r;
}

bool proc_is_same(const struct proc_id *id)
{
	uint64_t start;
	struct err e;
	char state;

	return read_stat(id->pid, &state, &start, &e) == 0 && start == id->start_ticks && state != 'Z' && state != 'X';
}

uint64_t proc_start_ns(const struct proc_id *id)
{
	long hz = sysconf(_SC_CLK_TCK);

	return hz > 0 ? id->start_ticks * (1000000000u / (uint64_t)hz) : 0;
}

/* False also when it cannot be known. */
static bool other_namespace(pid_t pid, const char *kind)
{
	char path[64];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	if (stat(path, &theirs) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return stat(path, &ours) == 0 && theirs.st_ino != ours.st_ino;
}

static void read_comm(pid_t pid, char *to, size_t room)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct err e;

	to[0] = '\0';
	if (procfile_read(pid, "comm", 256, &text, &e))
		return;
	if (text.length && text.data[text.length - 1] == '\n')
		text.data[text.length - 1] = '\0';
	snprintf(to, room, "%s", text.data);
}

/* "x86_Thread_features:\tshstk wrss": words. */
static bool has_word(const char *value, const char *word)
{
	const size_t length = strlen(word);
	const char *end = value ? value + strcspn(value, "\n") : NULL;

	while (value && value < end) {
		size_t n = strcspn(value, " \t\n");

		if (n == length && strncmp(value, word, n) == 0)
			return true;
		value += n + 1;
	}
	return false;
}

void proc_status_parse(const char *text, struct proc_status *ret)
{
	const char *value = procfile_value(text, "State");
	uint64_t n;

	ret->state = value ? *value : '?';
	value = procfile_value(text, "Uid"); /* real, effective, saved, of files */
	if (value)
		ret->uid = (uid_t)strtoul(value + strcspn(value, "\t\n"), NULL, 10);
	if (procfile_number(text, "PPid", &n))
		ret->parent = (pid_t)n;
	if (procfile_number(text, "TracerPid", &n))
		ret->tracer = (pid_t)n;
	if (procfile_number(text, "Threads", &n))
		ret->threads = (unsigned)n;
	if (procfile_number(text, "Seccomp", &n))
		ret->seccomp = (int)n;
	ret->shadow_stack = has_word(procfile_value(text, "x86_Thread_features"), "shstk");
}

int proc_status_read(pid_t pid, struct proc_status *ret, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct proc_status s = { .seccomp = -1 };
	int r = pid > 0 ? procfile_read(pid, "status", MAX_STATUS, &text, e) : READ_GONE;

	if (r == READ_GONE)
		return no_such_process(pid, e);
	if (r < 0)
		return r;
	proc_status_parse(text.data, &s);
	s.other_pid_namespace = other_namespace(pid, "pid");
	s.other_mount_namespace = other_namespace(pid, "mnt");
	read_comm(pid, s.comm, sizeof(s.comm));
	*ret = s;
	return 0;
}

int proc_cmdline(pid_t pid, char **ret, size_t *ret_length, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = pid > 0 ? procfile_read(pid, "cmdline", MAX_CMDLINE, &text, e) : READ_GONE;

	if (r == READ_GONE)
		return no_such_process(pid, e);
	if (r < 0)
		return r;
	*ret_length = text.length;
	*ret = TAKE(text.data);
	return 0;
}

int proc_threads(pid_t pid, pid_t **ret, size_t *ret_count, struct err *e)
{
	_cleanup_(freep) pid_t *tids = NULL;
	_cleanup_(closedirp) DIR *d = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? no_such_process(pid, e) : err_sys(e, errno, "cannot list %s", path);
	while ((entry = readdir(d)) && count < MAX_THREADS) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (count == room) {
			pid_t *grown = reallocarray(tids, room ? 2 * room : 64, sizeof(*grown));

			if (!grown)
				return err_set(e, ENOMEM, "no memory for the threads of %d", pid);
			tids = grown;
			room = room ? 2 * room : 64;
		}
		tids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (count == 0)
		return no_such_process(pid, e);
	*ret = TAKE(tids);
	*ret_count = count;
	return 0;
}

/* Appends the numbers of one list: "4712 4713 ". */
static int add_children(const char *text, pid_t **list, size_t *count, struct err *e)
{
	char *end;

	for (long pid; (pid = strtol(text, &end, 10)) > 0 && end != text; text = end) {
		pid_t *grown = *count % 64 ? *list : reallocarray(*list, *count + 64, sizeof(*grown));

		if (!grown)
			return err_set(e, ENOMEM, "no memory for the children of a process");
		*list = grown;
		grown[(*count)++] = (pid_t)pid;
	}
	return 0;
}

int proc_children(pid_t pid, pid_t **ret, size_t *ret_count, struct err *e)
{
	_cleanup_(freep) pid_t *tids = NULL, *children = NULL;
	size_t threads, count = 0;
	int r = proc_threads(pid, &tids, &threads, e);

	for (size_t i = 0; !r && i < threads; i++) {
		_cleanup_(buf_done) struct buf text = { 0 };
		char name[48];

		snprintf(name, sizeof(name), "task/%d/children", tids[i]);
		if (!procfile_read(pid, name, MAX_CMDLINE, &text, &(struct err){ "" }) && text.data)
			r = add_children(text.data, &children, &count, e);
	}
	if (r)
		return r;
	*ret = TAKE(children);
	*ret_count = count;
	return 0;
}

char proc_thread_state(pid_t pid, pid_t tid)
{
	char path[64], line[256];
	_cleanup_(fclosep) FILE *f = NULL;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return '\0';
	end = strrchr(line, ')'); /* a name may have parentheses of its own */
	return end && end[1] == ' ' ? end[2] : '\0';
}
