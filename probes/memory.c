/*
 * memory: the compiler may ask for these whatever it was told.
 */
#include <stddef.h>

__attribute__((used)) void *memset(void *to, int c, size_t n);
void *memset(void *to, int c, size_t n)
{
	volatile unsigned char *t = to;

	while (n--)
		*t++ = (unsigned char)c;
	return to;
}

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	volatile unsigned char *t = to;
	const unsigned char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}
