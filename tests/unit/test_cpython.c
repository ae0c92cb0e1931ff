#include <stdio.h>
#include <string.h>

#include "../../src/cpython/python_private.h"
#include "array_remote.h"

static struct err e;

/* ---- text ---- */

static const uint8_t latin1[] = { 'n', 0xe9 };
static const uint16_t two[] = { 0x3a9, 0xdcff, 'x' };
static const uint32_t four[] = { 0x1f40d, 0x110000, 0xffffffff };
static const uint8_t utf8[] = { 0xc3, 0xa9, 0xff, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xc0, 0x80 };

static const struct {
	const char *name;
	const void *chars;
	size_t count;
	unsigned width;
	const char *text;
} texts[] = {
	{ "nothing", "", 0, 1, "" },
	{ "Latin-1", latin1, 2, 1, "n\u00e9" },
	{ "an undecodable byte of a file name", two, 3, 2, "\u03a9\ufffdx" },
	{ "beyond Unicode", four, 3, 4, "\U0001f40d\ufffd\ufffd" },
	{ "bytes that are UTF-8 here and there", utf8, 10, 0, "\u00e9\ufffd\u20ac\ufffd\ufffd\ufffd\ufffd" },
	{ "a NUL", "a\0b", 3, 1, "a\ufffd" "b" },
};

START_TEST(any_characters_become_utf8)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf b = { 0 };

		buf_puts(&b, "");
		python_text(texts[i].chars, texts[i].count, texts[i].width, &b);
		ck_assert_msg(!strcmp(b.data, texts[i].text), "%s: %s", texts[i].name, b.data);
		buf_done(&b);
	}
}
END_TEST

/* ---- a target that tells its own offsets ---- */

/* What CPython 3.13.0 says, as far as we read it. */
static const uint64_t own_3_13[][2] = {
	{ 8, 0x30d00f0 }, { 24, 283320 }, { 32, 608 },	{ 40, 632 },   { 48, 194968 }, { 64, 7264 }, { 72, 7344 },
	{ 112, 16 },	  { 120, 7752 },  { 136, 7768 }, { 144, 7760 }, { 152, 304 },  { 168, 8 },   { 176, 16 },
	{ 184, 72 },	  { 192, 152 },	  { 200, 160 },	 { 224, 80 },   { 232, 8 },    { 240, 0 },   { 248, 56 },
	{ 264, 70 },	  { 272, 208 },	  { 280, 112 },	 { 288, 120 },  { 296, 128 },  { 304, 136 }, { 312, 68 },
	{ 344, 200 },	  { 352, 16 },	  { 360, 8 },	 { 512, 40 },   { 520, 16 },   { 528, 32 },  { 536, 64 },
	{ 544, 32 },	  { 552, 16 },	  { 560, 40 },
};

/* And 3.14.10. */
static const uint64_t own_3_14[][2] = {
	{ 8, 0x30e0af0 }, { 24, 316616 }, { 32, 784 }, { 40, 808 }, { 48, 225864 }, { 64, 7272 }, { 72, 7344 },
	{ 120, 16 }, { 128, 7784 }, { 144, 7800 }, { 152, 7792 }, { 176, 832 }, { 192, 8 }, { 200, 16 },
	{ 208, 72 }, { 216, 152 }, { 224, 160 }, { 248, 88 }, { 256, 8 }, { 264, 0 }, { 272, 56 },
	{ 288, 74 }, { 312, 216 }, { 320, 112 }, { 328, 120 }, { 336, 128 }, { 344, 136 }, { 352, 68 },
	{ 384, 208 }, { 400, 16 }, { 408, 8 }, { 592, 40 }, { 600, 16 }, { 608, 32 }, { 616, 64 },
	{ 624, 32 }, { 632, 16 }, { 640, 40 },
};

/* And the free-threaded 3.14.7. */
static const uint64_t own_3_14t[][2] = {
	{ 8, 0x30e07f0 }, { 16, 1 }, { 24, 362304 }, { 32, 784 }, { 40, 808 }, { 48, 246720 }, { 64, 7272 }, { 72, 7344 },
	{ 120, 16 }, { 128, 7808 }, { 144, 7832 }, { 152, 7824 }, { 176, 832 }, { 192, 8 }, { 200, 16 },
	{ 208, 72 }, { 216, 152 }, { 224, 160 }, { 248, 88 }, { 256, 8 }, { 264, 0 }, { 272, 56 },
	{ 288, 78 }, { 304, 72 }, { 312, 240 }, { 320, 128 }, { 328, 136 }, { 336, 144 }, { 344, 152 },
	{ 352, 84 }, { 384, 232 }, { 392, 224 }, { 400, 32 }, { 408, 24 }, { 592, 56 }, { 600, 32 },
	{ 608, 48 }, { 616, 80 }, { 624, 48 }, { 632, 32 }, { 640, 56 },
};

/* And 3.15.2. */
static const uint64_t own_3_15[][2] = {
	{ 8, 0x30f02f0 }, { 24, 346568 }, { 32, 912 }, { 40, 936 }, { 48, 226240 }, { 64, 7264 }, { 72, 7336 },
	{ 120, 16 }, { 128, 7736 }, { 144, 7752 }, { 152, 7744 }, { 176, 888 }, { 192, 8 }, { 200, 16 },
	{ 208, 72 }, { 240, 176 }, { 248, 184 }, { 312, 88 }, { 320, 8 }, { 328, 0 }, { 336, 56 },
	{ 352, 74 }, { 376, 216 }, { 384, 112 }, { 392, 120 }, { 400, 128 }, { 408, 136 }, { 416, 68 },
	{ 448, 208 }, { 464, 16 }, { 472, 8 }, { 688, 40 }, { 696, 16 }, { 704, 32 }, { 712, 64 },
	{ 720, 32 }, { 728, 16 }, { 736, 40 },
};

static const struct {
	const char *name;
	size_t at;
	uint64_t value;
	size_t length;
	bool good;
} claims[] = {
	{ "as it is", 8, 0x30d00f0, 584, true },
	{ "a patch level with a longer thread", 152, 312, 584, true },
	{ "cut short", 8, 0x30d00f0, 583, false },
	{ "a field at the end of its struct", 232, 80, 584, false },
	{ "a field far away", 72, 1ull << 40, 584, false },
	{ "a struct of nothing", 224, 0, 584, false },
	{ "a struct larger than we copy", 152, 8192, 584, false },
	{ "a lock outside of its struct", 144, 9000, 584, false },
	{ "characters within the header", 560, 20, 584, false },
};

START_TEST(what_a_target_says_of_itself_is_checked)
{
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct py_layout l = py_3_13;
		uint64_t own[DEBUG_OFFSETS_MAX / 8] = { 0 };
		const char *why;

		memcpy(own, "xdebugpy", 8);
		for (size_t k = 0; k < sizeof(own_3_13) / sizeof(own_3_13[0]); k++)
			own[own_3_13[k][0] / 8] = own_3_13[k][1];
		own[claims[i].at / 8] = claims[i].value;
		ck_assert_msg(layout_take_own(&l, (const uint8_t *)own, claims[i].length, &why) == claims[i].good, "%s",
			      claims[i].name);
		if (!claims[i].good)
			ck_assert_mem_eq(&l, &py_3_13, sizeof(l));
	}
}
END_TEST

#define OWN(numbers) numbers, sizeof(numbers) / sizeof((numbers)[0])

static const struct {
	const struct py_layout *layout;
	const uint64_t (*numbers)[2];
	size_t count, length;
} own_tables[] = {
	{ &py_3_13, OWN(own_3_13), 584 },
	{ &py_3_14, OWN(own_3_14), 760 },
	{ &py_3_14t, OWN(own_3_14t), 760 },
	{ &py_3_15, OWN(own_3_15), 888 },
};

START_TEST(what_the_headers_say_and_what_the_target_says_agree)
{
	for (size_t i = 0; i < sizeof(own_tables) / sizeof(own_tables[0]); i++) {
		struct py_layout l = *own_tables[i].layout;
		uint64_t own[DEBUG_OFFSETS_MAX / 8] = { 0 };
		const char *why;

		for (size_t k = 0; k < own_tables[i].count; k++)
			own[own_tables[i].numbers[k][0] / 8] = own_tables[i].numbers[k][1];
		ck_assert(layout_take_own(&l, (const uint8_t *)own, own_tables[i].length, &why));
		/* The last members may differ with the way it was built (they do in 3.15): those we do not read. */
		l.runtime.size = own_tables[i].layout->runtime.size;
		l.interpreter.size = own_tables[i].layout->interpreter.size;
		ck_assert_mem_eq(&l, own_tables[i].layout, sizeof(l));
		ck_assert(!layout_take_own(&l, (const uint8_t *)own, own_tables[i].length - 1, &why));
	}
}
END_TEST

static const struct {
	const char *name;
	struct field field;
	bool there;
} fields[] = {
	{ "the last bytes", { 0, 8 }, true },
	{ "one byte past the end", { 1, 8 }, false },
	{ "far away", { 0xffffffff, 8 }, false },
	{ "a field of another version", { 0, 0 }, false },
	{ "wider than a number", { 0, 40 }, false },
};

START_TEST(a_field_is_read_within_the_copy)
{
	uint8_t bytes[8] = { 1 };
	uint64_t value;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		ck_assert_msg(view_get((struct view){ bytes, 8 }, fields[i].field, &value) == fields[i].there, "%s",
			      fields[i].name);
}
END_TEST

/* ---- frames ---- */

enum { THREAD = 0x10000, FRAMES = 0x10200, FRAME = 80 };

/* A thread of 3.13 and its frames, one after the other. */
static struct {
	uint8_t thread[512];
	uint8_t frames[6000 * FRAME];
} target;

static void put_word(raddr at, uint64_t value)
{
	memcpy((uint8_t *)&target + (at - THREAD), &value, sizeof(value));
}

static raddr frame_at(size_t i)
{
	return FRAMES + i * FRAME;
}

/* n frames, each the caller of the one before; the last says that `last` called it. */
static void chain(size_t n, raddr last)
{
	memset(&target, 0, sizeof(target));
	put_word(THREAD + py_3_13.thread.frame.offset, n ? frame_at(0) : last);
	for (size_t i = 0; i < n; i++) {
		put_word(frame_at(i) + py_3_13.frame.code.offset, 0x5000 + i);
		put_word(frame_at(i) + py_3_13.frame.previous.offset, i + 1 < n ? frame_at(i + 1) : last);
	}
}

static const struct {
	const char *name;
	size_t frames;
	raddr last;
	size_t count;
	bool truncated, torn;
} chains[] = {
	{ "no frame", 0, 0, 0, false, false },
	{ "one", 1, 0, 1, false, false },
	{ "more than one call reads", 600, 0, 600, false, false },
	{ "as deep as we go", STACK_DEPTH_MAX, 0, STACK_DEPTH_MAX, false, false },
	{ "deeper", 5000, 0, STACK_DEPTH_MAX, true, false },
	{ "into itself", 7, FRAMES + 3 * FRAME, 0, false, true },
	{ "a frame that is its own caller", 1, FRAMES, 0, false, true },
	{ "into nowhere", 3, 0xdead0000, 0, false, true },
	{ "nowhere at once", 0, 0xdead0000, 0, false, true },
};

START_TEST(every_walk_ends)
{
	struct array a = { THREAD, &target, sizeof(target), 0 };
	struct remote *r = array_remote(&a);
	struct python p = { .layout = py_3_13 };
	struct raw_stack s;

	ck_ok(raw_stack_init(&s, &e), e);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		chain(chains[i].frames, chains[i].last);
		ck_ok(raw_stack_walk(&p, r, THREAD, &s, &e), e);
		ck_assert_msg(s.count == chains[i].count && s.truncated == chains[i].truncated &&
				      s.torn == chains[i].torn,
			      "%s: %zu frames, truncated %d, torn %d", chains[i].name, s.count, s.truncated, s.torn);
		if (s.count)
			ck_assert_uint_eq(s.frames[s.count - 1].code, 0x5000 + s.count - 1);
	}
	a.answer = READ_GONE;
	ck_assert_int_eq(raw_stack_walk(&p, r, THREAD, &s, &e), READ_GONE);
	raw_stack_done(&s);
	remote_free(r);
}
END_TEST

START_TEST(tags_of_a_code_reference_are_no_part_of_its_address)
{
	struct array a = { THREAD, &target, sizeof(target), 0 };
	struct remote *r = array_remote(&a);
	struct python p = { .layout = py_3_14 };
	struct raw_stack s;

	ck_ok(raw_stack_init(&s, &e), e);
	for (uint64_t tags = 0; tags < 4; tags++) {
		memset(&target, 0, sizeof(target));
		put_word(THREAD + py_3_14.thread.frame.offset, frame_at(0));
		put_word(frame_at(0) + py_3_14.frame.code.offset, 0x5000 | tags);
		ck_ok(raw_stack_walk(&p, r, THREAD, &s, &e), e);
		ck_assert_uint_eq(s.count, 1);
		ck_assert_uint_eq(s.frames[0].code, 0x5000);
	}
	raw_stack_done(&s);
	remote_free(r);
}
END_TEST

/* A thread that calls and returns all the time: whenever we look it is in another innermost frame. */
static size_t reads;

static int restless_read(void *own, raddr at, void *to, size_t length, struct err *ignored)
{
	if (at == THREAD + py_3_13.thread.frame.offset)
		put_word(at, frame_at(reads++ % 3));
	return array_read(own, at, to, length, ignored);
}

START_TEST(of_a_restless_thread_the_outer_frames_are_kept)
{
	static const struct remote_ops ops = { .read = restless_read };
	struct array a = { THREAD, &target, sizeof(target), 0 };
	struct python p = { .layout = py_3_13 };
	struct raw_stack s;
	struct remote *r;

	chain(6, 0);
	ck_ok(remote_new(&r, &ops, &a, &e), e);
	ck_ok(raw_stack_init(&s, &e), e);
	ck_ok(raw_stack_walk(&p, r, THREAD, &s, &e), e);
	ck_assert(s.torn);
	ck_assert_uint_ge(s.count, 3);
	ck_assert_uint_eq(s.frames[s.count - 1].code, 0x5005);
	raw_stack_done(&s);
	remote_free(r);
}
END_TEST

/* Up to 3.10 a dead frame object waits in a list that looks like a stack; who comes there has lost the thread. */
START_TEST(the_dead_are_no_callers)
{
	struct array a = { THREAD, &target, sizeof(target), 0 };
	struct remote *r = array_remote(&a);
	struct python p = { .layout = py_3_9 };
	struct raw_stack s;

	ck_ok(raw_stack_init(&s, &e), e);
	for (size_t dead = 0; dead <= 4; dead++) {
		memset(&target, 0, sizeof(target));
		put_word(THREAD + py_3_9.thread.frame.offset, frame_at(0));
		for (size_t i = 0; i < 4; i++) {
			put_word(frame_at(2 * i), i != dead); /* references */
			put_word(frame_at(2 * i) + py_3_9.frame.code.offset, 0x5000 + i);
			put_word(frame_at(2 * i) + py_3_9.frame.previous.offset, i < 3 ? frame_at(2 * i + 2) : 0);
		}
		ck_ok(raw_stack_walk(&p, r, THREAD, &s, &e), e);
		ck_assert_int_eq(s.torn, dead < 4);
		ck_assert_uint_eq(s.count, dead < 4 ? 0 : 4);
	}
	raw_stack_done(&s);
	remote_free(r);
}
END_TEST

static const struct {
	const char *name;
	const struct py_layout *layout;
	uint64_t position;
	uint8_t owner;
	uint32_t first_traceable;
	bool complete;
	uint32_t offset;
} positions[] = {
	{ "bytes", &py_3_9, 12, 0, 0, true, 12 },
	{ "not started", &py_3_9, 0xffffffff, 0, 0, true, 0 },
	{ "code units", &py_3_10, 12, 0, 0, true, 24 },
	{ "a pointer", &py_3_13, 0x1000 + 200 + 30, 0, 1, true, 30 },
	{ "one instruction before the code", &py_3_12, 0x1000 + 192 - 2, 0, 0, false, 0 },
	{ "still being built", &py_3_12, 0x1000 + 192 + 2, 0, 2, false, 0 },
	{ "a generator being built is whole", &py_3_12, 0x1000 + 192 + 2, PY_OWNER_GENERATOR, 2, true, 2 },
};

START_TEST(a_position_is_an_offset_in_bytes)
{
	for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
		struct python p = { .layout = *positions[i].layout };
		struct raw_frame f = { .code = 0x1000, .position = positions[i].position, .owner = positions[i].owner };
		struct code code = { .first_traceable = positions[i].first_traceable };
		uint32_t offset = 0;
		bool complete;
		int r = raw_frame_offset(&p, NULL, &f, &code, &offset, &complete, &e);

		ck_assert_msg(!r && complete == positions[i].complete && (!complete || offset == positions[i].offset),
			      "%s: %d, %u", positions[i].name, complete, offset);
	}
}
END_TEST

TESTS("cpython", any_characters_become_utf8, what_a_target_says_of_itself_is_checked,
      what_the_headers_say_and_what_the_target_says_agree, a_field_is_read_within_the_copy, every_walk_ends,
      of_a_restless_thread_the_outer_frames_are_kept, the_dead_are_no_callers,
      tags_of_a_code_reference_are_no_part_of_its_address, a_position_is_an_offset_in_bytes)
