/*
 * tick_text: the line of a tick, taken apart without a parser of JSON.
 *
 * Nearly all of a recording are rows of numbers. Whoever reads them all, or copies them, need not make an object of
 * each: here they are found and read where they lie. What does not look as memspy writes it is no error but "not
 * such": the caller then asks a real parser. Serves this folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/sample.h"

struct span {
	const char *at;
	size_t length; /* 0: absent */
};

/* What is absent ends where it starts; to add to NULL is undefined, even 0. */
static inline const char *span_end(const struct span *span)
{
	return span->length ? span->at + span->length : span->at;
}

enum tick_list { LIST_STRINGS, LIST_FRAMES, LIST_STACKS, LIST_SITES, LIST_AMOUNTS, LIST_CHANGES, LIST_COUNT };
extern const char *const tick_list_keys[LIST_COUNT]; /* with the comma before and the bracket behind */

struct tick_text {
	size_t head;		       /* line[0 .. head) and a "}" are the tick without its lists */
	struct span lists[LIST_COUNT]; /* what is between the brackets */
};

/* The lists stand at the end of a line, in order; any may be missing. Says nothing about what is in them. */
bool tick_text_split(const char *line, size_t length, struct tick_text *ret);
/*
 * Only those of numbers, up to `last`, the longest; *ret is of no strings, they remain in the head. They are but digits, signs,
 * commas and brackets. The line is NUL-terminated.
 */
bool tick_text_numbers(const char *line, size_t length, enum tick_list last, struct tick_text *ret);

/* A number as JSON has them from 0 to INT64_MAX: no sign, no fraction, no leading 0. Where it ends, or NULL. What ends the
 * text can be read, too, and is no digit. */
static inline const char *number_read(const char *at, uint64_t *ret)
{
	const char *first = at;
	uint64_t v = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		v = v * 10 + (uint64_t)(*at - '0');
	if (at == first || at - first > 19 || (*first == '0' && at - first > 1) || v > INT64_MAX)
		return NULL; /* 19 digits fit in 64 bits */
	*ret = v;
	return at;
}

/* The same, perhaps with a minus before it. */
static inline const char *signed_read(const char *at, const char *end, int64_t *ret)
{
	const bool minus = at < end && *at == '-';
	uint64_t v;

	at = number_read(at + minus, &v);
	if (at)
		*ret = minus ? -(int64_t)v : (int64_t)v;
	return at;
}

/* "[1,-2]", with no more than `most`: behind the "]", or NULL. */
const char *numbers_read(const char *at, const char *end, int64_t *to, size_t most, size_t *ret_count);

enum { ROW_NUMBERS_MOST = 64 };

/* The row of a site in version 1: whole numbers, and behind them perhaps one list of whole numbers. */
struct number_row {
	uint64_t numbers[ROW_NUMBERS_MOST]; /* each up to INT64_MAX */
	size_t count;
	uint64_t ages[LIFETIME_BUCKETS];
	size_t age_count;
	bool has_ages;
};

/* The row at `at`; where it ends, or NULL: not such. What stands at `end` can be read, too, and is no digit. */
const char *number_row_read(const char *at, const char *end, struct number_row *ret);
