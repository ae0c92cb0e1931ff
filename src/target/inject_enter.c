/* The probe's own way in, `enter`: nobody is held for it, so memspy tells it what to do, and follows what it has done. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "memspy/clock.h"
#include "inject_map_private.h"

enum { POLL_NS = 10000, FOLLOW_LIMIT_NS = 2000000000 };

int mapping_write(const struct entering *in, const struct mapping *m, struct err *e)
{
	size_t code = m->image->code_bytes;
	int r = remote_write(in->remote, m->base, m->bytes, m->image->code_used, e);

	return r ? r : remote_write(in->remote, m->base + code, m->bytes + code, m->image->data_used - code, e);
}

static raddr note_of_near(const struct mapping *m)
{
	return m->base + m->image->entry.config + offsetof(struct probe_config, near);
}

int mapping_near(const struct entering *in, const struct mapping *m, raddr *ret, struct err *e)
{
	int r = remote_read_u64(in->remote, note_of_near(m), ret, e);

	if (*ret != m->near)
		*ret = 0;
	return r;
}

static int tell(const struct entering *in, const struct mapping *m, const struct probe_entering *what, struct err *e)
{
	return remote_write(in->remote, m->base + m->image->entry.config + offsetof(struct probe_config, entering), what,
			    sizeof(*what), e);
}

static int hear(const struct entering *in, const struct mapping *m, struct probe_entering *what, struct err *e)
{
	return remote_read(in->remote, m->base + m->image->entry.config + offsetof(struct probe_config, entering), what,
			   sizeof(*what), e);
}

/* Until the probe says that it has a descriptor; then until it is through. Nobody is held by us any more. */
static int follow(const struct entering *in, struct mapping *m, uint64_t *ret_left_cycles, struct err *e)
{
	raddr opened = m->base + m->image->entry.config + offsetof(struct probe_config, entering.opened);
	uint64_t start = clock_now_ns();
	struct probe_entering now;
	const uint32_t yes = 1;
	char path[64];
	int r;

	while (!(r = hear(in, m, &now, e)) && !now.done) {
		if (clock_now_ns() - start > FOLLOW_LIMIT_NS)
			return err_set(e, EIO, "the thread that was to make the table did not come to it; it gets little processor "
						       "time: try again later");
		if (now.fd > 0 && m->fd < 0 && !m->by_map_files) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d", in->pid, (int)now.fd - 1);
			m->fd = open(path, O_RDWR | O_CLOEXEC);
			if (m->fd < 0)
				return err_sys(e, errno, "cannot open %s", path);
			r = remote_write(in->remote, opened, &yes, sizeof(yes), e);
			if (r)
				return r;
		}
		clock_sleep_until(clock_now_ns() + POLL_NS); /* we may be on the very core that it needs */
	}
	if (r)
		return r;
	*ret_left_cycles = now.left_cycles;
	m->table = now.table;
	m->left_open = now.done == 2 ? now.fd : 0;
	return now.error ? err_sys(e, (int)-now.error, "the target may not make the table") : 0;
}

int enter_prepare(const struct entering *in, const struct mapping *m, struct err *e)
{
	struct probe_entering what = {
		.start = m->base + m->image->entry.enter_alone,
		.image = m->base,
		.image_bytes = m->image->span,
		.data = m->base + m->image->code_bytes,
		.data_bytes = m->image->span - m->image->code_bytes,
		.wipe = m->base + m->image->entry.private_pages,
		.wipe_bytes = m->image->entry.private_bytes,
		.near = m->near_is_there ? 0 : m->near,
		.table_bytes = in->table_bytes,
		.name = TABLE_NAME,
		.opened = m->by_map_files,
	};
	int r = mapping_write(in, m, e);

	if (!r)
		r = remote_write_u64(in->remote, note_of_near(m), m->near, e);
	return r ? r : tell(in, m, &what, e);
}

int enter_send(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	uint64_t left_cycles = 0;
	int r = tracee_send(t, m->base + m->image->entry.enter, e);

	if (!r)
		r = follow(in, m, &left_cycles, e);
	tracee_held_until(t, left_cycles);
	return r;
}

int enter_send_another(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e)
{
	raddr stack = m->base + m->image->entry.config + offsetof(struct probe_config, entering.start);
	uint64_t like_a_thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	uint64_t left_cycles;
	int64_t tid;
	int r = tracee_syscall(t, SYS_clone, (uint64_t[6]){ like_a_thread, stack }, &tid, e);

	if (!r && tid < 0)
		return err_set(e, EAGAIN, "the target may not start a thread");
	if (!r)
		r = tracee_release(t, e);
	return r ? r : follow(in, m, &left_cycles, e);
}
