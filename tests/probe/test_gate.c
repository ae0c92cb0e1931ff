/* The gate: where samples fall, for every thread, whatever is asked for. */
#include <math.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "probe_host.h"

enum { GAPS = 100000 };

#define KS_LIMIT 1.95 /* one in a thousand, were it not the same in every run */

/* The distance to the next sample is there to be read, so a block of just that size is the next one. */
static void read_gaps(double *to, size_t n, double period)
{
	struct probe_slot *slot = host_slot();

	for (size_t i = 0; i < n; i++) {
		host.free(host.malloc((size_t)slot->left));
		to[i] = -expm1(-((double)slot->left - host_uniform()) / period);
	}
}

static double correlation(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (a[i] - 0.5) * (b[i] - 0.5);
	return sum * 12 / (double)n; /* both uniform */
}

START_TEST(gaps_are_exponential)
{
	static const uint64_t periods[] = { 1 * KIB, 512 * KIB, 1024 * MIB };
	double *u = malloc(GAPS * sizeof(*u));

	host_start(512 * KIB, MIB);
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		double follows, d;

		host_arm(periods[i]);
		host_seed(i + 1);
		read_gaps(u, GAPS, (double)periods[i]);
		follows = correlation(u, u + 1, GAPS - 1);
		d = kolmogorov_smirnov(u, GAPS);
		ck_assert_msg(d < KS_LIMIT, "T = %lu: D√n = %.2f", periods[i], d);
		ck_assert_msg(fabs(follows) < 6 / sqrt(GAPS), "one gap tells the next: %.4f", follows);
	}
	free(u);
}
END_TEST

/* Nothing read from inside: one byte at a time, until the count of samples moves. */
START_TEST(gaps_counted_byte_by_byte_are_exponential)
{
	enum { T = 200 };
	double *u = malloc(GAPS * sizeof(*u));
	double cell = -expm1(-1.0 / T);

	host_start(T, MIB);
	for (int python = 0; python < 2; python++) {
		host_seed(7);
		for (size_t i = 0; i < GAPS; i++) {
			uint64_t before = host.header->events;
			double length = 0;
			void *p;

			do {
				p = python ? host.obj_malloc(NULL, 1) : host.malloc(1);
				length++;
			} while (host.header->events == before);
			host.free(p);
			/* Where in its byte the point lies is not known: anywhere, by the same law. */
			u[i] = -expm1(-(length - 1) / T + log1p(-host_uniform() * cell));
		}
		ck_assert_double_lt(kolmogorov_smirnov(u, GAPS), KS_LIMIT);
	}
	free(u);
}
END_TEST

enum { BLOCKS = 20, BLOCK = 1000 };

static void *a_few_blocks(void *own)
{
	(void)own;
	for (int i = 0; i < BLOCKS; i++)
		host.free(host.malloc(BLOCK));
	return NULL;
}

/* Were a thread's first gap nothing, or a whole period, those that never get far would count too much or not at all. */
START_TEST(threads_that_allocate_less_than_a_period_are_seen)
{
	enum { T = 64 * 1024, THREADS = 4000, AT_ONCE = 8 };
	double blocks = (double)THREADS * BLOCKS;
	struct estimate got;

	host_start(T, MIB);
	for (int n = 0; n < THREADS; n += AT_ONCE) {
		pthread_t threads[AT_ONCE];

		memset(host.pages->slots, 0, sizeof(host.pages->slots)); /* stacks are used again, and so would be gaps */
		for (int i = 0; i < AT_ONCE; i++)
			ck_assert_int_eq(pthread_create(&threads[i], NULL, a_few_blocks, NULL), 0);
		for (int i = 0; i < AT_ONCE; i++)
			pthread_join(threads[i], NULL);
	}
	got = host_estimate(ALLOC);
	within_six_sigma("bytes", (double)got.bytes, blocks * BLOCK, sqrt(blocks * expected_variance(BLOCK, T)),
			 (double)got.samples + (double)host_lost().contention * T);
	ck_assert_uint_gt(got.samples, 500);
	ck_assert_uint_lt(host_lost().contention, 50);
}
END_TEST

static void *read_own_gaps(void *to)
{
	host.free(host.malloc(SIZE_MAX)); /* claims a slot */
	read_gaps(to, 2000, 64 * 1024);
	return NULL;
}

START_TEST(threads_are_not_sampled_in_step)
{
	enum { THREADS = 24, N = 2000 };
	static double gaps[THREADS][N];
	pthread_t threads[THREADS];
	double worst = 0;

	host_start(64 * KIB, MIB);
	for (int i = 0; i < THREADS; i++) /* one after the other on the same stack: the same thread pointer */
		if (i < THREADS / 2) {
			memset(host.pages->slots, 0, sizeof(host.pages->slots));
			pthread_create(&threads[i], NULL, read_own_gaps, gaps[i]);
			pthread_join(threads[i], NULL);
		}
	for (int i = THREADS / 2; i < THREADS; i++)
		pthread_create(&threads[i], NULL, read_own_gaps, gaps[i]);
	for (int i = THREADS / 2; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int a = 0; a < THREADS; a++)
		for (int b = 0; b < a; b++)
			for (int shift = 0; shift < 3; shift++)
				worst = fmax(worst, fabs(correlation(gaps[a], gaps[b] + shift, N - 3)));
	ck_assert_msg(worst < 6 / sqrt(N), "%.3f", worst);
}
END_TEST

/* More threads than slots: those who share one take it from each other all the time. */
static void *many_blocks(void *own)
{
	for (int i = 0; i < 200; i++) {
		host.free(host.malloc(BLOCK));
		if (i % 10 == 0)
			pthread_barrier_wait(own);
	}
	return NULL;
}

START_TEST(more_threads_than_slots_lose_nothing)
{
	enum { T = 64 * 1024, THREADS = 700 };
	static pthread_t threads[THREADS];
	double blocks = THREADS * 200.0;
	pthread_barrier_t barrier;
	pthread_attr_t attributes;
	struct estimate got;

	host_start(T, MIB);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * KIB);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], &attributes, many_blocks, &barrier), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	got = host_estimate(ALLOC);
	within_six_sigma("bytes", (double)got.bytes, blocks * BLOCK, sqrt(blocks * expected_variance(BLOCK, T)),
			 (double)got.samples + (double)host_lost().contention * T);
}
END_TEST

START_TEST(sizes_that_no_heap_has_change_nothing)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, 1ull << 63, (1ull << 63) - 1, 1ull << 62, 1ull << 46 };
	int64_t left;

	host_start(64 * KIB, MIB);
	host_seed(3);
	left = host_slot()->left;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ck_assert_ptr_null(host.malloc(sizes[i]));
		ck_assert_ptr_null(host.calloc(sizes[i], 2));
		ck_assert_ptr_null(host.calloc(1ull << 32, 1ull << 33));
		ck_assert_ptr_null(host.obj_malloc(NULL, sizes[i]));
		ck_assert_ptr_null(host.obj_calloc(NULL, sizes[i], 3));
	}
	host.free(host.malloc(0));
	ck_assert_int_eq(host_slot()->left, left);
	ck_assert_uint_eq(host.header->events, 0);
	host.free(host.malloc((1ull << 46) - 1)); /* this one could be */
	ck_assert_uint_eq(host.header->events, 1);
	ck_assert_uint_eq(host_estimate(ALLOC).bytes, (1ull << 46) - 1);
}
END_TEST

START_TEST(nothing_is_sampled_once_the_lease_has_run_out)
{
	host_start(64 * KIB, MIB);
	host.header->lease_cycles = clock_cycles();
	for (int i = 0; i < 100; i++) {
		host.malloc(MIB);
		for (int k = 0; k < 1000; k++)
			host.obj_malloc(NULL, 512);
	}
	ck_assert_uint_eq(host.header->events, 0);
}
END_TEST

/* memspy was stopped for longer than its lease: what is allocated afterwards is seen again, and by its right weight. */
START_TEST(a_lease_renewed_late_wakes_the_probe)
{
	enum { T = 64 * 1024, N = 50000 };
	struct estimate got;

	host_start(T, MIB);
	host.header->lease_cycles = clock_cycles();
	for (int i = 0; i < 100; i++) {
		host.malloc(MIB);
		for (int k = 0; k < 1000; k++)
			host.obj_malloc(NULL, 512);
	}
	heap_renew(host.heap);
	for (int i = 0; i < 1000; i++)
		host.free(host.malloc(MIB)); /* it looks now and then only, for nothing is as cheap as not looking */
	for (int i = 0; i < 1000000; i++)
		host.free(host.obj_malloc(NULL, 512));
	host.free(host.malloc(SIZE_MAX));
	got = host_estimate(ALLOC);
	ck_assert_uint_gt(got.bytes, 0);
	for (int i = 0; i < N; i++) {
		host.free(host.malloc(4096));
		host.free(host.obj_malloc(NULL, 512));
	}
	struct estimate now = host_estimate(ALLOC);
	within_six_sigma("bytes", (double)(now.bytes - got.bytes), N * (4096.0 + 512),
			 sqrt(N * (expected_variance(4096, T) + expected_variance(512, T))), (double)now.samples);
}
END_TEST

/* The probe looks again after so many bytes; a block of more than that is no reason never to look. */
START_TEST(a_large_block_while_it_sleeps_does_not_make_it_sleep_for_ever)
{
	host_start(64 * KIB, MIB);
	host.header->lease_cycles = clock_cycles();
	host.free(host.malloc(1));
	host.free(host.malloc(1024 * MIB));
	host.free(host.obj_malloc(NULL, 1024 * MIB));
	heap_renew(host.heap);
	for (int i = 0; i < 1000; i++)
		host.free(host.malloc(MIB));
	ck_assert_uint_gt(host.header->events, 900);
}
END_TEST

START_TEST(a_child_of_fork_leaves_the_table_alone)
{
	uint64_t events;
	void *before;
	int status;
	pid_t child;

	host_start(KIB, MIB);
	ck_assert_int_eq(madvise(host.pages, sizeof(*host.pages), MADV_WIPEONFORK), 0);
	before = host.malloc(MIB);
	events = host.header->events;
	ck_assert_uint_eq(events, 1);
	child = fork();
	if (!child) {
		if (host.pages->magic)
			_exit(1);
		host.free(before);
		for (int i = 0; i < 10000; i++) {
			host.malloc(MIB);
			host.obj_free(NULL, host.obj_realloc(NULL, host.obj_malloc(NULL, 500), 400));
			host.free(host.realloc(host.malloc(3000), 5000));
		}
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %x", status);
	ck_assert_uint_eq(host.header->events, events);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 1);
	host.free(before);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 0);
}
END_TEST

/* dlopen asks for a look around by putting the distance to nothing: that must not pick the next block. */
START_TEST(a_dlopen_is_no_sample)
{
	enum { T = 512 * 1024, N = 20000 };
	struct estimate got;

	host_start(T, MIB);
	host_seed(11);
	for (int i = 0; i < N; i++) {
		host.pages->objects_changed = i & 1; /* somebody else may have looked around meanwhile */
		host.pages->left = 0;
		host.free(host.obj_malloc(NULL, 512));
	}
	got = host_estimate(ALLOC);
	within_six_sigma("bytes", (double)got.bytes, N * 512.0, sqrt(N * expected_variance(512, T)), (double)got.samples);
}
END_TEST

TESTS("gate", gaps_are_exponential, gaps_counted_byte_by_byte_are_exponential,
      threads_that_allocate_less_than_a_period_are_seen, threads_are_not_sampled_in_step,
      more_threads_than_slots_lose_nothing,
      sizes_that_no_heap_has_change_nothing, nothing_is_sampled_once_the_lease_has_run_out,
      a_lease_renewed_late_wakes_the_probe,
      a_large_block_while_it_sleeps_does_not_make_it_sleep_for_ever, a_child_of_fork_leaves_the_table_alone, a_dlopen_is_no_sample)
