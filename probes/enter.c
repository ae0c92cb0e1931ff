/*
 * enter: making the table, on the way in.
 *
 * memspy has mapped us and lets a thread run here by itself: each stop it saves is two switches, and a time slice on a
 * busy machine. A thread that ran is sent here with a signal frame under it: we make the calls, wait a moment
 * for memspy to open the descriptor, close it, and return into the frame. One that waits in a system call stays in it,
 * and a thread made for this alone comes here and ends. If memspy is gone by then, all that happens just the same.
 */
#include "hooks.h"
#include "probe.h"

enum {
	CLOSE = 3, MMAP_ = 9, MPROTECT = 10, MUNMAP = 11, MADVISE = 28, EXIT = 60, FCNTL = 72, FTRUNCATE = 77, GETRLIMIT = 97,
	MEMFD_CREATE = 319, /* x86-64 */
	GET_SEALS = 1034, ALL_SEALS = 7, NO_MEMORY_FILE = -9, /* EBADF */
	FILE_SIZE = 1, /* RLIMIT_FSIZE */
	READ_WRITE = 3, READ_EXECUTE = 5, SHARED = 1, CLOEXEC_SEALABLE = 3, WIPE_ON_FORK = 18,
	NEAR_PAGE = 0x100022, /* private, of no file, only where nothing is */
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

/*
 * Another thread may close all descriptors at this moment, and open a file of its own under our number. Only a memfd has no
 * seals, or those that memspy puts on: then it has been ours since we made it, and so is what was done with it meanwhile.
 */
static bool is_ours(int64_t fd)
{
	int64_t seals = system_call(FCNTL, (uint64_t)fd, GET_SEALS, 0, 0, 0, 0);

	return seals == 0 || seals == ALL_SEALS;
}

/*
 * Should memspy die before it arms us, the next one finds us by this. Where the target may not have files of this size
 * a signal would kill it: then memspy gives the table its size, and its header, later.
 */
static void sign_table(const struct probe_entering *in, int64_t fd)
{
	struct probe_header *h = (struct probe_header *)in->table;
	uint64_t limit[2] = { 0, 0 };

	if (system_call(GETRLIMIT, FILE_SIZE, (uint64_t)limit, 0, 0, 0, 0) < 0 || limit[0] < in->table_bytes ||
	    system_call(FTRUNCATE, (uint64_t)fd, in->table_bytes, 0, 0, 0, 0) < 0)
		return;
	h->abi = PROBE_ABI;
	h->header_bytes = sizeof(*h);
	h->table_bytes = in->table_bytes;
	h->image = in->image;
	h->image_bytes = in->image_bytes;
	h->config = (uint64_t)&config;
	h->private_pages = (uint64_t)&pages;
	__atomic_store_n(&h->magic, PROBE_MAGIC, __ATOMIC_RELEASE);
}

static void make_table(struct probe_entering *in)
{
	int64_t fd, table;
	uint64_t start;

	fd = system_call(MEMFD_CREATE, (uint64_t)in->name, CLOEXEC_SEALABLE, 0, 0, 0, 0);
	if (failed(in, fd))
		return;
	table = system_call(MMAP_, 0, in->table_bytes, READ_WRITE, SHARED, (uint64_t)fd, 0);
	if (!is_ours(fd)) {
		if (table > 0)
			system_call(MUNMAP, (uint64_t)table, in->table_bytes, 0, 0, 0, 0);
		in->error = NO_MEMORY_FILE;
		return;
	}
	if (!failed(in, table)) {
		in->table = (uint64_t)table;
		sign_table(in, fd);
	}
	failed(in, system_call(MADVISE, in->wipe, in->wipe_bytes, WIPE_ON_FORK, 0, 0, 0));

	__atomic_store_n(&in->fd, fd + 1, __ATOMIC_RELEASE);
	start = cycles();
	while (!__atomic_load_n(&in->opened, __ATOMIC_ACQUIRE) && cycles() - start < PATIENCE_CYCLES)
		relax();
	if (!__atomic_load_n(&in->opened, __ATOMIC_ACQUIRE)) {
		leave(in, 2); /* memspy has it closed later */
		return;
	}
	if (is_ours(fd))
		system_call(CLOSE, (uint64_t)fd, 0, 0, 0, 0, 0);
	leave(in, 1);
}

/* It can be done without. */
static void make_near_page(const struct probe_entering *in)
{
	int64_t at;

	if (!in->near)
		return;
	at = system_call(MMAP_, in->near, PROBE_NEAR_BYTES, READ_EXECUTE, NEAR_PAGE, (uint64_t)-1, 0);
	if ((uint64_t)at == in->near)
		return;
	if (at > 0) /* before Linux 4.17 it is anywhere */
		system_call(MUNMAP, (uint64_t)at, PROBE_NEAR_BYTES, 0, 0, 0, 0);
	config.near = 0;
}

void enter(void)
{
	struct probe_entering *in = &config.entering;
	int64_t result = system_call(MPROTECT, in->data, in->data_bytes, READ_WRITE, 0, 0, 0);

	if (result < 0) /* then we cannot say so either: memspy stops waiting */
		return;
	make_near_page(in);
	make_table(in);
	if (in->error && !in->done)
		leave(in, in->fd ? 2 : 1);
}

#if defined(__x86_64__)
/*
 * The first instruction of a thread of our own. It has no stack, for our data cannot be written yet, and the
 * thread pointer of the thread it was made from: nothing here may look at either.
 */
static unsigned char own_stack[4096] __attribute__((aligned(16), used));

__attribute__((naked)) void enter_alone(void)
{
	__asm__("movl %[mprotect], %%eax\n\t"
		"movq %[data], %%rdi\n\t"
		"movq %[bytes], %%rsi\n\t"
		"movl %[read_write], %%edx\n\t"
		"syscall\n\t"
		"testq %%rax, %%rax\n\t"
		"jnz 1f\n\t"
		"leaq own_stack+4096(%%rip), %%rsp\n\t"
		"call enter\n"
		"1:\txorl %%edi, %%edi\n\t"
		"movl %[exit], %%eax\n\t"
		"syscall\n\t"
		"jmp 1b"
		:
		: [mprotect] "i"(MPROTECT), [data] "m"(config.entering.data), [bytes] "m"(config.entering.data_bytes),
		  [read_write] "i"(READ_WRITE), [exit] "i"(EXIT));
}
#else
void enter_alone(void)
{
}
#endif
