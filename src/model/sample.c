#include "memspy/sample.h"

#include <stdlib.h>

const char *const domain_names[DOMAIN_COUNT] = {
	[DOMAIN_MALLOC] = "malloc",
	[DOMAIN_MEM] = "mem",
	[DOMAIN_OBJ] = "obj",
	[DOMAIN_MMAP] = "mmap",
};

void sample_done(struct sample *s)
{
	free(s->sites);
	*s = (struct sample){ 0 };
}

struct estimate sample_live(const struct sample *s)
{
	struct estimate sum = { 0 };

	for (size_t i = 0; i < s->site_count; i++)
		estimate_add(&sum, &s->sites[i].live);
	return sum;
}

uint64_t losses_total(const struct losses *l)
{
	return l->contention + l->full + l->frees;
}
