#include <limits.h>

#include "python_private.h"

/* Tables are claims too: a line that no file has is no line. */
static int as_line(int64_t line)
{
	return line > 0 && line <= INT_MAX ? (int)line : 0;
}

/* co_lnotab: pairs of steps in address and line; large steps are spread over several pairs. */
static int line_of_steps(const uint8_t *t, size_t length, int64_t line, uint32_t offset, bool is_signed)
{
	uint64_t address = 0;

	for (size_t i = 0; i + 1 < length; i += 2) {
		address += t[i];
		if (address > offset)
			break;
		line += is_signed ? (int8_t)t[i + 1] : t[i + 1];
	}
	return as_line(line);
}

/* PEP 626: pairs of a length in bytes and a step in lines, -128 for code that has no line. */
static int line_of_ranges(const uint8_t *t, size_t length, int64_t line, uint32_t offset)
{
	uint64_t end = 0;

	for (size_t i = 0; i + 1 < length; i += 2) {
		int8_t step = (int8_t)t[i + 1];

		end += t[i];
		if (step != -128)
			line += step;
		if (offset < end)
			return step == -128 ? 0 : as_line(line);
	}
	return 0;
}

/* Six bits a byte, the lowest first, bit 6 says that more follow; the sign, if any, is in bit 0 of the number. */
static bool varint(const uint8_t *t, size_t length, size_t *at, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < length && shift < 60; shift += 6) {
		uint8_t byte = t[(*at)++];

		value |= (uint64_t)(byte & 0x3f) << shift;
		if (!(byte & 0x40)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static int64_t with_sign(uint64_t v)
{
	return v & 1 ? -(int64_t)(v >> 1) : (int64_t)(v >> 1);
}

/*
 * PEP 657: an entry opens with a byte whose bit 7 is set: kind in bits 3 to 6, length in code units less one below. What
 * follows depends on the kind; a table that breaks off says no more than it said.
 */
static void place_of_entry(const uint8_t *t, size_t length, unsigned kind, size_t at, struct python_place *ret)
{
	enum { NO_COLUMNS = 13, LONG = 14 };
	uint64_t more, column, end_column;

	ret->end_line = ret->line;
	if (kind == LONG) {
		if (!varint(t, length, &at, &more) || !varint(t, length, &at, &column) || !varint(t, length, &at, &end_column))
			return;
		ret->end_line = as_line(ret->line + (int64_t)(more < INT_MAX ? more : INT_MAX));
		ret->column = column < INT_MAX ? (int)column - 1 : -1; /* 0: not known */
		ret->end_column = end_column < INT_MAX ? (int)end_column - 1 : -1;
	} else if (kind < 10 && at < length) {
		ret->column = (int)(kind << 3 | t[at] >> 4);
		ret->end_column = ret->column + (t[at] & 15);
	} else if (kind < NO_COLUMNS && at + 1 < length) {
		ret->column = t[at];
		ret->end_column = t[at + 1];
	}
}

static void place_of_locations(const uint8_t *t, size_t length, int64_t line, uint32_t offset, struct python_place *ret)
{
	enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
	uint64_t end = 0;

	for (size_t i = 0; i < length;) {
		unsigned kind = t[i] >> 3 & 15;
		uint64_t step;

		end += ((t[i] & 7u) + 1) * 2;
		i++;
		if (kind == NO_COLUMNS || kind == LONG) {
			if (!varint(t, length, &i, &step))
				return;
			line += with_sign(step);
		} else if (kind >= ONE_LINE && kind < NO_COLUMNS) {
			line += kind - ONE_LINE;
		}
		if (offset < end) {
			ret->line = kind == NONE ? 0 : as_line(line);
			if (ret->line)
				place_of_entry(t, length, kind, i, ret);
			return;
		}
		while (i < length && !(t[i] & 0x80))
			i++;
	}
}

void python_place(const struct python *p, const uint8_t *table, size_t length, int first_line, uint32_t offset,
		  struct python_place *ret)
{
	*ret = (struct python_place){ 0, 0, -1, -1 };
	switch (p->layout.line_format) {
	case PY_LINES_UNSIGNED:
		ret->line = line_of_steps(table, length, first_line, offset, false);
		break;
	case PY_LINES_SIGNED:
		ret->line = line_of_steps(table, length, first_line, offset, true);
		break;
	case PY_LINES_RANGES:
		ret->line = line_of_ranges(table, length, first_line, offset);
		break;
	case PY_LINES_LOCATIONS:
		place_of_locations(table, length, first_line, offset, ret);
		break;
	}
}

int python_line(const struct python *p, const uint8_t *table, size_t length, int first_line, uint32_t offset)
{
	struct python_place place;

	python_place(p, table, length, first_line, offset, &place);
	return place.line;
}
