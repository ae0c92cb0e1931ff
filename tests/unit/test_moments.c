#include <math.h>

#include "made_up.h"
#include "memspy/moments.h"

static char path[64];

START_TEST(a_moment_is_written_as_people_say_it)
{
	static const struct {
		const char *text;
		double seconds; /* of 200; below 0: refused */
	} cases[] = {
		{ "0", 0 },    { "30", 30 },   { "0.5", 0.5 }, { "2m", 120 },	{ "1h", 200 },	{ "-10", 190 }, { "-1m", 140 },
		{ "-1h", 0 },  { "0%", 0 },    { "50%", 100 }, { "12.5%", 25 }, { "100%", 200 },
		{ "101%", -1 }, { "-5%", -1 }, { "%", -1 },    { "", -1 },	{ "-", -1 },	{ "--3", -1 },	{ "5m%", -1 },
		{ "end", -1 }, { "1e3", -1 },  { "nan", -1 },  { "3 ", -1 },	{ "90%%", -1 },
		{ "111111111111111111111111111111111111111111111111111111111111%", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct moment m = { 0 };
		int r = moment_parse(&m, cases[i].text, &e);

		if (cases[i].seconds < 0)
			ck_assert_msg(r < 0 && strstr(e.text, "90%"), "%s", cases[i].text);
		else
			ck_assert_msg(r == 0 && fabs(moment_seconds(&m, 200, -1) - cases[i].seconds) < 1e-9, "%s", cases[i].text);
	}
	ck_assert(moment_seconds(&(struct moment){ 0 }, 200, 7) == 7);
}
END_TEST

/* Ticks at 0, 30, 55 and 60 s; a site that grows, one that comes late. */
static void record(void)
{
	struct recording_writer *w;
	struct names *n;
	struct site sites[2];
	static const double times[] = { 0, 30, 55, 60 };

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&n, &e), e);
	w = made_writer(path, 0);
	sites[0] = made_site(made_call(n, 0, "f", "a.py", 1), 0, 0);
	sites[1] = made_site(made_call(n, 0, "g", "a.py", 2), 7 * MIB, 14);
	for (unsigned i = 0; i < 4; i++) {
		struct sample s = made_sample(times[i], (i == 1 ? 90 : 50 + i) * MIB, sites, i < 2 ? 1 : 2);

		sites[0].live = made_estimate((i + 1) * MIB, i + 1);
		sites[0].alloc = made_estimate((i + 1) * 10 * MIB, (i + 1) * 10);
		ck_ok(recording_writer_tick(w, &s, n, &e), e);
	}
	recording_writer_free(w);
	names_free(n);
}

static struct moment moment_of(const char *text)
{
	struct moment m = { 0 };

	if (text)
		ck_ok(moment_parse(&m, text, &e), e);
	return m;
}

START_TEST(a_stretch_is_of_the_ticks_in_it)
{
	static const struct {
		const char *from, *to;
		double begins, ends;
		unsigned before, after; /* MiB of the site that grows */
		size_t sites, ticks;
		unsigned most;
	} cases[] = {
		{ NULL, NULL, 0, 60, 1, 4, 2, 4, 90 },
		{ "90%", NULL, 55, 60, 3, 4, 2, 2, 90 },
		{ "55", "-5", 55, 55, 3, 3, 2, 1, 90 },
		{ "1", "59", 30, 55, 2, 3, 2, 2, 90 },
		{ NULL, "29.9", 0, 0, 1, 1, 1, 1, 50 },
		{ NULL, "0", 0, 0, 1, 1, 1, 1, 50 },
		{ "-1h", "1h", 0, 60, 1, 4, 2, 4, 90 },
		{ "60", NULL, 60, 60, 4, 4, 2, 1, 90 },
	};

	record();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct moments m;
		const struct sample *s;

		ck_ok(moments_open(&m, path, moment_of(cases[i].from), moment_of(cases[i].to), &e), e);
		s = series_sample(m.series);
		ck_assert_double_eq_tol(m.from_seconds, cases[i].begins, 1e-6);
		ck_assert_double_eq_tol(m.to_seconds, cases[i].ends, 1e-6);
		ck_assert_double_eq_tol(m.last_seconds, 60, 1e-6);
		ck_assert_uint_eq(moments_before(&m, 0)->live.bytes, cases[i].before * MIB);
		ck_assert_uint_eq(s->sites[0].live.bytes, cases[i].after * MIB);
		ck_assert_uint_eq(s->site_count, cases[i].sites);
		ck_assert_uint_eq(moments_before(&m, 1)->live.bytes, cases[i].begins > 50 ? 7 * MIB : 0);
		ck_assert_uint_eq(m.ticks, cases[i].ticks);
		ck_assert_uint_eq(m.rss_most, cases[i].most * MIB);
		ck_assert_uint_eq(m.rss_first, 50 * MIB);
		ck_assert(m.is_whole == (cases[i].ends > 59));
		moments_done(&m);
	}
	unlink(path);
}
END_TEST

START_TEST(the_largest_moment_of_a_stretch_is_a_tick_in_it)
{
	static const struct {
		const char *from, *to;
		double at;
	} cases[] = { { NULL, NULL, 60 }, { NULL, "55", 55 }, { "10", "50", 30 }, { "0", "0", 0 } };
	double at;

	record();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_ok(moments_largest(path, moment_of(cases[i].from), moment_of(cases[i].to), &at, &e), e);
		ck_assert_double_eq_tol(at, cases[i].at, 1e-6);
	}
	ck_assert_int_lt(moments_largest(path, moment_of("31"), moment_of("54"), &at, &e), 0);
	unlink(path);
}
END_TEST

START_TEST(a_stretch_without_a_tick_is_a_sentence)
{
	struct moments m;

	record();
	ck_assert_int_lt(moments_open(&m, path, moment_of("31"), moment_of("54"), &e), 0);
	ck_assert_msg(strstr(e.text, "no tick between 31.0 and 54.0 s; the nearest are at 30.0 and 55.0 s"), "%s", e.text);
	ck_assert_int_lt(moments_open(&m, path, moment_of("40"), moment_of("20"), &e), 0);
	ck_assert_msg(strstr(e.text, "begins at 40.0 s, after it ends at 20.0 s"), "%s", e.text);
	unlink(path);
	recording_writer_free(made_writer(path, 0));
	ck_assert_int_lt(moments_open(&m, path, moment_of(NULL), moment_of(NULL), &e), 0);
	ck_assert_msg(strstr(e.text, "holds no moment yet"), "%s", e.text);
	unlink(path);
	ck_assert_int_lt(moments_open(&m, path, moment_of(NULL), moment_of(NULL), &e), 0);
	ck_assert_msg(strstr(e.text, "cannot open"), "%s", e.text);
}
END_TEST

START_TEST(a_torn_last_tick_is_left_out)
{
	struct moments m;
	FILE *f;
	long size;

	record();
	f = fopen(path, "r+e");
	ck_assert(f && fseek(f, 0, SEEK_END) == 0);
	size = ftell(f);
	ck_assert_int_eq(ftruncate(fileno(f), size - 20), 0);
	fclose(f);
	ck_ok(moments_open(&m, path, moment_of(NULL), moment_of(NULL), &e), e);
	ck_assert_double_eq_tol(m.to_seconds, 55, 1e-6);
	ck_assert_double_eq_tol(m.last_seconds, 55, 1e-6);
	moments_done(&m);
	unlink(path);
}
END_TEST

/* Three sites: 10 blocks for 60 s, 20 of which 5 stay after 30 s, and 4 from 55 s on. */
START_TEST(blocks_live_as_long_as_ticks_saw_them)
{
	static const struct {
		const char *name, *from;
		double block_seconds[3];
		uint64_t most_blocks[3];
	} cases[] = {
		{ "all of it", NULL, { 600, 20 * 30 + 5 * 30, 4 * 5 }, { 10, 20, 4 } },
		{ "the second half", "30", { 300, 5 * 30, 4 * 5 }, { 10, 5, 4 } },
		{ "one tick", "60", { 0, 0, 0 }, { 10, 5, 4 } },
	};
	static const double times[] = { 0, 30, 55, 60 };
	struct recording_writer *w;
	struct site sites[3] = { 0 };
	struct names *n;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&n, &e), e);
	w = made_writer(path, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct sample s = made_sample(times[i], 50 * MIB, sites, i < 2 ? 2 : 3);

		sites[0] = made_site(0, 10000, 1);
		sites[1] = made_site(made_call(n, 0, "f", "a.py", 1), i == 0 ? 20000 : 5000, 1);
		sites[2] = made_site(made_call(n, 0, "g", "a.py", 2), 4000, 1);
		s.peak_bytes = i == 0 ? 30000 : i == 1 ? 30000 : 40000;
		ck_ok(recording_writer_tick(w, &s, n, &e), e);
	}
	recording_writer_free(w);
	names_free(n);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct moments m;

		ck_ok(moments_open(&m, path, moment_of(cases[i].from), moment_of(NULL), &e), e);
		ck_assert_uint_eq(m.lifetimes.count, 3);
		for (int k = 0; k < 3; k++) {
			ck_assert_msg(fabs(m.lifetimes.at[k].block_seconds - cases[i].block_seconds[k]) < 1e-6, "%s, site %d: %f", cases[i].name,
				      k, m.lifetimes.at[k].block_seconds);
			ck_assert_uint_eq(m.lifetimes.at[k].most_blocks, cases[i].most_blocks[k]);
		}
		ck_assert(m.lifetimes.peak_seconds == (i == 2 ? 60 : 55));
		moments_done(&m);
	}
	unlink(path);
}
END_TEST

TESTS("moments", a_moment_is_written_as_people_say_it, a_stretch_is_of_the_ticks_in_it, the_largest_moment_of_a_stretch_is_a_tick_in_it, a_stretch_without_a_tick_is_a_sentence,
      a_torn_last_tick_is_left_out,
      blocks_live_as_long_as_ticks_saw_them)
