#include <math.h>
#include <stdlib.h>

#include "check_memspy.h"
#include "memspy/estimate.h"

/* Multipliers of the gamma interval, simulated for n small blocks (docs/decisions/0003-estimates.md). */
static const struct {
	unsigned n;
	double low, high;
} table[] = {
	{ 3, 0.206, 2.92 },  { 5, 0.325, 2.33 },   { 10, 0.480, 1.84 },	  { 20, 0.611, 1.54 },
	{ 50, 0.742, 1.318 }, { 100, 0.814, 1.216 }, { 1000, 0.939, 1.064 },
};

START_TEST(the_interval_of_small_blocks_is_the_gamma_one)
{
	const double t = 512 * 1024;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned n = table[i].n;
		struct estimate est = { .bytes = (uint64_t)(n * t), .samples = n, .variance = n * t * t };
		struct interval got = estimate_interval(&est, (uint64_t)t);

		ck_assert_double_eq_tol((double)got.low / (n * t), table[i].low, 0.01);
		ck_assert_double_eq_tol((double)got.high / (n * t), table[i].high, 0.01);
	}
}
END_TEST

START_TEST(what_is_certain_has_no_interval)
{
	struct estimate est = { .bytes = 1000, .samples = 1, .sure_bytes = 1000 };
	struct interval got = estimate_interval(&est, 512);

	ck_assert_uint_eq(got.low, 1000);
	ck_assert_uint_eq(got.high, 1000);
}
END_TEST

START_TEST(nothing_seen_may_still_hide_three_periods)
{
	struct estimate est = { 0 };
	struct interval got = estimate_interval(&est, 512 * 1024);

	ck_assert_uint_eq(got.low, 0);
	ck_assert_uint_eq(got.high, 3 * 512 * 1024);
}
END_TEST

START_TEST(subtracting_never_goes_below_nothing)
{
	struct estimate a = { .bytes = 5, .samples = 1 }, b = { .bytes = 9, .samples = 2, .variance = 3 };

	estimate_subtract(&a, &b);
	ck_assert_uint_eq(a.bytes, 0);
	ck_assert_uint_eq(a.samples, 0);
	ck_assert_double_eq(a.variance, 0);
}
END_TEST

START_TEST(a_sum_of_lies_does_not_wrap)
{
	struct estimate a = { .bytes = 1ull << 62, .sure_bytes = 1ull << 61, .samples = 1 };

	for (int i = 0; i < 5; i++)
		estimate_add(&a, &a);
	ck_assert_uint_eq(a.bytes, INT64_MAX);
	ck_assert_uint_le(a.sure_bytes, a.bytes);
}
END_TEST

/* ---- changes ---- */

static uint64_t state;

static double chance(void)
{
	state += 0x9e3779b97f4a7c15u;
	uint64_t z = state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static const double T = 64 * 1024, SIZE = 1000;

/* What the probe sees of blocks of 1000 bytes of which it is to see `mean` on average. */
static struct estimate seen(double mean)
{
	double p = -expm1(-SIZE / T), w = SIZE / p, left = mean, product = 1;
	unsigned n = 0;

	for (; left > 0; left -= 20, product = 1)
		for (double end = exp(-fmin(left, 20)); (product *= chance()) > end;)
			n++;
	return (struct estimate){ .bytes = (uint64_t)(n * w), .blocks = (uint64_t)(n / p), .samples = n, .variance = n * w * (w - SIZE) };
}

static struct estimate sum_of(struct estimate a, struct estimate b)
{
	estimate_add(&a, &b);
	return a;
}

static double truth(double mean)
{
	return mean * SIZE / -expm1(-SIZE / T);
}

START_TEST(the_interval_of_a_growth_holds_the_truth)
{
	/* Samples one sees on average: of what stays, goes, comes, and comes and goes. */
	static const struct {
		const char *what;
		double stays, goes, comes, brief;
	} cases[] = {
		{ "a leak beside a full cache", 400, 0, 40, 0 },
		{ "a small leak", 100, 0, 5, 0 },
		{ "a cache that is replaced", 0, 30, 30, 100 },
		{ "half is let go", 50, 50, 0, 0 },
		{ "a little of much is let go", 1000, 5, 0, 0 },
		{ "some comes, some goes", 200, 25, 50, 10 },
		{ "busy, and it stays as it was", 100, 20, 20, 500 },
		{ "all is new", 0, 0, 10, 0 },
		{ "nothing happens", 100, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double change = truth(cases[i].comes) - truth(cases[i].goes);
		int inside = 0;

		for (int run = 0; run < 4000; run++) {
			struct estimate stays = seen(cases[i].stays), goes = seen(cases[i].goes), comes = seen(cases[i].comes);
			struct estimate brief = seen(cases[i].brief);
			struct estimate before = sum_of(stays, goes), after = sum_of(stays, comes), came = sum_of(comes, brief);
			struct difference got = estimate_growth(&before, &after, &came, (uint64_t)T);

			ck_assert_int_eq(got.bytes, (int64_t)after.bytes - (int64_t)before.bytes);
			ck_assert(got.low <= got.bytes && got.bytes <= got.high);
			inside += (double)got.low <= change && change <= (double)got.high;
		}
		ck_assert_msg(inside >= 0.94 * 4000, "%s: inside in %d of 4000", cases[i].what, inside);
	}
}
END_TEST

START_TEST(what_stays_does_not_blur_a_growth)
{
	struct estimate stays = seen(10000), comes = seen(50), before = stays, after = sum_of(stays, comes);
	struct difference alone = estimate_difference(&(struct estimate){ .samples = 1 }, &comes, (uint64_t)T, (uint64_t)T);
	struct difference growth = estimate_growth(&before, &after, &comes, (uint64_t)T);
	struct difference apart = estimate_difference(&before, &after, (uint64_t)T, (uint64_t)T);

	ck_assert_int_lt(growth.high - growth.low, (alone.high - alone.low) * 6 / 5);
	ck_assert_int_gt(apart.high - apart.low, (growth.high - growth.low) * 5);
}
END_TEST

START_TEST(the_interval_of_a_difference_of_two_recordings_holds_the_truth)
{
	static const double means[][2] = { { 10, 40 }, { 200, 200 }, { 5, 0 }, { 0, 20 }, { 1000, 900 } };

	for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
		double change = truth(means[i][1]) - truth(means[i][0]);
		int inside = 0;

		for (int run = 0; run < 4000; run++) {
			struct estimate before = seen(means[i][0]), after = seen(means[i][1]);
			struct difference got = estimate_difference(&before, &after, (uint64_t)T, (uint64_t)T);

			inside += (double)got.low <= change && change <= (double)got.high;
		}
		ck_assert_msg(inside >= 0.94 * 4000, "%zu: inside in %d of 4000", i, inside);
	}
}
END_TEST

START_TEST(a_change_of_what_was_counted_is_certain)
{
	struct estimate before = { .bytes = 700, .samples = 7, .sure_bytes = 700 }, after = { .bytes = 300, .samples = 3, .sure_bytes = 300 };
	struct estimate came = { .bytes = 100, .samples = 1, .sure_bytes = 100 };
	struct difference got = estimate_growth(&before, &after, &came, 0);

	ck_assert(got.bytes == -400 && got.low == -400 && got.high == -400);
}
END_TEST

START_TEST(a_change_of_lies_is_a_number)
{
	struct estimate most = { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 1e300 }, none = { 0 };
	struct difference up = estimate_growth(&none, &most, &none, UINT64_MAX), down = estimate_growth(&most, &none, &most, UINT64_MAX);

	ck_assert_int_eq(up.bytes, INT64_MAX);
	ck_assert_int_eq(down.bytes, -INT64_MAX);
	ck_assert(up.low <= up.high && down.low <= down.high);
}
END_TEST

START_TEST(a_part_that_turns_over_does_not_blur_the_others)
{
	const struct estimate cache = { .bytes = 100 << 20, .samples = 200, .variance = 200 * 2.7e11 };
	const struct estimate churn = { .bytes = 2000u << 20, .samples = 4000, .variance = 4000 * 2.7e11 };
	const struct estimate leak = { .bytes = 20 << 20, .samples = 40, .variance = 40 * 2.7e11 }, none = { 0 };
	struct estimate before = cache, after = cache, came = leak;
	struct difference apart, mixed, alone;
	struct turnover t = { 0 };

	estimate_turnover_add(&t, &none, &leak, &leak);	  /* all of it is new */
	estimate_turnover_add(&t, &cache, &cache, &none); /* nothing came */
	estimate_turnover_add(&t, &none, &none, &churn);  /* nothing stayed */
	apart = estimate_turnover(&t, 524288);
	estimate_add(&after, &leak);
	estimate_add(&came, &churn);
	mixed = estimate_growth(&before, &after, &came, 524288);
	alone = estimate_growth(&none, &leak, &leak, 524288);
	ck_assert_int_eq(apart.bytes, 20 << 20);
	ck_assert_int_eq(mixed.bytes, 20 << 20);
	ck_assert(memcmp(&apart, &alone, sizeof(alone)) == 0);
	ck_assert_int_gt(mixed.high - mixed.low, 2 * (apart.high - apart.low));
}
END_TEST

TESTS("estimate", the_interval_of_a_growth_holds_the_truth, what_stays_does_not_blur_a_growth,
      the_interval_of_a_difference_of_two_recordings_holds_the_truth, a_change_of_what_was_counted_is_certain,
      a_change_of_lies_is_a_number, a_sum_of_lies_does_not_wrap, the_interval_of_small_blocks_is_the_gamma_one, what_is_certain_has_no_interval,
      nothing_seen_may_still_hide_three_periods, subtracting_never_goes_below_nothing, a_part_that_turns_over_does_not_blur_the_others)
