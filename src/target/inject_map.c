/*
 * inject_map: the probe without the loader.
 *
 * Seven system calls in the name of one stopped thread; no code of the target runs, so any stop will do. The image
 * is written when the thread has long been let go: nothing refers to it before memspy makes it reachable.
 */
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "inject_private.h"
#include "memspy/cleanup.h"

struct mapping {
	const struct image *image;
	raddr base, table;
	int fd;
};

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

static int enter(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct mapping *m = own;
	size_t code = m->image->code_bytes, span = m->image->span;
	raddr pages = m->base + m->image->entry.private_pages;
	int r;

	/* Never writable and executable at once. We write through /proc/PID/mem, which needs no permission of theirs. */
	r = checked(t, "map memory for the probe", SYS_mmap,
		    (uint64_t[6]){ m->base, span, PROT_READ | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0 },
		    m->base, e);
	if (!r)
		r = checked(t, "make the probe's data writable", SYS_mprotect,
			    (uint64_t[6]){ m->base + code, span - code, PROT_READ | PROT_WRITE }, 0, e);
	if (!r)
		r = remote_write(in->remote, m->base + code, TABLE_NAME, sizeof(TABLE_NAME), e);
	if (!r)
		r = inject_make_table(in, t, m->base + code, &m->table, &m->fd, e);
	if (!r)
		r = inject_wipe_on_fork(t, pages, m->image->entry.private_bytes, e);
	return r;
}

int inject_by_map(const struct entering *in, struct injected *ret, struct err *e)
{
	struct mapping m = { .image = &ret->image, .fd = -1 };
	_cleanup_(freep) unsigned char *bytes = NULL;
	int r;

	m.base = maps_gap(in->maps, ret->image.span, in->gadgets.syscall_ret);
	if (!m.base)
		return err_set(e, ENOMEM, "the target has no room in its address space");
	r = image_relocated(&ret->image, m.base, &bytes, e);
	if (!r)
		r = inject_some_thread(in, enter, &m, ret, e);
	if (!r)
		r = inject_finish_table(ret, m.fd, in->table_bytes, e);
	if (!r)
		r = remote_write(in->remote, m.base, bytes, ret->image.span, e);
	if (m.fd >= 0)
		close(m.fd);
	if (r)
		return r;
	ret->way = INJECT_MAP;
	ret->base = m.base;
	ret->table = m.table;
	return 0;
}
