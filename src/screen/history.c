#include "memspy/history.h"

void history_add(struct history *h, const struct past *now)
{
	if (h->step == 0)
		h->step = 1;
	/* The last is provisional until as many moments have come as one stands for. */
	if (h->count && h->since < h->step) {
		h->at[h->count - 1] = *now;
		h->since++;
		return;
	}
	if (h->count == HISTORY_MOST) {
		for (size_t i = 0; i < HISTORY_MOST / 2; i++)
			h->at[i] = h->at[2 * i + 1];
		h->count = HISTORY_MOST / 2;
		h->step *= 2;
	}
	h->at[h->count++] = *now;
	h->since = 1;
}

const struct past *history_before(const struct history *h, double seconds)
{
	if (h->count == 0)
		return NULL;
	for (size_t i = h->count; i-- > 0;)
		if (h->at[h->count - 1].seconds - h->at[i].seconds >= seconds)
			return &h->at[i];
	return &h->at[0];
}

int history_place(const struct history *h, size_t places, size_t i, struct past *ret)
{
	size_t from, to;

	if (h->count <= places) {
		if (i < places - h->count)
			return 0;
		*ret = h->at[i - (places - h->count)];
		return 1;
	}
	from = i * h->count / places;
	to = (i + 1) * h->count / places;
	*ret = h->at[from];
	for (size_t k = from + 1; k < to; k++) {
		ret->seconds = h->at[k].seconds;
		if (h->at[k].rss_bytes > ret->rss_bytes)
			ret->rss_bytes = h->at[k].rss_bytes;
		if (h->at[k].heap_bytes > ret->heap_bytes)
			ret->heap_bytes = h->at[k].heap_bytes;
	}
	return 1;
}
