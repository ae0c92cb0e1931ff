#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "native.h"

enum { STACK_BYTES = 256 * 1024, STEP = 512 };

struct descent {
	struct count *count;
	size_t bytes_left;
	unsigned hold_ms;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static __attribute__((noinline)) void work(const struct descent *d)
{
	uint64_t end = now_ms() + d->hold_ms;

	do {
		for (unsigned i = 1; i < 200; i++) {
			unsigned char *p = malloc(i * 40);

			if (!p)
				continue;
			p[0] = p[i * 40 - 1] = (unsigned char)i;
			p = realloc(p, i * 60);
			if (p && p[0] != (unsigned char)i)
				d->count->faults++;
			free(p);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	} while (now_ms() < end);
}

static __attribute__((noinline)) unsigned descend(const struct descent *d, uintptr_t bottom, unsigned depth)
{
	volatile unsigned char here[STEP];
	unsigned got = depth;

	here[0] = here[STEP - 1] = (unsigned char)depth;
	if ((uintptr_t)here - bottom < d->bytes_left + STEP + 200)
		work(d);
	else
		got = descend(d, bottom, depth + 1);
	if (here[0] != (unsigned char)depth || here[STEP - 1] != (unsigned char)depth)
		d->count->faults++;
	return got;
}

static void *go_down(void *own)
{
	struct descent *d = own;
	pthread_attr_t attributes;
	void *bottom = NULL;
	size_t bytes = 0;

	if (pthread_getattr_np(pthread_self(), &attributes))
		return NULL;
	pthread_attr_getstack(&attributes, &bottom, &bytes);
	pthread_attr_destroy(&attributes);
	descend(d, (uintptr_t)bottom, 0);
	d->count->done++;
	return NULL;
}

int deep(struct count *c, size_t bytes_left, unsigned hold_ms)
{
	struct descent d = { c, bytes_left, hold_ms };

	go_down(&d);
	return 0;
}

int deep_in_thread(struct count *c, size_t bytes_left, unsigned hold_ms)
{
	struct descent d = { c, bytes_left, hold_ms };
	pthread_attr_t attributes;
	pthread_t thread;
	int r = pthread_attr_init(&attributes);

	if (!r)
		r = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (!r)
		r = pthread_create(&thread, &attributes, go_down, &d);
	if (!r)
		r = pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	return r;
}
