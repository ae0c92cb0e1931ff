/* The lists of a tick whose rows are a few whole numbers: where they lie, or as a parser took them. */
#include <errno.h>

#include "series_private.h"

bool list_id(const struct list_row *row, size_t column, uint64_t most, uint32_t *ret)
{
	if (column >= row->count || row->numbers[column] < 0 || (uint64_t)row->numbers[column] > most)
		return false;
	*ret = (uint32_t)row->numbers[column];
	return true;
}

static struct list_row parsed_row(const json_t *v)
{
	struct list_row row = { { INT64_MIN }, json_is_array(v) ? json_array_size(v) : 1 };

	if (row.count > LIST_COLUMNS)
		row.count = LIST_COLUMNS;
	for (size_t i = 0; i < row.count && json_is_array(v); i++) {
		const json_t *number = json_array_get(v, i);

		row.numbers[i] = json_is_integer(number) ? json_integer_value(number) : INT64_MIN;
	}
	return row;
}

static int take_parsed(struct series *s, const json_t *rows, size_t from, list_taker *take, struct err *e)
{
	int r = 0;

	for (size_t i = from; i < json_array_size(rows) && r == 0; i++) {
		struct list_row row = parsed_row(json_array_get(rows, i));

		r = take(s, &row, e);
	}
	return r;
}

int series_each(struct series *s, const struct tick *tick, enum tick_list list, const char *key, list_taker *take, struct err *e)
{
	const struct span *text = &tick->lists[list];
	const char *at = text->at, *end = span_end(text);
	const json_t *rows = NULL;
	json_auto_t *parsed = NULL;
	struct list_row row;
	size_t n = 0;
	int r;

	while (at && at < end) {
		at = numbers_read(at, end, row.numbers, LIST_COLUMNS, &row.count);
		if (!at || (at < end && *at != ','))
			break;
		r = take(s, &row, e);
		if (r < 0)
			return r;
		n++;
		if (at < end && ++at == end)
			at = NULL; /* a comma too many */
	}
	if (text->length && at == end)
		return 0;
	if (!text->length) {
		r = series_list(s, tick->rest, key, &rows, e);
		return r < 0 ? r : take_parsed(s, rows, 0, take, e);
	}
	/* From the first that is not such: a parser knows more, and what to say. */
	parsed = json_loadb(text->at - 1, text->length + 2, 0, NULL);
	return parsed ? take_parsed(s, parsed, n, take, e) : series_bad(s, e, "not a tick: its %s are no list", key);
}
