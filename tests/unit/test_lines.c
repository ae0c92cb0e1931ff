#include <string.h>

#include "../../src/cpython/python_private.h"
#include "check_memspy.h"

/* From first to last byte of the code it is this line; 0: none; -1 ends the list. */
struct expected {
	uint32_t first, last;
	int line;
};

static const struct {
	const char *name;
	enum py_line_format format;
	int first_line;
	size_t length;
	const char *table;
	struct expected lines[20];
} tables[] = {
#include "line_tables.h"
};

START_TEST(every_byte_of_the_code_has_the_line_that_its_python_says)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct python p = { .layout.line_format = tables[i].format };

		for (const struct expected *x = tables[i].lines; x->line >= 0; x++)
			for (uint32_t offset = x->first; offset <= x->last; offset++) {
				int line = python_line(&p, (const uint8_t *)tables[i].table, tables[i].length,
						       tables[i].first_line, offset);

				ck_assert_msg(line == x->line, "%s: byte %u is line %d, not %d", tables[i].name, offset,
					      x->line, line);
			}
	}
}
END_TEST

static const struct {
	const char *name;
	int first_line;
	size_t length;
	const char *table;
	struct {
		uint32_t first, last; /* the other way round: the end */
		struct python_place place;
	} rows[20];
} places[] = {
#include "place_tables.h"
};

START_TEST(every_byte_of_the_code_is_where_its_python_says)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct python p = { .layout.line_format = PY_LINES_LOCATIONS };

		for (size_t k = 0; places[i].rows[k].first <= places[i].rows[k].last; k++)
			for (uint32_t offset = places[i].rows[k].first; offset <= places[i].rows[k].last; offset++) {
				const struct python_place *said = &places[i].rows[k].place;
				struct python_place at;

				python_place(&p, (const uint8_t *)places[i].table, places[i].length, places[i].first_line, offset,
					     &at);
				ck_assert_msg(at.line == said->line && at.end_line == said->end_line && at.column == said->column &&
						      at.end_column == said->end_column,
					      "%s: byte %u is %d:%d to %d:%d", places[i].name, offset, at.line, at.column,
					      at.end_line, at.end_column);
			}
	}
}
END_TEST

START_TEST(a_table_without_columns_says_none)
{
	static const uint8_t pairs[] = { 4, 1, 4, 1 };
	struct python p = { .layout.line_format = PY_LINES_RANGES };
	struct python_place at;

	python_place(&p, pairs, sizeof(pairs), 10, 5, &at);
	ck_assert_int_eq(at.line, 12);
	ck_assert_int_eq(at.end_line, 0);
	ck_assert_int_eq(at.column, -1);
	ck_assert_int_eq(at.end_column, -1);
}
END_TEST

START_TEST(a_table_cut_short_says_no_line_rather_than_a_wrong_read)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t length = 0; length < tables[i].length; length++) {
			struct python p = { .layout.line_format = tables[i].format };
			uint8_t *copy = malloc(length + 1); /* so that a sanitizer sees a read too far */
			int line;

			memcpy(copy, tables[i].table, length);
			line = python_line(&p, memmove(copy + 1, copy, length), length, tables[i].first_line, 1u << 30);
			ck_assert_int_ge(line, 0);
			free(copy);
		}
}
END_TEST

START_TEST(a_table_of_nonsense_ends)
{
	uint8_t noise[4096];
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)((state = state * 1103515245 + 12345) >> 16);
	for (int format = PY_LINES_UNSIGNED; format <= PY_LINES_LOCATIONS; format++) {
		struct python p = { .layout.line_format = (enum py_line_format)format };

		for (uint32_t offset = 0; offset < 20000; offset += 7)
			ck_assert_int_ge(python_line(&p, noise, sizeof(noise), 1, offset), 0);
		ck_assert_int_eq(python_line(&p, noise, 0, 0, 5), 0);
	}
}
END_TEST

TESTS("lines", every_byte_of_the_code_has_the_line_that_its_python_says, every_byte_of_the_code_is_where_its_python_says,
      a_table_without_columns_says_none,
      a_table_cut_short_says_no_line_rather_than_a_wrong_read, a_table_of_nonsense_ends)
