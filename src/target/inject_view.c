/*
 * inject_view: the table in our own address space, and ours alone while it is there.
 *
 * Two memspys that see the target through two procfs mounts are told apart here (claim.h). The lock must be on a descriptor
 * that we opened: one that came from the target shares its lock with the target's own mapping, and would be held for as
 * long as the target lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject_private.h"
#include "memspy/claim.h"
#include "memspy/cleanup.h"

int inject_view(struct injected *i, int fd, uint64_t bytes, struct err *e)
{
	_cleanup_(closep) int own = -1;
	char path[32];
	void *view;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	if (own < 0)
		return err_sys(e, errno, "cannot open the table");
	r = claim_file(own, e);
	if (r)
		return r;
	view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0); /* keeps the file open, and so the lock */
	if (view == MAP_FAILED)
		return err_sys(e, errno, "cannot map the table");
	madvise(view, bytes, MADV_DONTFORK); /* a child of ours would keep the lock */
	i->view = view;
	i->view_bytes = bytes;
	return 0;
}
