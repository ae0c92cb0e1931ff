#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "remote_private.h"

struct live {
	pid_t pid;
	int fd;		/* /proc/PID/mem: stays with the address space, not with the pid */
	int read_only;	/* errno of the attempt to open it for writing; 0: it is */
};

/* A file offset is signed: nothing beyond can be mapped for user space anyway. */
static int cannot_be_there(raddr at, size_t length)
{
	return at > INT64_MAX || length > INT64_MAX - at;
}

/* What the kernel's answer means. 0 bytes: the address space is gone, by exit or exec. */
static int outcome(ssize_t n, const struct live *l, raddr at, const char *verb, struct err *e)
{
	if (n == 0 || errno == ESRCH)
		return READ_GONE;
	if (errno == EIO || errno == EFAULT || errno == ENXIO)
		return READ_TORN;
	return err_sys(e, errno, "cannot %s memory of %d at 0x%llx", verb, l->pid, (unsigned long long)at);
}

static int read_live(void *own, raddr at, void *to, size_t length, struct err *e)
{
	struct live *l = own;
	char *next = to;

	if (cannot_be_there(at, length))
		return READ_TORN;
	while (length) { /* once, but for what is half mapped */
		ssize_t n = pread(l->fd, next, length, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return outcome(n, l, at, "read", e);
		next += n;
		at += (raddr)n;
		length -= (size_t)n;
	}
	return 0;
}

/*
 * One call for many pieces. It goes by pid: it may be forbidden where our open file is not, sees no pages without
 * read permission, and would see the new program after an exec. So any shortfall is left to plain reads.
 */
static int readv_live(void *own, const struct remote_piece *pieces, size_t count)
{
	enum { BATCH = 64 };
	struct iovec here[BATCH], there[BATCH];
	struct live *l = own;

	for (size_t done = 0; done < count;) {
		size_t n = 0, want = 0;

		for (; n < BATCH && done < count; n++, done++) {
			here[n] = (struct iovec){ pieces[done].to, pieces[done].length };
			there[n] = (struct iovec){ (void *)(uintptr_t)pieces[done].at, pieces[done].length };
			want += pieces[done].length;
		}
		if (process_vm_readv(l->pid, here, n, there, n, 0) != (ssize_t)want)
			return -1;
	}
	return 0;
}

/* One pwrite, so that an aligned word changes in one piece. */
static int write_live(void *own, raddr at, const void *from, size_t length, struct err *e)
{
	struct live *l = own;
	ssize_t n;

	if (l->read_only)
		return err_sys(e, l->read_only, "cannot open memory of %d for writing", l->pid);
	if (cannot_be_there(at, length))
		return READ_TORN;
	do
		n = pwrite(l->fd, from, length, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return outcome(n, l, at, "write", e);
	return (size_t)n == length ? 0 : READ_TORN;
}

static void free_live(void *own)
{
	struct live *l = own;

	close(l->fd);
	free(l);
}

static const struct remote_ops live_ops = { .read = read_live, .free = free_live };

static int open_mem(struct live *l, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", l->pid);
	l->fd = open(path, O_RDWR | O_CLOEXEC);
	if (l->fd >= 0)
		return 0;
	l->read_only = errno;
	l->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ESRCH)
		return err_set(e, ESRCH, "no process %d", l->pid);
	return err_sys(e, errno, "cannot open %s", path);
}

int remote_new_live(struct remote **ret, pid_t pid, struct err *e)
{
	struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(e, ENOMEM, "no memory for a reader");
	l->pid = pid;
	r = open_mem(l, e);
	if (r < 0) {
		free(l);
		return r;
	}
	r = remote_new(ret, &live_ops, l, e);
	if (r < 0) {
		free_live(l);
		return r;
	}
	(*ret)->readv = readv_live;
	(*ret)->write = write_live;
	return 0;
}
