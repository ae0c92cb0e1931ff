#include <zlib.h>

#include "made_up.h"
#include "memspy/call_tree.h"
#include "memspy/gzip.h"
#include "memspy/protobuf.h"
#include "memspy/report.h"

static struct names *names;
static char path[64];

/* ---- protobuf ---- */

static void is_bytes(const char *name, const struct buf *got, const char *want, size_t length)
{
	ck_assert_msg(got->length == length && memcmp(got->data, want, length) == 0, "%s: other bytes", name);
}

START_TEST(numbers_are_as_long_as_they_need)
{
	static const struct {
		const char *name;
		uint64_t v;
		const char *bytes;
		size_t length;
	} cases[] = {
		{ "nothing", 0, "\x00", 1 },
		{ "the largest of one byte", 127, "\x7f", 1 },
		{ "the smallest of two", 128, "\x80\x01", 2 },
		{ "the example everybody gives", 300, "\xac\x02", 2 },
		{ "a gibibyte", 1u << 30, "\x80\x80\x80\x80\x04", 5 },
		{ "-1", UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = { 0 };

		protobuf_varint(&b, cases[i].v);
		is_bytes(cases[i].name, &b, cases[i].bytes, cases[i].length);
		buf_done(&b);
	}
}
END_TEST

START_TEST(fields_carry_their_number_and_kind)
{
	struct buf message = { 0 }, inner = { 0 };

	protobuf_number(&message, 1, 150);
	is_bytes("a number", &message, "\x08\x96\x01", 3);
	protobuf_number(&message, 2, 0);
	is_bytes("a number that is 0", &message, "\x08\x96\x01", 3);
	buf_reset(&message);
	protobuf_bytes(&message, 2, "testing", 7);
	is_bytes("a text", &message, "\x12\x07testing", 9);
	buf_reset(&message);
	protobuf_bytes(&message, 6, "", 0);
	is_bytes("the empty text", &message, "\x32\x00", 2);
	buf_reset(&message);
	protobuf_number(&inner, 1, 150);
	protobuf_take(&message, 16, &inner); /* the first field number that takes two bytes */
	is_bytes("a message", &message, "\x82\x01\x03\x08\x96\x01", 6);
	ck_assert_uint_eq(inner.length, 0);
	buf_done(&message);
	buf_done(&inner);
}
END_TEST

/* ---- gzip ---- */

static void comes_back(const struct buf *from)
{
	struct buf packed = { 0 };
	z_stream z = { 0 };
	char *back = malloc(from->length + 1);

	ck_ok(gzip_buf(&packed, from, &e), e);
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK); /* gzip's header or nothing */
	z.next_in = (unsigned char *)packed.data;
	z.avail_in = (unsigned)packed.length;
	z.next_out = (unsigned char *)back;
	z.avail_out = (unsigned)from->length + 1;
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, from->length);
	ck_assert(from->length == 0 || memcmp(back, from->data, from->length) == 0);
	inflateEnd(&z);
	free(back);
	buf_done(&packed);
}

START_TEST(what_is_packed_comes_back)
{
	struct buf b = { 0 };
	uint32_t state = 1;

	comes_back(&b);
	buf_puts(&b, "short");
	comes_back(&b);
	for (int i = 0; i < 1000000; i++) {
		state = state * 1664525 + 1013904223;
		buf_putc(&b, (char)(state >> 24)); /* does not get smaller */
	}
	comes_back(&b);
	buf_done(&b);
}
END_TEST

/* ---- the call tree ---- */

/* main calls serve, at two lines; serve calls itself and remember; and there is memory without Python. */
static struct report *a_report(enum rows_by by)
{
	struct recording_writer *w;
	struct site sites[6];
	struct sample s;
	struct report *r;
	uint32_t main_, serve, again;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	main_ = made_call(names, 0, "main", "/srv/shop/app.py", 12);
	serve = made_call(names, main_, "serve", "/srv/shop/app.py", 40);
	again = made_call(names, serve, "serve", "/srv/shop/app.py", 41);
	sites[0] = made_site(0, 5 * MIB, 10);
	sites[1] = made_site(serve, 1 * MIB, 2);
	sites[2] = made_site(again, 2 * MIB, 4);
	sites[3] = made_site(made_call(names, again, "remember", "/srv/shop/cache.py", 88), 90 * MIB, 200);
	sites[4] = made_site(made_call(names, made_call(names, 0, "main", "/srv/shop/app.py", 13), "other", "/srv/shop/b.py", 1),
			     7 * MIB + 1, 4);
	sites[5] = made_site(again, 3 * MIB, 4);
	sites[5].thread = 101;
	s = made_sample(0, 609 * MIB, sites, 6);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	recording_writer_free(w);
	ck_ok(report_new(&r, path, &(struct report_ask){ .by = by }, &e), e);
	return r;
}

static void tree_is(enum rows_by by, const char *want)
{
	struct report *r = a_report(by);
	struct buf got = { 0 };
	struct call_tree *t;
	uint64_t own = 0;

	ck_ok(call_tree_of_view(&t, r, &e), e);
	for (uint32_t i = 1; i < t->count; i++) {
		const struct branch *b = &t->at[i];
		uint32_t depth = call_tree_path(t, i);

		ck_assert_uint_lt(b->parent, i);
		ck_assert_uint_eq(depth, t->at[b->parent].depth + 1);
		ck_assert_uint_eq(t->path[depth - 1], b->place);
		buf_printf(&got, "%*s", (int)depth, "");
		place_name(&got, &t->places[b->place]);
		buf_printf(&got, " %llu", (unsigned long long)b->total.bytes / MIB);
		buf_printf(&got, "/%llu, ", (unsigned long long)b->own.bytes / MIB);
		own += b->own.bytes;
	}
	ck_assert_str_eq(got.data, want);
	ck_assert_uint_eq(own, 108 * MIB + 1);
	ck_assert_uint_eq(t->at[0].total.bytes, own);
	ck_assert_uint_eq(t->at[0].after, t->count);
	call_tree_free(t);
	buf_done(&got);
	report_free(r);
	unlink(path);
	names_free(names);
}

START_TEST(stacks_grow_together_larger_siblings_first)
{
	tree_is(BY_LINE, " main 96/0,   serve 96/1,    serve 95/5,     remember 90/90,  main 7/0,   other 7/7,  <no python> 5/5, ");
}
END_TEST

START_TEST(by_function_lines_of_one_function_are_one_branch)
{
	tree_is(BY_FUNCTION, " main 103/0,   serve 96/1,    serve 95/5,     remember 90/90,   other 7/7,  <no python> 5/5, ");
}
END_TEST

START_TEST(by_file_a_branch_is_a_file)
{
	tree_is(BY_FILE, " /srv/shop/app.py 103/0,   /srv/shop/app.py 96/1,    /srv/shop/app.py 95/5,     "
			 "/srv/shop/cache.py 90/90,   /srv/shop/b.py 7/7,  <no python> 5/5, ");
}
END_TEST

START_TEST(by_module_calls_within_it_are_not_told)
{
	tree_is(BY_MODULE, " app 103/6,   cache 90/90,   b 7/7,  <no python> 5/5, ");
}
END_TEST

TESTS("exports", numbers_are_as_long_as_they_need, fields_carry_their_number_and_kind, what_is_packed_comes_back,
      stacks_grow_together_larger_siblings_first, by_function_lines_of_one_function_are_one_branch,
      by_file_a_branch_is_a_file, by_module_calls_within_it_are_not_told)
