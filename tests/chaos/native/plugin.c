/* plugin: an object that allocates while the loader brings it in, and frees while it goes. */
#include <stdlib.h>
#include <string.h>

unsigned plugin_whole_blocks(void);

enum { BLOCKS = 30 };

static unsigned char *blocks[BLOCKS];

__attribute__((constructor)) static void begin(void)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(1000 + i);
		if (blocks[i])
			memset(blocks[i], (int)i, 1000 + i);
	}
}

unsigned plugin_whole_blocks(void)
{
	unsigned whole = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		whole += blocks[i] && blocks[i][0] == i && blocks[i][999 + i] == i;
	return whole;
}

__attribute__((destructor)) static void end(void)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}
