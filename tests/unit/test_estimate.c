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

TESTS("estimate", a_sum_of_lies_does_not_wrap, the_interval_of_small_blocks_is_the_gamma_one, what_is_certain_has_no_interval,
      nothing_seen_may_still_hide_three_periods, subtracting_never_goes_below_nothing)
