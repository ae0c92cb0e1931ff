#include "boost.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memspy/clock.h"

enum { MOST_NS = 100000000, BEGINS_WITHIN_NS = 300000 }; /* nobody goes first for longer, whatever becomes of us */

struct boost {
	uint32_t owner; /* the futex: who has it, and a bit once somebody waits */
	pid_t waiter;
	int users; /* we and the waiter: the last one frees it */
};

static void let_go(struct boost *b)
{
	if (__atomic_sub_fetch(&b->users, 1, __ATOMIC_ACQ_REL) == 0)
		free(b);
}

/* The waiter has done. */
static bool is_alone(const struct boost *b)
{
	return __atomic_load_n(&b->users, __ATOMIC_ACQUIRE) == 1;
}

static void *wait_for_it(void *boost)
{
	struct boost *b = boost;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += MOST_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	__atomic_store_n(&b->waiter, gettid(), __ATOMIC_RELEASE);
	/* Not the private kind: its owner must be of our process (EPERM). */
	syscall(SYS_futex, &b->owner, FUTEX_LOCK_PI, 0, &until, NULL, 0);
	let_go(b);
	return NULL;
}

struct boost *boost_begin(pid_t tid)
{
	const struct sched_param first = { .sched_priority = 1 };
	struct boost *b = calloc(1, sizeof(*b));
	pthread_attr_t attributes;
	uint64_t start = clock_now_ns();
	pthread_t thread;
	int r;

	if (!b)
		return NULL;
	b->owner = (uint32_t)tid;
	b->users = 2;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 65536);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &first);
	r = pthread_create(&thread, &attributes, wait_for_it, b);
	pthread_attr_destroy(&attributes);
	if (r) {
		free(b);
		return NULL;
	}
	while (!(__atomic_load_n(&b->owner, __ATOMIC_ACQUIRE) & FUTEX_WAITERS) && clock_now_ns() - start < BEGINS_WITHIN_NS) {
		if (is_alone(b)) { /* the kernel knows no such locks, or the thread is gone */
			let_go(b);
			return NULL;
		}
		clock_sleep_until(clock_now_ns() + 10000); /* it may need our core */
	}
	return b;
}

void boost_end(struct boost *b)
{
	const struct sched_param plain = { 0 };
	pid_t waiter;

	if (!b)
		return;
	/* It waits on for a moment, but with no priority to lend; or it has not begun, and finds the lock free. */
	waiter = __atomic_load_n(&b->waiter, __ATOMIC_ACQUIRE);
	if (!waiter)
		__atomic_store_n(&b->owner, 0, __ATOMIC_RELEASE);
	else if (!is_alone(b))
		sched_setscheduler(waiter, SCHED_OTHER, &plain);
	let_go(b);
}
