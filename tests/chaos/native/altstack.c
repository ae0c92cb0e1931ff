#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

#define GUARD_BYTES 65536u
#define GUARD 0xa5

static struct count *counted;
static size_t stack_bytes;
static unsigned char *area; /* guard, stack, guard: all of it writable, so that who writes too far is found out */

static uint64_t sum(unsigned n)
{
	volatile double half[64];
	uint64_t s = 0;

	for (unsigned i = 0; i < 64; i++)
		half[i] = (n + i) * 0.5;
	for (unsigned i = 0; i < 64; i++)
		s += (uint64_t)(half[i] * 2);
	return s;
}

static void on_signal(int number)
{
	int saved = errno;
	unsigned n = (unsigned)counted->done;

	(void)number;
	for (int i = 0; i < 200; i++)
		if (sum(n) != 64ull * n + 2016)
			counted->faults++;
	counted->done++;
	if (errno != saved)
		counted->faults++;
}

static void check_guards(void)
{
	for (size_t i = 0; i < GUARD_BYTES; i++)
		if (area[i] != GUARD || area[GUARD_BYTES + stack_bytes + i] != GUARD) {
			counted->faults++;
			memset(area, GUARD, GUARD_BYTES);
			memset(area + GUARD_BYTES + stack_bytes, GUARD, GUARD_BYTES);
			return;
		}
}

static void *be_interrupted(void *own)
{
	stack_t stack = { .ss_sp = area + GUARD_BYTES, .ss_size = stack_bytes };
	struct sigevent how = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
	struct itimerspec each = { { 0, 1000000 }, { 0, 1000000 } };
	sigset_t others;
	timer_t timer;

	(void)own;
	/* The process's own alarm goes to any thread while the main one is held, and there is no room for two frames. */
	sigfillset(&others);
	sigdelset(&others, SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &others, NULL);
	how._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (sigaltstack(&stack, NULL) || timer_create(CLOCK_MONOTONIC, &how, &timer) || timer_settime(timer, 0, &each, NULL))
		abort();
	for (unsigned n = 0;; n++) {
		void *p = malloc(n % 5000 + 1);

		errno = (int)(n % 100 + 1);
		if (sum(n) != 64ull * n + 2016 || errno != (int)(n % 100 + 1))
			counted->faults++;
		free(p);
		if (n % 512 == 0)
			check_guards();
	}
	return NULL;
}

int altstack_begin(struct count *c, size_t bytes)
{
	struct sigaction on = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART };
	pthread_t thread;

	counted = c;
	stack_bytes = bytes;
	area = mmap(NULL, bytes + 2 * GUARD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	memset(area, GUARD, bytes + 2 * GUARD_BYTES);
	sigaction(SIGRTMIN, &on, NULL);
	return pthread_create(&thread, NULL, be_interrupted, NULL);
}
