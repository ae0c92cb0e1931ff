/*
 * amounts: figures that come again, told once and then by number. Serves this folder only.
 *
 * Blocks of one size weigh the same each time: what a tick adds to a site was mostly added to another one before. An
 * amount is what is added to five figures; its id counts up from 1 through the file, as those of names do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/estimate.h"

enum { AMOUNT_FIGURES = 5 };

struct amount {
	int64_t figures[AMOUNT_FIGURES]; /* bytes, blocks, samples, variance, sure bytes */
};

struct amounts {
	struct amount *at; /* by id - 1 */
	size_t count, room;
	uint32_t *slots; /* open addressing: id; 0 is empty */
	uint32_t mask;
	uint64_t *seen; /* digests of some that have no id, of writers only */
};

enum { AMOUNTS_MOST = 1 << 20 }; /* a ceiling for damaged files; writers stop long before */

void amounts_done(struct amounts *a);
/* Gives it the next id. -ENOMEM, -EFBIG. */
int amounts_add(struct amounts *a, const struct amount *what, struct err *e);
/* The id of it, below 0 where it is that of its negative; 0: none. */
int64_t amounts_find(const struct amounts *a, const struct amount *what);
/* Was it, or its negative, asked for before? Remembers some thousands. */
bool amounts_were_seen(struct amounts *a, const struct amount *what);
/* Only the first of them remain. */
void amounts_cut(struct amounts *a, size_t count);

bool amount_is_nothing(const struct amount *a);
/* to - from, where that can be said; false: it is beyond 64 bits. */
bool amount_between(struct amount *ret, const struct amount *from, const struct amount *to);
/* An estimate as a reader of the recording will have it: whole numbers from 0 to INT64_MAX. */
struct amount amount_of(const struct estimate *e);

/* Readers keep a variance as a double: beyond 2^53 they have not every whole number, and a difference must be of those they have. */
static inline int64_t amount_variance(double v)
{
	if (!(v > 0))
		return 0;
	if (v < 0x1p52)
		return (int64_t)(v + 0.5);
	return v >= 9.2e18 ? INT64_MAX : (int64_t)v;
}
