#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check_memspy.h"
#include "memspy/buf.h"
#include "memspy/units.h"

static const struct {
	const char *text;
	int code;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "512K", 0, 512 << 10 },
	{ "16M", 0, 16 << 20 },
	{ "1G", 0, 1 << 30 },
	{ "1T", 0, 1ull << 40 },
	{ "16MiB", 0, 16 << 20 },
	{ "1k", 0, 1024 },
	{ "1.5K", 0, 1536 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "9999999999T", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 K", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
	{ "1.5", -EINVAL, 0 }, /* half a byte */
	{ "1.", -EINVAL, 0 },
	{ ".5K", -EINVAL, 0 },
	{ "1KB", -EINVAL, 0 }, /* 1000 or 1024? */
	{ "1KiBs", -EINVAL, 0 },
	{ "512X", -EINVAL, 0 },
	{ "K", -EINVAL, 0 },
	{ "nan", -EINVAL, 0 },
	{ "inf", -EINVAL, 0 },
	{ "١", -EINVAL, 0 },
	{ "000000000000000000000000000000001K", -EINVAL, 0 },
};

START_TEST(a_size_is_understood_wholly_or_refused)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct err e = { "" };
		uint64_t got = 0;
		int r = units_parse_size(sizes[i].text, &got, &e);

		ck_assert_msg(r == sizes[i].code, "\"%s\" gave %d: %s", sizes[i].text, r, e.text);
		ck_assert_msg(got == sizes[i].bytes, "\"%s\" is %llu", sizes[i].text, (unsigned long long)got);
	}
}
END_TEST

static const struct {
	const char *text;
	int code;
	double seconds;
} durations[] = {
	{ "60", 0, 60 },	{ "0.5", 0, 0.5 },	{ "30s", 0, 30 },	{ "5m", 0, 300 },
	{ "2h", 0, 7200 },	{ "1d", 0, 86400 },	{ "1.5h", 0, 5400 },	{ "0", 0, 0 },
	{ "6O", -EINVAL, 0 },	{ "", -EINVAL, 0 },	{ "-1", -EINVAL, 0 },	{ "5 m", -EINVAL, 0 },
	{ "5min", -EINVAL, 0 }, { "1h30m", -EINVAL, 0 }, { "inf", -EINVAL, 0 },	{ "nan", -EINVAL, 0 },
	{ "1e5", -EINVAL, 0 },	{ "0x5", -EINVAL, 0 },	{ "1,5", -EINVAL, 0 },	{ "m", -EINVAL, 0 },
	{ "99999999d", -ERANGE, 0 },
};

START_TEST(a_time_is_understood_wholly_or_refused)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		struct err e = { "" };
		double got = 0;
		int r = units_parse_duration(durations[i].text, &got, &e);

		ck_assert_msg(r == durations[i].code, "\"%s\" gave %d: %s", durations[i].text, r, e.text);
		ck_assert_double_eq_tol(got, durations[i].seconds, 1e-9);
	}
}
END_TEST

START_TEST(a_refusal_shows_how_to_write_it)
{
	struct err e = { "" };
	uint64_t bytes;
	double seconds;

	units_parse_duration("6O", &seconds, &e);
	ck_assert_str_eq(e.text, "\"6O\" is not a time; write seconds (60) or 5m, 2h");
	units_parse_size("12Q", &bytes, &e);
	ck_assert_str_eq(e.text, "\"12Q\" is not a size; write bytes (4096) or 512K, 16M, 1G");
}
END_TEST

static const struct {
	const char *text;
	int code;
	int64_t value;
} numbers[] = {
	{ "4711", 0, 4711 }, { "-3", 0, -3 }, { "", -EINVAL, 0 }, { "-", -EINVAL, 0 }, { "12a", -EINVAL, 0 }, { "1.0", -EINVAL, 0 },
	{ "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
};

START_TEST(a_number_is_digits)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct err e = { "" };
		int64_t got = 0;
		int r = units_parse_number(numbers[i].text, &got, &e);

		ck_assert_msg(r == numbers[i].code, "\"%s\" gave %d", numbers[i].text, r);
		ck_assert_int_eq(got, numbers[i].value);
	}
}
END_TEST

START_TEST(bytes_have_one_decimal_and_the_right_unit)
{
	ck_assert_str_eq(units_bytes(0).text, "0 B");
	ck_assert_str_eq(units_bytes(1023).text, "1023 B");
	ck_assert_str_eq(units_bytes(1024).text, "1.0 KiB");
	ck_assert_str_eq(units_bytes(1048575).text, "1.0 MiB"); /* not 1024.0 KiB */
	ck_assert_str_eq(units_bytes(315831091).text, "301.2 MiB");
	ck_assert_str_eq(units_bytes(UINT64_MAX).text, "16.0 EiB");
	ck_assert_str_eq(units_signed_bytes(0).text, "0");
	ck_assert_str_eq(units_signed_bytes(3040870).text, "+2.9 MiB");
	ck_assert_str_eq(units_signed_bytes(-512).text, "-512 B");
	ck_assert_str_eq(units_signed_bytes(INT64_MIN).text, "-8.0 EiB");
}
END_TEST

START_TEST(a_size_can_be_read_back)
{
	static const uint64_t values[] = { 0, 1, 1000, 1024, 1536, 512 << 10, 16 << 20, 1ull << 40, 1ull << 55 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct err e = { "" };
		uint64_t got = 1;

		ck_ok(units_parse_size(units_size_option(values[i]).text, &got, &e), e);
		ck_assert_uint_eq(got, values[i]);
	}
	ck_assert_str_eq(units_size_option(512 << 10).text, "512K");
}
END_TEST

START_TEST(times_read_like_speech)
{
	ck_assert_str_eq(units_seconds(0).text, "0 s");
	ck_assert_str_eq(units_seconds(0.00021).text, "0.21 ms");
	ck_assert_str_eq(units_seconds(12.34).text, "12.3 s");
	ck_assert_str_eq(units_seconds(60).text, "60 s");
	ck_assert_str_eq(units_seconds(59.99).text, "60 s");
	ck_assert_str_eq(units_seconds(600).text, "10 min");
	ck_assert_str_eq(units_seconds(12000).text, "3 h 20 min");
	ck_assert_str_eq(units_seconds(3 * 86400 + 4 * 3600).text, "3 d 4 h");
}
END_TEST

static const struct {
	const char *claim, *plain;
} claims[] = {
	{ "app.py", "app.py" },
	{ "grüße/日本/🐍", "grüße/日本/🐍" },
	{ "\033[2Jgone", "?[2Jgone" },
	{ "two\nlines\ttab\x7f", "two?lines?tab?" },
	{ "\xff\xfe", "??" },
	{ "\xc2\x9b" "2J", "?2J" },	     /* CSI as one character */
	{ "\xe2\x80\xae" "txt.exe", "?txt.exe" }, /* written from right to left */
	{ "\xe2\x81\xa6x", "?x" },
	{ "cut \xe2\x82", "cut ??" },
};

START_TEST(what_others_call_themselves_cannot_move_the_cursor)
{
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct buf b = { 0 };

		buf_plain(&b, claims[i].claim);
		ck_assert_str_eq(b.data, claims[i].plain);
		buf_done(&b);
	}
}
END_TEST

START_TEST(a_number_is_told_as_printf_tells_it)
{
	static const int64_t told[] = { 0, 1, -1, 9, 10, -10, 99, 100, 123456789, INT64_MAX, INT64_MIN };
	struct buf b = { 0 };
	char want[64];

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		buf_reset(&b);
		buf_json_number(&b, "n", told[i]);
		snprintf(want, sizeof(want), ",\"n\":%lld", (long long)told[i]);
		ck_assert_str_eq(b.data, want);
	}
	buf_done(&b);
}
END_TEST

START_TEST(what_is_printed_is_whole_at_any_fill)
{
	struct buf b = { 0 };
	char text[600];

	/* Just room, one byte too few, far too few: the first 256 bytes are there at once. */
	for (size_t before = 0; before < 300; before++)
		for (size_t length = 0; length < 600; length += before % 7 + 1) {
			memset(text, 'x', length);
			text[length] = '\0';
			buf_done(&b);
			for (size_t i = 0; i < before; i++)
				buf_putc(&b, '.');
			buf_printf(&b, "%s%c", text, '!');
			ck_assert_uint_eq(b.length, before + length + 1);
			ck_assert_uint_eq(strlen(b.data), b.length);
			ck_assert(memcmp(b.data + before, text, length) == 0 && b.data[b.length - 1] == '!');
		}
	buf_done(&b);
}
END_TEST

START_TEST(json_says_what_stands_for_itself_and_escapes_the_rest)
{
	static const char *const cases[][2] = {
		{ "", "\"\"" }, { "plain", "\"plain\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" }, { "tab\tline\n", "\"tab\\tline\\n\"" },
		{ "\x1b[31m\x7f", "\"\\u001b[31m\\u007f\"" }, { "gr\xc3\xb6\xc3\x9f" "e", "\"gr\xc3\xb6\xc3\x9f" "e\"" },
		{ "bad \xff end", "\"bad \\ufffd end\"" }, { "cut \xe2\x82", "\"cut \\ufffd\\ufffd\"" },
	};
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		buf_json_string(&b, cases[i][0]);
		ck_assert_str_eq(b.data, cases[i][1]);
	}
	buf_done(&b);
}
END_TEST

TESTS("units", a_size_is_understood_wholly_or_refused, a_time_is_understood_wholly_or_refused,
      a_refusal_shows_how_to_write_it, a_number_is_digits, bytes_have_one_decimal_and_the_right_unit, a_size_can_be_read_back,
      times_read_like_speech, what_others_call_themselves_cannot_move_the_cursor,
      a_number_is_told_as_printf_tells_it, what_is_printed_is_whole_at_any_fill, json_says_what_stands_for_itself_and_escapes_the_rest)
