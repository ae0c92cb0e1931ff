/*
 * hooks: in the place of libc's allocation functions.
 *
 * The decision comes before the original is called, so the unsampled path is a jump: no frame, no return. A
 * sampled block is booked after its allocation; a free is booked before the real one, while nobody else can be
 * given the address. errno is left as the original leaves it: nothing here makes system calls.
 */
#include "gate.h"
#include "hooks.h"

#define ORIGINAL(hook, type) ((type)config.original[hook])

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef void *reallocarray_fn(void *, size_t, size_t);
typedef void free_fn(void *);
typedef int posix_memalign_fn(void **, size_t, size_t);
typedef void *aligned_fn(size_t, size_t);
typedef void *mmap_fn(void *, size_t, int, int, int, int64_t);
typedef int munmap_fn(void *, size_t);
typedef void *mremap_fn(void *, size_t, size_t, int, void *);
typedef void *dlopen_fn(const char *, int);

/* Saturates: what overflows is too large to succeed. */
static uint64_t product(size_t a, size_t b)
{
	size_t n;

	return __builtin_mul_overflow(a, b, &n) ? UINT64_MAX : n;
}

static inline void *booked(void *p, uint64_t size, uint32_t domain)
{
	if (p)
		table_add((uint64_t)p, size, domain);
	return p;
}

/*
 * A function that takes a size and gives a block: the common shape. The slow half is a function of its own, so
 * that the fast one needs no frame and both ends are jumps.
 */
#define ALLOCATOR(name, hook, type, size, parameters, arguments)       \
	static COLD void *name##_slow parameters                       \
	{                                                              \
		if (!gate_decide(size))                                \
			return ORIGINAL(hook, type *) arguments;       \
		return booked(ORIGINAL(hook, type *) arguments, size, MALLOC); \
	}                                                              \
	void *name parameters                                          \
	{                                                              \
		if (likely(gate_passes(size)))                         \
			return ORIGINAL(hook, type *) arguments;       \
		return name##_slow arguments;                          \
	}

ALLOCATOR(hook_malloc, HOOK_MALLOC, malloc_fn, n, (size_t n), (n))
ALLOCATOR(hook_calloc, HOOK_CALLOC, calloc_fn, product(count_, n), (size_t count_, size_t n), (count_, n))
ALLOCATOR(hook_aligned_alloc, HOOK_ALIGNED_ALLOC, aligned_fn, n, (size_t alignment, size_t n), (alignment, n))
ALLOCATOR(hook_memalign, HOOK_MEMALIGN, aligned_fn, n, (size_t alignment, size_t n), (alignment, n))
ALLOCATOR(hook_valloc, HOOK_VALLOC, malloc_fn, n, (size_t n), (n))
ALLOCATOR(hook_pvalloc, HOOK_PVALLOC, malloc_fn, n, (size_t n), (n))

int hook_posix_memalign(void **to, size_t alignment, size_t n)
{
	int r;

	if (likely(gate_passes(n)) || !gate_decide(n))
		return ORIGINAL(HOOK_POSIX_MEMALIGN, posix_memalign_fn *)(to, alignment, n);
	r = ORIGINAL(HOOK_POSIX_MEMALIGN, posix_memalign_fn *)(to, alignment, n);
	if (r == 0)
		booked(*to, n, MALLOC);
	return r;
}

/*
 * One decision on the whole new size: growing buffers would never be seen otherwise. The old block leaves the map
 * before the real call, for its address may be another thread's a moment later; it comes back if the call fails.
 */
static COLD void *reallocate(void *p, size_t count, size_t n, uint32_t hook, bool sampled)
{
	struct probe_live old;
	bool had = p && filter_has((uint64_t)p) && table_take((uint64_t)p, &old);
	uint64_t size = product(count, n);
	void *q;

	if (hook == HOOK_REALLOC)
		q = ORIGINAL(HOOK_REALLOC, realloc_fn *)(p, n);
	else
		q = ORIGINAL(HOOK_REALLOCARRAY, reallocarray_fn *)(p, count, n);
	if (had && !q && size)
		table_put_back(&old);
	return sampled ? booked(q, size, MALLOC) : q;
}

static COLD void *realloc_slow(void *p, size_t n)
{
	/* Inside the table's realloc the size has been counted already; the old block still has to go. */
	if (pages.python_realloc == thread_pointer()) {
		if (likely(!filter_has((uint64_t)p)))
			return ORIGINAL(HOOK_REALLOC, realloc_fn *)(p, n);
		return reallocate(p, 1, n, HOOK_REALLOC, false);
	}
	return reallocate(p, 1, n, HOOK_REALLOC, gate_decide(n));
}

void *hook_realloc(void *p, size_t n)
{
	if (likely(!pages.python_realloc) && likely(!filter_has((uint64_t)p)) && likely(gate_passes(n)))
		return ORIGINAL(HOOK_REALLOC, realloc_fn *)(p, n);
	return realloc_slow(p, n);
}

void *hook_reallocarray(void *p, size_t count, size_t n)
{
	uint64_t size = product(count, n);
	bool sampled = !gate_passes(size) && gate_decide(size);

	return reallocate(p, count, n, HOOK_REALLOCARRAY, sampled);
}

static COLD void free_slow(void *p)
{
	if (p)
		table_remove((uint64_t)p);
	ORIGINAL(HOOK_FREE, free_fn *)(p);
}

void hook_free(void *p)
{
	if (likely(!filter_has((uint64_t)p)))
		ORIGINAL(HOOK_FREE, free_fn *)(p);
	else
		free_slow(p);
}

/* Anonymous memory that can be used: the rest are files, which RSS shows as such, and reserved addresses. */
static bool is_memory(int protection, int flags)
{
	return (flags & 0x20) && protection != 0; /* MAP_ANONYMOUS; not PROT_NONE */
}

void *hook_mmap(void *at, size_t n, int protection, int flags, int fd, int64_t offset)
{
	bool sampled = is_memory(protection, flags) && !gate_passes(n) && gate_decide(n);
	void *p = ORIGINAL(HOOK_MMAP, mmap_fn *)(at, n, protection, flags, fd, offset);

	return sampled && p != (void *)-1 ? booked(p, n, MMAP) : p;
}

int hook_munmap(void *p, size_t n)
{
	struct probe_live old;
	int r;

	if (likely(!filter_has((uint64_t)p)) || !table_take((uint64_t)p, &old))
		return ORIGINAL(HOOK_MUNMAP, munmap_fn *)(p, n);
	r = ORIGINAL(HOOK_MUNMAP, munmap_fn *)(p, n);
	if (r != 0)
		table_put_back(&old);
	return r;
}

void *hook_mremap(void *p, size_t old_size, size_t n, int flags, void *at)
{
	struct probe_live old;
	bool had = filter_has((uint64_t)p) && table_take((uint64_t)p, &old);
	bool sampled = had && !gate_passes(n) && gate_decide(n);
	void *q = ORIGINAL(HOOK_MREMAP, mremap_fn *)(p, old_size, n, flags, at);

	if (q == (void *)-1) {
		if (had)
			table_put_back(&old);
		return q;
	}
	return sampled ? booked(q, n, MMAP) : q;
}

/*
 * The loader wants to see who really calls (RPATH of the caller), so this is a jump, too; we look for the new
 * objects at the next allocation under the GIL, when the loader is done.
 */
void *hook_dlopen(const char *name, int flags)
{
	gate_after_dlopen();
	return ORIGINAL(HOOK_DLOPEN, dlopen_fn *)(name, flags);
}
