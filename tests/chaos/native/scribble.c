#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

enum { MOST = 64, THREADS = 2 };

static struct range ranges[MOST];
static unsigned range_count, pause_between_us;
static volatile int go; /* only when all threads are there: to make one takes memory that may be written over */

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	return *x ^= *x << 17;
}

/* Small numbers, huge ones, noise, and addresses of what is scribbled over: counts, lengths, chains. */
static uint64_t lie(uint64_t x, const struct range *r)
{
	switch (x >> 60) {
	case 0 ... 4:
		return r->from + (x % ((r->to - r->from) | 1) & ~7ull);
	case 5:
		return r->start + (x % (r->end - r->start) & ~7ull);
	case 6:
		return x & 0xff;
	case 7:
		return x & 0xffff;
	case 8:
		return 0;
	case 9:
		return ~0ull >> (x % 40);
	default:
		return x * 0x9e3779b97f4a7c15u;
	}
}

/* Calls nothing that it could have written over: no allocation, no lock; the pause is one system call. */
static void *scribble(void *own)
{
	uint64_t x = 88172645463325252u + (uintptr_t)own * 77777;

	while (!go)
		;
	for (;;) {
		for (unsigned i = 0; i < range_count; i++)
			for (unsigned n = 0; n < 512; n++) {
				const struct range *r = &ranges[i];
				volatile uint64_t *at = (volatile uint64_t *)(r->start + (next(&x) % (r->end - r->start) & ~7ull));

				*at = lie(next(&x), r);
			}
		if (pause_between_us)
			nanosleep(&(struct timespec){ .tv_nsec = pause_between_us * 1000l }, NULL);
	}
	return NULL;
}

int scribble_begin(const struct range *what, unsigned count, unsigned pause_us)
{
	pthread_t thread;
	int r = 0;

	range_count = count < MOST ? count : MOST;
	memcpy(ranges, what, range_count * sizeof(*what));
	pause_between_us = pause_us;
	for (uintptr_t i = 0; !r && i < THREADS; i++)
		r = pthread_create(&thread, NULL, scribble, (void *)i);
	go = 1;
	return r;
}

void park(void)
{
	for (;;)
		pause();
}
