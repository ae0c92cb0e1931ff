/*
 * Are the figures true? Programs whose every byte is known, against what the table says.
 *
 * Sums are held against the truth within six standard deviations of theory; intervals must hold it as often as said.
 */
#include <math.h>
#include <stdio.h>

#include "probe_host.h"

enum { T = 64 * 1024 };

/* ---- no bias, at any ratio of size to T ---- */

static const double ratios[] = { 0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 100 };

static void is_unbiased(struct estimate got, double size, double n)
{
	double sigma = sqrt(n * expected_variance(size, T));
	double rounding = (double)got.samples;

	ck_assert_uint_gt(got.samples, 0);
	within_six_sigma("bytes", (double)got.bytes, n * size, sigma, rounding / 2);
	within_six_sigma("blocks", (double)got.blocks, n, sigma / size, rounding / 8192 + 1);
	within_six_sigma("samples", (double)got.samples, -n * expm1(-size / T),
			 sqrt(n * exp(-size / T) * -expm1(-size / T)), 0);
}

START_TEST(what_was_allocated_is_unbiased_at_any_size)
{
	host_start(T, MIB);
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		size_t size = (size_t)(ratios[i] * T + 0.5);
		int n = ratios[i] < 0.01 ? 10000000 : ratios[i] < 0.1 ? 2000000 : 200000;

		host_arm(T);
		host_seed(i + 1);
		for (int k = 0; k < n; k++)
			host.free(host.malloc(size));
		is_unbiased(host_estimate(ALLOC), (double)size, n);
		ck_assert_uint_eq(host_estimate(LIVE).bytes, 0);
	}
}
END_TEST

START_TEST(what_is_alive_is_unbiased_at_any_size)
{
	host_start(T, 4 * MIB);
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		size_t size = (size_t)(ratios[i] * T + 0.5);
		int n = ratios[i] < 0.01 ? 4000000 : ratios[i] < 0.1 ? 400000 : 10000;

		host_arm(T);
		host_seed(i + 1);
		for (int k = 0; k < n; k++)
			if (k % 3)
				host.malloc(size);
			else
				host.free(host.malloc(size));
		is_unbiased(host_estimate(LIVE), (double)size, n - (n + 2) / 3);
		is_unbiased(host_estimate(ALLOC), (double)size, n);
		ck_assert_uint_eq(host_lost().full, 0);
		host_check_table();
	}
}
END_TEST

START_TEST(small_blocks_of_python_are_unbiased_too)
{
	static const size_t sizes[] = { 1, 16, 64, 512 };

	host_start(T, MIB);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int n = 2000000;

		host_arm(T);
		host_seed(i + 1);
		for (int k = 0; k < n; k++)
			host.obj_free(NULL, host.obj_malloc(NULL, sizes[i]));
		is_unbiased(host_domain(ALLOC, DOMAIN_OBJ), (double)sizes[i], n);
		ck_assert_uint_eq(host_domain(ALLOC, DOMAIN_MALLOC).samples, 0);
	}
}
END_TEST

/* ---- how sure: the variance that is reported is the variance that is ---- */

START_TEST(the_reported_variance_is_the_real_one)
{
	enum { REPLICAS = 4000, BLOCKS = 100 };
	static const double some[] = { 0.01, 0.1, 0.5, 1, 2, 5 };
	void *blocks[BLOCKS];

	host_start(T, MIB);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		size_t size = (size_t)(some[i] * T + 0.5);
		double truth = (double)size * BLOCKS, want = BLOCKS * expected_variance((double)size, T);
		double sum = 0, reported = 0;

		host_seed(i + 1);
		for (int r = 0; r < REPLICAS; r++) {
			struct estimate got;

			for (int k = 0; k < BLOCKS; k++)
				blocks[k] = host.malloc(size);
			got = host_estimate(LIVE);
			sum += ((double)got.bytes - truth) * ((double)got.bytes - truth);
			reported += got.variance;
			for (int k = 0; k < BLOCKS; k++)
				host.free(blocks[k]);
		}
		/* The square of a sum of few has heavy tails: 6 σ is 20 % of 4000 replicas at the worst. */
		ck_assert_msg(fabs(sum / REPLICAS / want - 1) < 0.2, "s/T = %g: %g of theory", some[i], sum / REPLICAS / want);
		ck_assert_msg(fabs(reported / REPLICAS / want - 1) < 0.2, "s/T = %g: reported %g of theory", some[i],
			      reported / REPLICAS / want);
	}
}
END_TEST

/* ---- how sure: 95 in 100 intervals hold the truth ---- */

struct part {
	double ratio; /* s/T */
	int count;
};

static const struct {
	const char *name;
	struct part parts[4]; /* each of its own line */
	double at_least, at_most;
} heaps[] = {
	{ "few small ones", { { 0.01, 300 } }, 0.95, 0.995 }, /* three samples: not less sure than it says, at any price */
	{ "ten samples", { { 0.01, 1000 } }, 0.93, 0.985 },
	{ "small ones", { { 0.01, 5000 } }, 0.93, 0.97 },
	{ "a tenth of T", { { 0.1, 500 } }, 0.93, 0.97 },
	{ "half of T", { { 0.5, 200 } }, 0.93, 0.97 },
	{ "T", { { 1, 200 } }, 0.93, 0.97 },
	{ "twice T", { { 2, 500 } }, 0.93, 0.97 },
	{ "five times T: nearly all are seen", { { 5, 2000 } }, 0.93, 0.97 },
	{ "seven times T", { { 7, 3000 } }, 0.90, 0.999 }, /* three of them go unseen: a step of a whole block */
	{ "a hundred times T", { { 100, 30 } }, 1, 1 },
	{ "small and large", { { 0.01, 3000 }, { 100, 10 } }, 0.93, 0.97 },
	{ "small and nearly sure", { { 0.01, 3000 }, { 5, 1000 } }, 0.93, 0.97 },
	{ "few small and many nearly sure", { { 0.1, 30 }, { 6, 2000 } }, 0.92, 0.98 },
	{ "all sorts", { { 0.001, 20000 }, { 0.1, 100 }, { 1, 20 }, { 3, 10 } }, 0.93, 0.97 },
};

static double allocate(const struct part *parts, void **blocks, int *ret_count)
{
	double truth = 0;

	*ret_count = 0;
	for (int i = 0; i < 4 && parts[i].count; i++) {
		size_t size = (size_t)(parts[i].ratio * T + 0.5);

		host_line((unsigned)i + 1);
		for (int k = 0; k < parts[i].count; k++)
			blocks[(*ret_count)++] = host.malloc(size);
		truth += (double)size * parts[i].count;
	}
	return truth;
}

static double coverage(const struct part *parts, int replicas)
{
	static void *blocks[30000];
	int covered = 0;

	for (int r = 0; r < replicas; r++) {
		struct interval sure;
		struct estimate got;
		int count;
		double truth = allocate(parts, blocks, &count);

		got = host_estimate(LIVE);
		sure = estimate_interval(&got, T);
		covered += (double)sure.low <= truth + 0.5 && truth <= (double)sure.high + (double)got.samples;
		while (count)
			host.free(blocks[--count]);
	}
	return (double)covered / replicas;
}

START_TEST(intervals_hold_the_truth_as_often_as_they_say)
{
	enum { REPLICAS = 2500 };

	host_start(T, 4 * MIB);
	host_seed(5);
	for (size_t i = 0; i < sizeof(heaps) / sizeof(heaps[0]); i++) {
		double got = coverage(heaps[i].parts, REPLICAS);
		printf("  %5.1f %% of intervals: %s\n", got * 100, heaps[i].name);

		ck_assert_msg(got >= heaps[i].at_least && got <= heaps[i].at_most, "%s: %.3f", heaps[i].name, got);
	}
}
END_TEST

START_TEST(each_line_has_its_own_figures)
{
	enum { LINES = 40, N = 400000 };
	double share[LINES + 1] = { 0 };

	host_start(T, 4 * MIB);
	host_seed(9);
	for (int i = 0; i < N; i++) {
		unsigned line = (unsigned)(host_uniform() * host_uniform() * LINES) + 1;

		line = line > LINES ? LINES : line;
		share[line]++;
		host_line(line);
		host.malloc(100);
	}
	for (unsigned line = 1; line <= LINES; line++) {
		struct estimate got = host_line_estimate(LIVE, line);

		within_six_sigma("bytes of a line", (double)got.bytes, share[line] * 100,
				 sqrt(share[line] * expected_variance(100, T)) + T, (double)got.samples);
	}
}
END_TEST

/* ---- blocks that grow ---- */

START_TEST(a_buffer_that_grows_is_seen_at_its_size)
{
	enum { REPLICAS = 3000, END = 10000000 };
	static const uint64_t periods[] = { 64 * KIB, 8 * MIB };

	host_start(T, MIB);
	for (size_t i = 0; i < 2; i++)
		for (int in_place = 0; in_place < 2; in_place++) {
			double sum = 0, cumulated = 0, truth = 0, variance = 0;

			host_realloc = in_place ? REALLOC_IN_PLACE : REALLOC_MOVES;
			host_arm(periods[i]);
			host_seed(i + 1);
			for (int r = 0; r < REPLICAS; r++) {
				void *p = NULL;
				size_t n = 0, next = 16;

				do {
					n = next < END ? next : END;
					p = host.realloc(p, n);
					truth += (double)n;
					variance += expected_variance((double)n, (double)periods[i]);
					next = n + n / 8 + 16;
				} while (n < END);
				ck_assert_uint_le(host_estimate(LIVE).samples, 1);
				sum += (double)host_estimate(LIVE).bytes;
				host.free(p);
			}
			cumulated = (double)host_estimate(ALLOC).bytes;
			within_six_sigma("live", sum, (double)END * REPLICAS,
					 sqrt(REPLICAS * expected_variance(END, (double)periods[i])), REPLICAS);
			within_six_sigma("allocated", cumulated, truth, sqrt(variance), (double)host_estimate(ALLOC).samples);
			ck_assert_uint_eq(host_estimate(LIVE).samples, 0);
			ck_assert_uint_eq(host_estimate(LIVE).bytes, 0);
			ck_assert_double_eq(host_estimate(LIVE).variance, 0);
		}
}
END_TEST

START_TEST(a_realloc_that_fails_leaves_the_old_block_as_it_was)
{
	struct estimate before, after;
	void *p;

	host_start(KIB, MIB);
	p = host.malloc(MIB);
	before = host_estimate(LIVE);
	ck_assert_uint_eq(before.bytes, MIB);
	host_realloc = REALLOC_FAILS;
	for (int i = 0; i < 100; i++)
		ck_assert_ptr_null(host.realloc(p, 2 * MIB));
	after = host_estimate(LIVE);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	ck_assert_uint_eq(host_estimate(ALLOC).bytes, MIB);
	host_check_table();
	host.free(p);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 0);
}
END_TEST

/* ---- raising T while samples are alive ---- */

/* The sum of z over many runs is normal again: a bias far below one run's noise shows. */
static void thinned_runs(uint64_t first_period, int runs, size_t size, int blocks)
{
	double z = 0, z2 = 0;

	for (int r = 0; r < runs; r++) {
		struct estimate got;
		double truth = 0;

		host_arm(first_period);
		host_seed((uint64_t)r + 1);
		for (int k = 0; k < blocks; k++) {
			size_t n = size + (size_t)(host_uniform() * (double)size);

			host.malloc(n);
			truth += (double)n;
		}
		ck_assert_uint_gt(host.header->thinned, 0);
		ck_assert_uint_eq(host_lost().full, 0);
		got = host_estimate(LIVE);
		/* It goes through the table in steps, while others come. */
		ck_assert_uint_lt(got.samples, host.header->layout.live.count / 16 * 13);
		z += ((double)got.bytes - truth) / sqrt(got.variance);
		z2 += ((double)got.bytes - truth) * ((double)got.bytes - truth) / got.variance;
		if (r == 0)
			host_check_table();
	}
	ck_assert_msg(fabs(z) < 6 * sqrt(runs), "T from %lu: biased by %.2f sigma of %d runs", first_period, z / sqrt(runs),
		      runs);
	ck_assert_msg(fabs(z2 / runs - 1) < 6 * sqrt(2.0 / runs), "T from %lu: %.2f times as far off as said", first_period,
		      z2 / runs);
}

START_TEST(a_table_that_is_thinned_stays_unbiased)
{
	host_start(T, MIB);
	thinned_runs(0, 150, 100, 20000);
	thinned_runs(256, 150, 100, 30000);
	thinned_runs(1000, 150, 3000, 12000);
}
END_TEST

static unsigned booked_by(uint32_t period, unsigned *ret_others)
{
	const struct probe_live *live = (const void *)((char *)host.header + host.header->layout.live.offset);
	unsigned n = 0;

	*ret_others = 0;
	for (uint32_t i = 0; i < host.header->layout.live.count; i++)
		if (live[i].address) {
			n += (live[i].size_period & 0xff) == period;
			*ret_others += (live[i].size_period & 0xff) != period;
		}
	return n;
}

/* Going through all of a table takes milliseconds, in which nobody else gets the GIL. */
START_TEST(no_allocation_thins_the_whole_table)
{
	unsigned old, was, samples = 0;

	host_start(0, 16 * MIB);
	while (!host.header->thinned)
		host.malloc(100);
	was = booked_by(1, &old);
	ck_assert_uint_lt(was, 66);
	ck_assert_uint_gt(old, host.header->layout.live.count / 2);
	host_check_table();
	for (; samples < host.header->layout.live.count / 64 + 1000; samples++) {
		uint64_t events = host.header->events;

		while (host.header->events == events)
			host.malloc(100);
		if (samples % 100 == 0)
			host_check_table();
	}
	booked_by(1, &old);
	ck_assert_uint_eq(host.header->thinned, 1);
	ck_assert_uint_lt(old, 100); /* those who moved back past the others */
}
END_TEST

/* The block that makes the table overflow is picked by the old T; booked by the new one, it would count double. */
START_TEST(the_block_that_overflows_counts_once)
{
	enum { RUNS = 600 };
	double sum = 0;

	host_start(T, MIB);
	for (int r = 0; r < RUNS; r++) {
		uint32_t limit;
		uint64_t before;

		host_arm(1 << 20);
		limit = host.header->layout.live.count / 4 * 3;
		host.pages->left = INT64_MAX;
		for (uint32_t i = 0; i < limit; i++) { /* certain, and of no weight beside what comes */
			host_slot()->left = 1;
			host.malloc(1 << 26);
		}
		before = host_estimate(ALLOC).bytes;
		host_slot()->left = 1; /* picked: in truth one of p that were allocated */
		host.malloc(1000);
		ck_assert_uint_gt(host.header->thinned, 0);
		sum += (double)host_estimate(ALLOC).bytes - (double)before;
	}
	/* A block of 1000 picked at T = 1 MiB stands for T + 500 bytes on average, whatever T it is booked by. */
	within_six_sigma("bytes", sum / RUNS, (1 << 20) + 500, sqrt(16.0 / RUNS) * (1 << 20), 1000);
}
END_TEST

/* A distance drawn by the old T is too short for the new: were it kept, the next block of each thread would count. */
START_TEST(the_block_after_the_overflow_is_picked_by_the_new_period)
{
	unsigned picked = 0;

	host_start(0, MIB);
	for (int r = 0; r < 40; r++) {
		uint64_t events;

		host_arm(0);
		while (!host.header->thinned)
			host.malloc(100);
		events = host.header->events;
		host.malloc(1); /* one in 1024 */
		host.obj_malloc(NULL, 1);
		picked += (unsigned)(host.header->events - events);
	}
	ck_assert_uint_lt(picked, 4);
}
END_TEST

TESTS("truth", what_was_allocated_is_unbiased_at_any_size, what_is_alive_is_unbiased_at_any_size,
      small_blocks_of_python_are_unbiased_too, the_reported_variance_is_the_real_one,
      intervals_hold_the_truth_as_often_as_they_say, each_line_has_its_own_figures,
      a_buffer_that_grows_is_seen_at_its_size,
      a_realloc_that_fails_leaves_the_old_block_as_it_was, a_table_that_is_thinned_stays_unbiased,
      no_allocation_thins_the_whole_table,
      the_block_that_overflows_counts_once, the_block_after_the_overflow_is_picked_by_the_new_period)
