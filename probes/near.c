/*
 * near: the fast path of the tables' hooks once more, for a page beside the interpreter.
 *
 * We lie near libc, and an interpreter that is a program of its own lies gigabytes from there. A processor that guesses
 * jumps guesses those across 4 GiB late: to us and back took 2.5 ns for a PyObject_Malloc of 6, from a page beside
 * the interpreter it takes 1.0 (docs/decisions/0017). So memspy copies this section there, code and words together. Nothing
 * outside of it can be reached but through the words. Whatever is not nearly always done, the hooks in pymem.c do: left is put
 * back as it was, and they begin anew.
 *
 * Only where sampled small blocks are diverted: there is a GIL, and nothing has to be looked for when a block moves.
 */
#include "gate.h"
#include "hooks.h"

#define NEAR __attribute__((section("near_page"), aligned(32), used))

_Static_assert(sizeof(struct probe_near) == 152, "near_words");
__asm__(".pushsection near_page, \"ax\", @progbits\n\t"
	".balign 64\n\t"
	".globl near_words\n\t"
	".hidden near_words\n"
	"near_words:\n\t"
	".skip 152\n\t"
	".popsection");

typedef void *malloc_fn(void *, size_t);
typedef void *calloc_fn(void *, size_t, size_t);
typedef void *realloc_fn(void *, void *, size_t);

#define WORD(of, hook, type) ((type *)near_words.of[(hook) - HOOK_MEM_MALLOC])

static inline __attribute__((always_inline)) bool passes(uint64_t size)
{
	int64_t *left = (int64_t *)near_words.left;

	if (likely(gate_passes_by(left, size)))
		return true;
	*left += (int64_t)size;
	return false;
}

#define NEAR_DOMAIN(name, MALLOC_, CALLOC_, REALLOC_)                              \
	NEAR void *near_##name##_malloc(void *ctx, size_t n)                       \
	{                                                                          \
		if (passes(n))                                                     \
			return WORD(original, MALLOC_, malloc_fn)(ctx, n);         \
		return WORD(hooks, MALLOC_, malloc_fn)(ctx, n);                    \
	}                                                                          \
	NEAR void *near_##name##_calloc(void *ctx, size_t count, size_t n)         \
	{                                                                          \
		size_t size;                                                       \
                                                                                   \
		if (likely(!__builtin_mul_overflow(count, n, &size)) && passes(size)) \
			return WORD(original, CALLOC_, calloc_fn)(ctx, count, n);  \
		return WORD(hooks, CALLOC_, calloc_fn)(ctx, count, n);             \
	}                                                                          \
	NEAR void *near_##name##_realloc(void *ctx, void *p, size_t n)             \
	{                                                                          \
		uint64_t *inside;                                                  \
		void *q;                                                           \
                                                                                   \
		if (n > near_words.small_limit) /* libc's, and counted there */    \
			return WORD(original, REALLOC_, realloc_fn)(ctx, p, n);    \
		if (!p)                                                            \
			return near_##name##_malloc(ctx, n);                       \
		if (!passes(n))                                                    \
			return WORD(hooks, REALLOC_, realloc_fn)(ctx, p, n);       \
		inside = (uint64_t *)near_words.python_realloc;                    \
		*inside = thread_pointer();                                        \
		q = WORD(original, REALLOC_, realloc_fn)(ctx, p, n);               \
		*inside = 0;                                                       \
		return q;                                                          \
	}

NEAR_DOMAIN(mem, HOOK_MEM_MALLOC, HOOK_MEM_CALLOC, HOOK_MEM_REALLOC)
NEAR_DOMAIN(obj, HOOK_OBJ_MALLOC, HOOK_OBJ_CALLOC, HOOK_OBJ_REALLOC)

/* Comes last; the test `freestanding` looks that it does. */
NEAR void near_end(void)
{
}
