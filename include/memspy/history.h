/*
 * history: RSS and heap over all the time we looked, in bounded room, for a graph.
 *
 * When it is full every second moment is forgotten and from then on only every second one is kept: the moments stay
 * evenly spaced, and the newest is always there. It holds no memory of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HISTORY_MOST = 512 };

struct past {
	double seconds;
	uint64_t rss_bytes, heap_bytes;
};

struct history {
	struct past at[HISTORY_MOST];
	size_t count; /* the last may be replaced by the next */
	size_t step;  /* moments that one stands for; 0: none was added yet */
	size_t since; /* moments added since the last that stays */
};

void history_add(struct history *h, const struct past *now);
/* The newest that is at least so many seconds before the last; the first if there is none; NULL when it is empty. */
const struct past *history_before(const struct history *h, double seconds);
/*
 * What stands in the i-th of `places` places of a graph, oldest first: the largest figures of the moments that fall there. While
 * there are fewer moments than places the first places are empty: 0 is returned.
 */
int history_place(const struct history *h, size_t places, size_t i, struct past *ret);
