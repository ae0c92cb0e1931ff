/*
 * A library that brings an allocator of its own, as some do, and notices blocks that are not its own.
 *
 * Loaded with RTLD_DEEPBIND it is bound to that one, loaded plainly to libc's. Either way a block must go back where it
 * came from: ours ends the process for a stranger's block, and so does libc's for one of ours.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Alignas(16) char pool[1 << 20];
static size_t used;
static void *first;

static size_t *size_of(void *p)
{
	return (size_t *)((char *)p - 16);
}

/* Nothing is used again: a block that comes back is only looked at. */
__attribute__((noinline)) void *malloc(size_t n)
{
	char *p = pool + used;

	if (n > sizeof(pool) - used - 32)
		return NULL;
	used += (n + 31) & ~(size_t)15;
	memcpy(p, &n, sizeof(n));
	return p + 16;
}

__attribute__((noinline)) void *calloc(size_t count, size_t n)
{
	void *p = malloc(count * n);

	return p ? memset(p, 0, count * n) : NULL;
}

__attribute__((noinline)) void free(void *p)
{
	static const char words[] = "own_malloc: a block of somebody else's was freed here\n";

	if (!p || ((char *)p >= pool && (char *)p < pool + sizeof(pool)))
		return;
	if (write(2, words, sizeof(words) - 1) > 0)
		abort();
	_exit(70);
}

__attribute__((noinline)) void *realloc(void *p, size_t n)
{
	void *q = malloc(n);

	if (p && q)
		memcpy(q, p, n < *size_of(p) ? n : *size_of(p));
	free(p);
	return q;
}

__attribute__((constructor)) static void begin(void)
{
	first = malloc(100);
}

/* What it allocated when it was loaded, and some more, goes; then it takes anew. */
int use(void)
{
	void *blocks[20];

	free(first);
	first = realloc(malloc(50), 500);
	for (size_t i = 0; i < 20; i++)
		blocks[i] = calloc(1, 10 * i + 1);
	for (size_t i = 0; i < 20; i++)
		free(blocks[i]);
	return first != NULL;
}
