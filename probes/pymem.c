/*
 * pymem: in the place of CPython's allocator functions for the mem and obj domains.
 *
 * Only requests that stay in pymalloc are counted here; larger ones go on to libc's malloc and are counted there,
 * once. With plain pymalloc a sampled block is *diverted*: it comes from libc, and because pymalloc hands
 * addresses it does not know to libc's free, which is hooked anyway, PyObject_Free needs no wrapper. In front of
 * other allocators (debug hooks, mimalloc, somebody else's) everything is passed on and free is wrapped too.
 *
 * Without a GIL there is mimalloc behind the tables, whatever stands in between: it takes requests of every size, and
 * nothing of it comes from libc. Threads allocate at the same time, so each counts for itself, as in hooks.c.
 *
 * ctx is handed on as it came: the interpreter loads the function and ctx of a table separately.
 */
#include "gate.h"
#include "hooks.h"

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void free_fn(void *);
typedef void *py_malloc_fn(void *, size_t);
typedef void *py_calloc_fn(void *, size_t, size_t);
typedef void *py_realloc_fn(void *, void *, size_t);
typedef void py_free_fn(void *, void *);

struct table { /* which originals, which domain */
	uint32_t malloc_, calloc_, realloc_, free_, domain;
};

static const struct table mem = { HOOK_MEM_MALLOC, HOOK_MEM_CALLOC, HOOK_MEM_REALLOC, HOOK_MEM_FREE, MEM };
static const struct table obj = { HOOK_OBJ_MALLOC, HOOK_OBJ_CALLOC, HOOK_OBJ_REALLOC, HOOK_OBJ_FREE, OBJ };

static void *booked(void *p, uint64_t size, uint32_t domain)
{
	if (p)
		table_add((uint64_t)p, size, domain);
	return p;
}

static COLD void *sampled_malloc(const struct table *t, void *ctx, size_t n)
{
	void *p = config.divert ? ((malloc_fn *)config.original[HOOK_MALLOC])(n)
				: ((py_malloc_fn *)config.original[t->malloc_])(ctx, n);

	return booked(p, n, t->domain);
}

static COLD void *sampled_calloc(const struct table *t, void *ctx, size_t count, size_t n)
{
	void *p = config.divert ? ((calloc_fn *)config.original[HOOK_CALLOC])(count, n)
				: ((py_calloc_fn *)config.original[t->calloc_])(ctx, count, n);

	return booked(p, count * n, t->domain);
}

static void copy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
}

/* The block is where pymalloc put it; a sampled one moves over to libc. */
static void *divert(const struct table *t, void *ctx, void *p, size_t n)
{
	void *q = ((malloc_fn *)config.original[HOOK_MALLOC])(n);

	if (!q)
		return p;
	copy(q, p, n);
	((py_free_fn *)config.original[t->free_])(ctx, p);
	return booked(q, n, t->domain);
}

static inline __attribute__((always_inline)) void *reallocate(const struct table *t, void *ctx, void *p, size_t n)
{
	struct probe_live old;
	bool sampled, had;
	void *q;

	if (n > config.small_limit && config.divert) /* libc's, and counted there */
		return ((py_realloc_fn *)config.original[t->realloc_])(ctx, p, n);
	if (!p)
		return t->domain == MEM ? hook_mem_malloc(ctx, n) : hook_obj_malloc(ctx, n);
	sampled = n <= config.small_limit && !gate_passes_python(n) && gate_decide_python(n);
	had = !config.divert && filter_has((uint64_t)p) && table_take((uint64_t)p, &old);
	if (n <= config.small_limit) /* counted here; above, libc's realloc or malloc does it */
		pages.python_realloc = thread_pointer();
	q = ((py_realloc_fn *)config.original[t->realloc_])(ctx, p, n);
	pages.python_realloc = 0;
	if (had && !q)
		table_put_back(&old);
	if (!sampled || !q)
		return q;
	return config.divert ? divert(t, ctx, q, n) : booked(q, n, t->domain);
}

static inline __attribute__((always_inline)) void wrapped_free(const struct table *t, void *ctx, void *p)
{
	if (unlikely(filter_has((uint64_t)p)) && p)
		table_remove((uint64_t)p);
	((py_free_fn *)config.original[t->free_])(ctx, p);
}

/*
 * What is too large for pymalloc is on the same line of bytes as the rest, which saves the fast path a comparison: a
 * sample point inside it is passed over, and the points that are left are as they would have been without it.
 */
#define PYTHON_DOMAIN(name)                                                                               \
	static COLD void *name##_malloc_slow(void *ctx, size_t n)                                         \
	{                                                                                                 \
		if (!gate_decide_python(n) || n > config.small_limit)                                     \
			return ((py_malloc_fn *)config.original[name.malloc_])(ctx, n);                   \
		return sampled_malloc(&name, ctx, n);                                                     \
	}                                                                                                 \
	void *hook_##name##_malloc(void *ctx, size_t n)                                                   \
	{                                                                                                 \
		if (likely(gate_passes_python(n)))                                                        \
			return ((py_malloc_fn *)config.original[name.malloc_])(ctx, n);                   \
		return name##_malloc_slow(ctx, n);                                                        \
	}                                                                                                 \
	static COLD void *name##_calloc_slow(void *ctx, size_t count, size_t n)                           \
	{                                                                                                 \
		size_t size;                                                                              \
                                                                                                          \
		if (__builtin_mul_overflow(count, n, &size) || !gate_decide_python(size) || size > config.small_limit) \
			return ((py_calloc_fn *)config.original[name.calloc_])(ctx, count, n);            \
		return sampled_calloc(&name, ctx, count, n);                                              \
	}                                                                                                 \
	void *hook_##name##_calloc(void *ctx, size_t count, size_t n)                                     \
	{                                                                                                 \
		size_t size;                                                                              \
                                                                                                          \
		if (likely(!__builtin_mul_overflow(count, n, &size)) && likely(gate_passes_python(size))) \
			return ((py_calloc_fn *)config.original[name.calloc_])(ctx, count, n);            \
		return name##_calloc_slow(ctx, count, n);                                                 \
	}                                                                                                 \
	void *hook_##name##_realloc(void *ctx, void *p, size_t n)                                         \
	{                                                                                                 \
		return reallocate(&name, ctx, p, n);                                                      \
	}                                                                                                 \
	void hook_##name##_free(void *ctx, void *p)                                                       \
	{                                                                                                 \
		wrapped_free(&name, ctx, p);                                                              \
	}

PYTHON_DOMAIN(mem)
PYTHON_DOMAIN(obj)

/* The same without a GIL: this thread's own distance to the next sample, and neither limit nor diversion. */
static COLD void *reallocate_free_threaded(const struct table *t, void *ctx, void *p, size_t n, bool sampled)
{
	struct probe_live old;
	bool had = filter_has((uint64_t)p) && table_take((uint64_t)p, &old);
	void *q = ((py_realloc_fn *)config.original[t->realloc_])(ctx, p, n);

	if (had && !q)
		table_put_back(&old);
	return sampled ? booked(q, n, t->domain) : q;
}

#define FREE_THREADED_DOMAIN(name)                                                                        \
	static COLD void *name##_free_threaded_malloc_slow(void *ctx, size_t n)                           \
	{                                                                                                 \
		bool sampled = gate_decide(n);                                                            \
		void *p = ((py_malloc_fn *)config.original[name.malloc_])(ctx, n);                        \
                                                                                                          \
		return sampled ? booked(p, n, name.domain) : p;                                           \
	}                                                                                                 \
	void *hook_##name##_free_threaded_malloc(void *ctx, size_t n)                                     \
	{                                                                                                 \
		if (likely(gate_passes(n)))                                                               \
			return ((py_malloc_fn *)config.original[name.malloc_])(ctx, n);                   \
		return name##_free_threaded_malloc_slow(ctx, n);                                          \
	}                                                                                                 \
	void *hook_##name##_free_threaded_calloc(void *ctx, size_t count, size_t n)                       \
	{                                                                                                 \
		size_t size;                                                                              \
		bool fits = !__builtin_mul_overflow(count, n, &size);                                     \
		bool sampled = fits && !gate_passes(size) && gate_decide(size);                           \
		void *p = ((py_calloc_fn *)config.original[name.calloc_])(ctx, count, n);                 \
                                                                                                          \
		return unlikely(sampled) ? booked(p, size, name.domain) : p;                              \
	}                                                                                                 \
	void *hook_##name##_free_threaded_realloc(void *ctx, void *p, size_t n)                           \
	{                                                                                                 \
		if (!p)                                                                                   \
			return hook_##name##_free_threaded_malloc(ctx, n);                                \
		if (likely(!filter_has((uint64_t)p)) && likely(gate_passes(n)))                           \
			return ((py_realloc_fn *)config.original[name.realloc_])(ctx, p, n);              \
		return reallocate_free_threaded(&name, ctx, p, n, gate_decide(n));                        \
	}

FREE_THREADED_DOMAIN(mem)
FREE_THREADED_DOMAIN(obj)
