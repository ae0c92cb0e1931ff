#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "procfile.h"

enum { MAX_TEXT = 64 << 10 };

static uint64_t kilobytes(const char *text, const char *key)
{
	uint64_t n;

	return procfile_number(text, key, &n) ? n * 1024 : 0;
}

/* What is cheap: counters the kernel keeps. */
static int read_counters(pid_t pid, struct memory *m, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = procfile_read(pid, "status", MAX_TEXT, &text, e);

	if (r)
		return r;
	m->rss_anon = kilobytes(text.data, "RssAnon");
	m->rss_file = kilobytes(text.data, "RssFile");
	m->rss_shmem = kilobytes(text.data, "RssShmem");
	m->swap = kilobytes(text.data, "VmSwap");
	return 0;
}

/* What is not: the kernel walks all pages, with the target's mmap lock held for reading. */
static int read_rollup(pid_t pid, struct memory *m, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = procfile_read(pid, "smaps_rollup", MAX_TEXT, &text, e);
	uint64_t n;

	if (r)
		return r;
	if (!procfile_number(text.data, "Pss", &n))
		return READ_GONE;
	m->pss = n * 1024;
	m->swap = kilobytes(text.data, "Swap");
	return 0;
}

int proc_memory(pid_t pid, bool detail, struct memory *ret, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct memory m = { 0 };
	unsigned long long size, resident;
	int r = procfile_read(pid, "statm", MAX_TEXT, &text, e);

	if (r)
		return r;
	/* A zombie has a statm of noughts. */
	if (sscanf(text.data, "%llu %llu", &size, &resident) != 2 || size == 0) {
		err_set(e, ESRCH, "process %d has ended", pid);
		return READ_GONE;
	}
	m.rss = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	if (detail) {
		r = read_counters(pid, &m, e);
		if (r)
			return r;
		/* Where the kernel has no rollup, or keeps it from us, there is no detail, and that is no fault. */
		r = read_rollup(pid, &m, e);
		m.has_detail = r == 0;
		if (r == READ_GONE && access("/proc/self/smaps_rollup", F_OK) == 0)
			return r;
	}
	*ret = m;
	return 0;
}
