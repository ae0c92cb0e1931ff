/*
 * host_air: what the hooks stand in for: an allocator that gives out addresses once and touches nothing; a pymalloc on it.
 */
#include <sys/mman.h>

#include "host_private.h"

enum host_realloc host_realloc;
void *host_given_again;

enum { CELL = 1024 };
static uint64_t region_bytes = 1ull << 40; /* less where there is less room, as under valgrind */

static char *libc_region, *arena_region;
static uint64_t libc_next, arena_next;

static char *reserve(void)
{
	char *p;

	while ((p = mmap(NULL, region_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) ==
		       MAP_FAILED && region_bytes > 1ull << 30)
		region_bytes /= 2;
	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

/* As far as anybody looks, a block has no more than a cell; one that could not be had is refused. */
static void *air_malloc(size_t n)
{
	void *again = host_given_again;

	if (n >> 46)
		return NULL;
	if (again) {
		host_given_again = NULL;
		return again;
	}
	return libc_region + __atomic_fetch_add(&libc_next, CELL, __ATOMIC_RELAXED) % region_bytes;
}

static void *air_calloc(size_t count, size_t n)
{
	size_t size;

	return __builtin_mul_overflow(count, n, &size) ? NULL : air_malloc(size);
}

static void air_free(void *p)
{
	(void)p;
}

static void *air_realloc(void *p, size_t n)
{
	if (host_realloc == REALLOC_FAILS)
		return NULL;
	return host_realloc == REALLOC_IN_PLACE && p ? p : air_malloc(n);
}

static void *air_mmap(void *at, size_t n, int protection, int flags, int fd, int64_t offset)
{
	(void)at, (void)protection, (void)flags, (void)fd, (void)offset;
	return air_malloc(n);
}

static int air_munmap(void *p, size_t n)
{
	(void)p, (void)n;
	return 0;
}

/* ---- pymalloc, as far as others can tell: small ones from arenas, large ones from libc by its hooked slots ---- */

static bool is_in_arena(const void *p)
{
	return (const char *)p >= arena_region && (const char *)p < arena_region + region_bytes;
}

static void *py_malloc(void *ctx, size_t n)
{
	(void)ctx;
	if (n > SMALL)
		return host.malloc(n);
	return arena_region + __atomic_fetch_add(&arena_next, SMALL, __ATOMIC_RELAXED) % region_bytes;
}

static void *py_calloc(void *ctx, size_t count, size_t n)
{
	size_t size;

	(void)ctx;
	if (__builtin_mul_overflow(count, n, &size))
		return NULL;
	return size > SMALL ? host.calloc(count, n) : py_malloc(ctx, size);
}

static void py_free(void *ctx, void *p)
{
	(void)ctx;
	if (p && !is_in_arena(p))
		host.free(p);
}

static void *py_realloc(void *ctx, void *p, size_t n)
{
	if (p && !is_in_arena(p))
		return host.realloc(p, n);
	if (p && host_realloc == REALLOC_IN_PLACE && n <= SMALL)
		return p;
	return py_malloc(ctx, n); /* pymalloc copies, and takes the old one back without asking anybody */
}

void host_air(uint64_t original[HOOK_COUNT])
{
	const uint64_t air[HOOK_COUNT] = {
		[HOOK_MALLOC] = (uint64_t)air_malloc, [HOOK_CALLOC] = (uint64_t)air_calloc,
		[HOOK_REALLOC] = (uint64_t)air_realloc, [HOOK_FREE] = (uint64_t)air_free,
		[HOOK_MMAP] = (uint64_t)air_mmap, [HOOK_MUNMAP] = (uint64_t)air_munmap,
		[HOOK_MEM_MALLOC] = (uint64_t)py_malloc, [HOOK_MEM_CALLOC] = (uint64_t)py_calloc,
		[HOOK_MEM_REALLOC] = (uint64_t)py_realloc, [HOOK_MEM_FREE] = (uint64_t)py_free,
		[HOOK_OBJ_MALLOC] = (uint64_t)py_malloc, [HOOK_OBJ_CALLOC] = (uint64_t)py_calloc,
		[HOOK_OBJ_REALLOC] = (uint64_t)py_realloc, [HOOK_OBJ_FREE] = (uint64_t)py_free,
	};

	if (!libc_region) {
		libc_region = reserve();
		arena_region = reserve();
	}
	memcpy(original, air, sizeof(air));
}

void host_use_libc(void)
{
	host.config->original[HOOK_MALLOC] = (uint64_t)malloc;
	host.config->original[HOOK_CALLOC] = (uint64_t)calloc;
	host.config->original[HOOK_REALLOC] = (uint64_t)realloc;
	host.config->original[HOOK_FREE] = (uint64_t)free;
}
