/*
 * sampler: one look at a process: RSS, heap and the names that belong to it.
 *
 * Here the heap's numbers and Python's names meet: the heap found stacks of code and positions, Python knows what
 * lines they are. Two positions on one line are one line: their sites are added up. A name once given is final.
 */
#pragma once

#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/heap.h"
#include "memspy/names.h"
#include "memspy/python.h"
#include "memspy/sample.h"

struct sampler;

/* Lends heap, python and remote (NULL: some lines stay unknown) until sampler_free. */
int sampler_new(struct sampler **ret, pid_t pid, struct heap *heap, const struct python *python, struct remote *remote,
		struct err *e);
void sampler_free(struct sampler *s);
const struct names *sampler_names(const struct sampler *s);

/*
 * *ret is to be given to sample_done. 0; READ_GONE: the process is gone, *ret holds what its heap was last, with the
 * last memory figures seen; or a fault.
 */
int sampler_take(struct sampler *s, struct sample *ret, struct err *e);
