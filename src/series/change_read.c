/* The row of a change, read where it lies. */
#include <stddef.h>
#include <string.h>

#include "change.h"
#include "tick_text.h"

const char *amount_read(const char *at, const char *end, struct amount *ret)
{
	size_t count;

	memset(ret, 0, sizeof(*ret));
	return numbers_read(at, end, ret->figures, AMOUNT_FIGURES, &count);
}

/* An amount, or the id of one; below 0: of its negative. */
static const char *read_part(const char *at, const char *end, const struct amounts *a, struct amount *ret)
{
	int64_t id;

	if (at < end && *at == '[')
		return amount_read(at, end, ret);
	at = signed_read(at, end, &id);
	if (!at || id == 0)
		return at;
	if ((id > 0 ? id : -id) > (int64_t)a->count)
		return NULL;
	*ret = a->at[(id > 0 ? id : -id) - 1];
	for (int i = 0; id < 0 && i < AMOUNT_FIGURES; i++)
		ret->figures[i] = -ret->figures[i];
	return at;
}

/* A bucket in which there is one more, or pairs of bucket and how many. */
static const char *read_ages(const char *at, const char *end, struct change *ret)
{
	int64_t pairs[2 * LIFETIME_BUCKETS];
	size_t count = 2;

	pairs[1] = 1;
	at = at < end && *at == '[' ? numbers_read(at, end, pairs, 2 * LIFETIME_BUCKETS, &count) : signed_read(at, end, pairs);
	if (!at || count % 2)
		return NULL;
	memset(ret->ages, 0, sizeof(ret->ages));
	for (size_t i = 0; i < count; i += 2) {
		if (pairs[i] < 0 || pairs[i] >= LIFETIME_BUCKETS || pairs[i + 1] > UINT32_MAX || pairs[i + 1] < -(int64_t)UINT32_MAX)
			return NULL;
		ret->ages[pairs[i]] = pairs[i + 1];
	}
	ret->has_ages = count > 0;
	return at;
}

const char *change_read(const char *at, const char *end, const struct amounts *a, size_t sites, struct change *ret)
{
	struct amount *const amounts[] = { &ret->came, &ret->went, NULL, &ret->temporary, &ret->peak };
	uint64_t id;

	memset(ret, 0, offsetof(struct change, ages)); /* a million rows: no more of it than is needed */
	if (at == end || *at != '[')
		return NULL;
	at = number_read(at + 1, &id);
	if (!at || id == 0 || id > sites)
		return NULL;
	ret->site = (uint32_t)id - 1;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]) && at && at < end && *at == ','; i++)
		at = amounts[i] ? read_part(at + 1, end, a, amounts[i]) : read_ages(at + 1, end, ret);
	return at && at < end && *at == ']' ? at + 1 : NULL;
}
