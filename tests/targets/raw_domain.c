/*
 * Somebody else's allocator in CPython's raw domain. Preloaded, it is there from the first block on, puts a header before
 * each, and ends the process for a block without one. Told to at run time (install), it hands out blocks of a pool and
 * passes on what it does not know.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct allocator {
	void *ctx, *(*malloc)(void *, size_t), *(*calloc)(void *, size_t, size_t), *(*realloc)(void *, void *, size_t);
	void (*free)(void *, void *);
};
typedef void access_fn(int domain, struct allocator *a);

struct header {
	uint64_t magic, bytes;
};

#define MAGIC 0x1234567890abcdefull

static void *header_malloc(void *ctx, size_t n)
{
	struct header *h = malloc(n + sizeof(*h));

	(void)ctx;
	if (!h)
		return NULL;
	*h = (struct header){ MAGIC, n };
	return h + 1;
}

static void *header_calloc(void *ctx, size_t count, size_t n)
{
	void *p = header_malloc(ctx, count * n);

	return p ? memset(p, 0, count * n) : NULL;
}

static void header_free(void *ctx, void *p)
{
	static const char words[] = "raw_domain: a block of somebody else's was freed here\n";
	struct header *h = (struct header *)p - 1;

	(void)ctx;
	if (!p)
		return;
	if (h->magic != MAGIC) {
		if (write(2, words, sizeof(words) - 1) > 0)
			abort();
		_exit(70);
	}
	h->magic = 0;
	free(h);
}

static void *header_realloc(void *ctx, void *p, size_t n)
{
	void *q = header_malloc(ctx, n);

	if (p && q)
		memcpy(q, p, n < ((struct header *)p)[-1].bytes ? n : ((struct header *)p)[-1].bytes);
	if (q)
		header_free(ctx, p);
	return q;
}

__attribute__((constructor)) static void begin(void)
{
	struct allocator a = { NULL, header_malloc, header_calloc, header_realloc, header_free };
	access_fn *set = (access_fn *)dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");

	if (set && getenv("RAW_DOMAIN_FROM_START"))
		set(0, &a);
}

/* ---- at run time ---- */

enum { POOL = 4 << 20 };
static _Alignas(16) char pool[POOL];
static size_t used;
static struct allocator before;

static int is_ours(const void *p)
{
	return (const char *)p >= pool && (const char *)p < pool + POOL;
}

static void *pool_malloc(void *ctx, size_t n)
{
	size_t need = (n + 16 + 15) & ~(size_t)15;
	char *p = pool + used;

	(void)ctx;
	if (n > 4096 || need > POOL - used)
		return before.malloc(before.ctx, n);
	used += need;
	memcpy(p, &n, sizeof(n));
	return p + 16;
}

static void *pool_calloc(void *ctx, size_t count, size_t n)
{
	void *p = pool_malloc(ctx, count * n);

	return p ? memset(p, 0, count * n) : NULL;
}

static void pool_free(void *ctx, void *p)
{
	(void)ctx;
	if (!is_ours(p))
		before.free(before.ctx, p);
}

static void *pool_realloc(void *ctx, void *p, size_t n)
{
	size_t had;
	void *q;

	if (!is_ours(p))
		return p ? before.realloc(before.ctx, p, n) : pool_malloc(ctx, n);
	q = pool_malloc(ctx, n);
	memcpy(&had, (char *)p - 16, sizeof(had));
	return q ? memcpy(q, p, n < had ? n : had) : NULL;
}

int install(void)
{
	struct allocator a = { NULL, pool_malloc, pool_calloc, pool_realloc, pool_free };

	((access_fn *)dlsym(RTLD_DEFAULT, "PyMem_GetAllocator"))(0, &before);
	((access_fn *)dlsym(RTLD_DEFAULT, "PyMem_SetAllocator"))(0, &a);
	return 1;
}

/* Objects, too: what was there is called behind ours, whoever's it is. It is kept in static memory, or out of sight. */
static struct allocator kept;
static struct allocator *objects = &kept;
static size_t counted;

static void *object_malloc(void *ctx, size_t n)
{
	(void)ctx;
	counted++;
	return objects->malloc(objects->ctx, n);
}

static void *object_calloc(void *ctx, size_t count, size_t n)
{
	(void)ctx;
	counted++;
	return objects->calloc(objects->ctx, count, n);
}

static void *object_realloc(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return objects->realloc(objects->ctx, p, n);
}

static void object_free(void *ctx, void *p)
{
	(void)ctx;
	objects->free(objects->ctx, p);
}

int wrap(void)
{
	struct allocator a = { NULL, object_malloc, object_calloc, object_realloc, object_free };

	((access_fn *)dlsym(RTLD_DEFAULT, "PyMem_GetAllocator"))(2, objects);
	((access_fn *)dlsym(RTLD_DEFAULT, "PyMem_SetAllocator"))(2, &a);
	return 1;
}

int hide(void)
{
	objects = malloc(sizeof(*objects));
	return objects && wrap();
}

int unwrap(void)
{
	((access_fn *)dlsym(RTLD_DEFAULT, "PyMem_SetAllocator"))(2, objects);
	return counted > 0;
}
