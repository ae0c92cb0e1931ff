/*
 * sites: a growing table of sites, found by stack, thread and domain.
 *
 * Sites stay at their place in order of first sight: an index is good for ever, a pointer until the next sites_find.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/sample.h"

struct sites {
	struct site *at;
	size_t count, room;
	uint32_t *slots; /* open addressing: index + 1; 0 is empty */
	uint32_t mask;
};

enum { SITES_MOST = 1 << 22 }; /* a gigabyte: a ceiling for damaged files */

/* The index of the site; a new one has all figures zero. -ENOMEM, -EFBIG. */
int sites_find(struct sites *s, uint32_t stack, uint32_t thread, uint32_t domain, size_t *ret, struct err *e);
void sites_clear(struct sites *s); /* keeps the memory */
void sites_done(struct sites *s);
