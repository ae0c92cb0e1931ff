#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

enum { HELD = 64 };

struct block {
	unsigned char *at;
	size_t bytes;
};

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	return *x ^= *x << 17;
}

static unsigned char mark(const struct block *b)
{
	return (unsigned char)((uintptr_t)b->at >> 4 ^ b->bytes);
}

static void fill(struct block *b)
{
	memset(b->at, mark(b), b->bytes);
}

static int is_whole(const struct block *b)
{
	return b->at[0] == mark(b) && b->at[b->bytes / 2] == mark(b) && b->at[b->bytes - 1] == mark(b);
}

static void take(struct block *b, uint64_t x, struct count *c)
{
	void *p = NULL;

	b->bytes = (x >> 8) % (x % 64 ? 3000 : 300000) + 1;
	switch (x % 3) {
	case 0:
		p = malloc(b->bytes);
		break;
	case 1:
		p = calloc(1, b->bytes);
		if (p && (((char *)p)[0] || ((char *)p)[b->bytes - 1]))
			c->faults++;
		break;
	case 2:
		if (posix_memalign(&p, 256, b->bytes))
			p = NULL;
		c->faults += (uintptr_t)p % 256 != 0;
		break;
	}
	b->at = p;
	if (p)
		fill(b);
}

static void change(struct block *b, uint64_t x, struct count *c)
{
	if (!is_whole(b))
		c->faults++;
	if (x % 4 == 0) {
		unsigned char was = mark(b);
		size_t before = b->bytes, after = (x >> 20) % 6000 + 1;
		unsigned char *p = realloc(b->at, after);

		if (!p)
			return;
		*b = (struct block){ p, after };
		if (p[0] != was || p[(before < after ? before : after) - 1] != was)
			c->faults++;
		fill(b);
		return;
	}
	free(b->at);
	b->at = NULL;
}

static void *allocate(void *own)
{
	struct count *c = own;
	struct block held[HELD] = { 0 };
	uint64_t x = 88172645463325252u ^ (uintptr_t)held;

	for (unsigned n = 1;; n++) {
		struct block *b = &held[next(&x) % HELD];

		if (b->at)
			change(b, x, c);
		else
			take(b, x, c);
		if (n % 4096 == 0)
			__atomic_add_fetch(&c->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int allocate_begin(struct count *c, unsigned threads)
{
	pthread_t thread;
	int r = 0;

	for (unsigned i = 0; !r && i < threads; i++)
		r = pthread_create(&thread, NULL, allocate, c);
	return r;
}
