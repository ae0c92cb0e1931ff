/*
 * enter: making the table, on the way in.
 *
 * memspy has mapped us, laid a signal frame under this thread and let it go with its next instruction here: each stop
 * it saves is a time slice on a busy machine. We make four system calls, wait a moment for memspy to open the
 * descriptor, close it, and return into the frame: the thread is back where it was. If memspy is gone by then, the
 * thread goes on all the same.
 */
#include "hooks.h"
#include "probe.h"

enum {
	CLOSE = 3, MMAP_ = 9, MPROTECT = 10, MADVISE = 28, MEMFD_CREATE = 319, /* x86-64 */
	READ_WRITE = 3, SHARED = 1, CLOEXEC_SEALABLE = 3, WIPE_ON_FORK = 18,
	PATIENCE_CYCLES = 4000000, /* one or two milliseconds */
};

static bool failed(struct probe_entering *in, int64_t result)
{
	if (result >= 0 || result < -4095)
		return false;
	in->error = result;
	return true;
}

static void leave(struct probe_entering *in, uint32_t how)
{
	in->left_cycles = cycles();
	__atomic_store_n(&in->done, how, __ATOMIC_RELEASE);
}

static void make_table(struct probe_entering *in)
{
	int64_t fd, table;
	uint64_t start;

	fd = system_call(MEMFD_CREATE, (uint64_t)in->name, CLOEXEC_SEALABLE, 0, 0, 0, 0);
	if (failed(in, fd))
		return;
	table = system_call(MMAP_, 0, in->table_bytes, READ_WRITE, SHARED, (uint64_t)fd, 0);
	if (!failed(in, table))
		in->table = (uint64_t)table;
	failed(in, system_call(MADVISE, in->wipe, in->wipe_bytes, WIPE_ON_FORK, 0, 0, 0));

	__atomic_store_n(&in->fd, fd + 1, __ATOMIC_RELEASE);
	start = cycles();
	while (!__atomic_load_n(&in->opened, __ATOMIC_ACQUIRE) && cycles() - start < PATIENCE_CYCLES)
		relax();
	if (!__atomic_load_n(&in->opened, __ATOMIC_ACQUIRE)) {
		leave(in, 2); /* memspy has it closed later */
		return;
	}
	system_call(CLOSE, (uint64_t)fd, 0, 0, 0, 0, 0);
	leave(in, 1);
}

void enter(void)
{
	struct probe_entering *in = &config.entering;
	int64_t result = system_call(MPROTECT, in->data, in->data_bytes, READ_WRITE, 0, 0, 0);

	if (result < 0) /* then we cannot say so either: memspy stops waiting */
		return;
	make_table(in);
	if (in->error && !in->done)
		leave(in, in->fd ? 2 : 1);
}
