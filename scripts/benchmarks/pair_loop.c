/* Pairs of an allocation and its free, as tight as C makes them. Loaded by pair_inside.py into a real Python. */
#include <stddef.h>
#include <stdlib.h>

void *PyObject_Malloc(size_t n);
void PyObject_Free(void *p);

/* The compiler may not know that nobody looks at the block. */
#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

void pair_malloc(long count, long size)
{
	while (count--) {
		void *p = malloc((size_t)size);

		KEEP(p);
		free(p);
	}
}

void pair_python(long count, long size)
{
	while (count--) {
		void *p = PyObject_Malloc((size_t)size);

		KEEP(p);
		PyObject_Free(p);
	}
}
