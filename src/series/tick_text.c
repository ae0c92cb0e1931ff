#include "tick_text.h"

#include <string.h>

/*
 * Text in a JSON string has no bare quotation mark, so these can only be keys of an object: of the tick, or of one
 * inside it. With the latter the head does not close, and whoever parses it notices.
 */
const char *const tick_list_keys[LIST_COUNT] = { ",\"strings\":[", ",\"frames\":[",  ",\"stacks\":[",
						 ",\"sites\":[",   ",\"amounts\":[", ",\"changes\":[" };

static const char *find_key(const char *at, const char *end, enum tick_list list)
{
	return memmem(at, (size_t)(end - at), tick_list_keys[list], strlen(tick_list_keys[list]));
}

/* From its key to the "]" before `end`. */
static bool take_list(const char *key, const char *end, enum tick_list list, struct span *ret)
{
	const char *at = key + strlen(tick_list_keys[list]);

	if (end <= at || end[-1] != ']')
		return false;
	*ret = (struct span){ at, (size_t)(end - 1 - at) };
	return true;
}

bool tick_text_last(const char *line, size_t length, enum tick_list list, size_t *ret_head, struct span *ret)
{
	const char *key = length ? find_key(line, line + length, list) : NULL;

	if (!key || line[length - 1] != '}' || !take_list(key, line + length - 1, list, ret))
		return false;
	/* Not even a quotation mark: nothing but rows stands there, whatever is wrong with them. */
	if (strspn(ret->at, "0123456789,[]-") != ret->length + 1)
		return false;
	*ret_head = (size_t)(key - line);
	return true;
}

bool tick_text_split(const char *line, size_t length, struct tick_text *ret)
{
	const char *end = line + length - 1, *at = line, *keys[LIST_COUNT];

	memset(ret, 0, sizeof(*ret));
	if (length < 2 || line[0] != '{' || *end != '}')
		return false;
	/* The rows of changes are long: the others are looked for before them only. */
	keys[LIST_CHANGES] = find_key(line, end, LIST_CHANGES);
	for (int i = LIST_STRINGS; i < LIST_CHANGES; i++) {
		keys[i] = find_key(at, keys[LIST_CHANGES] ? keys[LIST_CHANGES] : end, (enum tick_list)i);
		at = keys[i] ? keys[i] : at;
	}
	for (int i = LIST_COUNT - 1; i >= 0; i--) {
		if (keys[i] && !take_list(keys[i], end, (enum tick_list)i, &ret->lists[i]))
			return false;
		end = keys[i] ? keys[i] : end;
	}
	ret->head = (size_t)(end - line);
	return true;
}

const char *number_read(const char *at, uint64_t *ret)
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

/* "1,2]" behind the "[" up to and with the "]"; stops before a "[" as well, where the caller allows for one. */
static const char *read_numbers(const char *at, const char *end, uint64_t *to, size_t most, size_t *ret_count)
{
	for (size_t n = 0; n < most; n++) {
		at = number_read(at, &to[n]);
		if (!at || at >= end || (*at != ',' && *at != ']'))
			return NULL;
		*ret_count = n + 1;
		if (*at++ == ']' || (at < end && *at == '['))
			return at;
	}
	return NULL;
}

const char *number_row_read(const char *at, const char *end, struct number_row *ret)
{
	ret->has_ages = false;
	if (at == end || *at != '[')
		return NULL;
	at = read_numbers(at + 1, end, ret->numbers, ROW_NUMBERS_MOST, &ret->count);
	if (!at || at[-1] == ']')
		return at;
	ret->has_ages = true;
	at = read_numbers(at + 1, end, ret->ages, LIFETIME_BUCKETS, &ret->age_count);
	return at && at[-1] == ']' && at < end && *at == ']' ? at + 1 : NULL;
}
