#include <stdio.h>
#include <string.h>

#include "check_memspy.h"
#include "memspy/names.h"

static struct names *names;
static struct err e;

static uint32_t string(const char *text)
{
	uint32_t id;

	ck_ok(names_string(names, text, strlen(text), &id, &e), e);
	return id;
}

START_TEST(the_same_thing_has_one_id)
{
	uint32_t a, b, c;
	struct frame f = { .function = 1, .file = 2, .line = 3 };

	ck_ok(names_new(&names, &e), e);
	ck_assert_uint_eq(string("leak"), 1);
	ck_assert_uint_eq(string("app.py"), 2);
	ck_assert_uint_eq(string("leak"), 1);
	ck_assert_uint_eq(string(""), 0);

	ck_ok(names_frame(names, &f, &a, &e), e);
	ck_ok(names_frame(names, &f, &b, &e), e);
	ck_assert_uint_eq(a, b);
	f.line = 4;
	ck_ok(names_frame(names, &f, &c, &e), e);
	ck_assert_uint_ne(a, c);

	ck_ok(names_stack(names, 0, a, &b, &e), e);
	ck_ok(names_stack(names, 0, a, &c, &e), e);
	ck_assert_uint_eq(b, c);
	ck_ok(names_stack(names, b, a, &c, &e), e);
	ck_assert_uint_eq(names_stack_at(names, c).parent, b);
	names_free(names);
}
END_TEST

START_TEST(ids_survive_growth)
{
	char text[32];

	ck_ok(names_new(&names, &e), e);
	for (unsigned i = 1; i <= 5000; i++) {
		snprintf(text, sizeof(text), "f%u", i);
		ck_assert_uint_eq(string(text), i);
	}
	ck_assert_uint_eq(string("f77"), 77);
	ck_assert_str_eq(names_text(names, 4999), "f4999");
	names_free(names);
}
END_TEST

START_TEST(an_unknown_id_is_nothing_at_all)
{
	ck_ok(names_new(&names, &e), e);
	ck_assert_str_eq(names_text(names, 7), "");
	ck_assert_uint_eq(names_frame_at(names, 7).function, 0);
	ck_assert_uint_eq(names_stack_at(names, 7).parent, 0);
	names_free(names);
}
END_TEST

TESTS("names", the_same_thing_has_one_id, ids_survive_growth, an_unknown_id_is_nothing_at_all)
