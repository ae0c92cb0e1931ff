#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

enum { DEPTH = 40 };

static __thread sigjmp_buf back;
static __thread void *held[DEPTH + 1];
static __thread unsigned holds;

static void descend(unsigned depth, unsigned value)
{
	unsigned char *block = malloc(64 + 97 * depth);

	if (!block)
		siglongjmp(back, 1);
	memset(block, (int)(value + depth), 64);
	held[holds++] = block;
	if (depth == DEPTH)
		siglongjmp(back, (int)(value % 1000 + 2));
	descend(depth + 1, value);
}

static void once(struct count *c, unsigned round)
{
	volatile unsigned kept = round * 7;
	int came = sigsetjmp(back, (int)(round & 1));

	if (!came) {
		holds = 0;
		descend(0, round);
	}
	if (came != (int)(round % 1000 + 2) || kept != round * 7 || holds != DEPTH + 1)
		c->faults++;
	while (holds) {
		unsigned char *block = held[--holds];

		if (block[0] != (unsigned char)(round + holds) || block[63] != block[0])
			c->faults++;
		free(block);
	}
	c->done++;
}

void jumps(struct count *c, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		once(c, i);
}
