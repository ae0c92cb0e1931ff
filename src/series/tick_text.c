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

/* Those from `first` to `last`; the rows of the last are long: the others are looked for before them only. */
static bool take_lists(const char *line, size_t length, enum tick_list first, enum tick_list last, size_t *ret_head,
		       struct span lists[LIST_COUNT])
{
	const char *end = line + length - 1, *at = line, *keys[LIST_COUNT];

	if (length < 2 || line[0] != '{' || *end != '}')
		return false;
	keys[last] = find_key(line, end, last);
	for (enum tick_list i = first; i < last; i++) {
		keys[i] = find_key(at, keys[last] ? keys[last] : end, i);
		at = keys[i] ? keys[i] : at;
	}
	for (int i = (int)last; i >= (int)first; i--) {
		if (keys[i] && !take_list(keys[i], end, (enum tick_list)i, &lists[i]))
			return false;
		end = keys[i] ? keys[i] : end;
	}
	*ret_head = (size_t)(end - line);
	return true;
}

bool tick_text_split(const char *line, size_t length, struct tick_text *ret)
{
	memset(ret, 0, sizeof(*ret));
	return take_lists(line, length, LIST_STRINGS, LIST_CHANGES, &ret->head, ret->lists);
}

bool tick_text_numbers(const char *line, size_t length, enum tick_list last, struct tick_text *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!take_lists(line, length, LIST_FRAMES, last, &ret->head, ret->lists))
		return false;
	/* Not even a quotation mark: nothing but rows stands there, whatever is wrong with them. */
	for (int i = 0; i < LIST_COUNT; i++)
		if (ret->lists[i].length && strspn(ret->lists[i].at, "0123456789,[]-") < ret->lists[i].length)
			return false;
	return true;
}

const char *numbers_read(const char *at, const char *end, int64_t *to, size_t most, size_t *ret_count)
{
	size_t n = 0;

	if (at == end || *at++ != '[')
		return NULL;
	while (at < end && *at != ']') {
		if (n == most || (n && *at++ != ','))
			return NULL;
		at = signed_read(at, end, &to[n++]);
		if (!at)
			return NULL;
	}
	*ret_count = n;
	return at < end ? at + 1 : NULL;
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
