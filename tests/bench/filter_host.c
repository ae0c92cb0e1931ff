/*
 * filter_host: what share of frees has to look into the table, while sampled blocks come and go, through the real probe.
 *
 *	filter-host LIVE EVENTS
 *
 * LIVE sampled blocks at a time; EVENTS of them freed and others sampled in their place, real addresses of libc, real reuse.
 * Ten lines: events so far, shares of other blocks whose free passes the filter, and the sieve; nanoseconds of an unsampled
 * malloc and its free.
 */
#include <stdio.h>
#include <time.h>

#include "probe_host.h"

enum { OTHERS = 20000 };

static long live, events;
static void *others[OTHERS];

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* Most are small, some are large. */
static size_t any_size(void)
{
	double u = host_uniform();

	return (size_t)(16 + 100 * u + 4000 * u * u * u * u);
}

static void no_samples(bool none)
{
	host_slot()->left = none ? INT64_MAX / 2 : 0;
}

/* Of frees that find nothing: let through by the filter, and by the sieve, too. */
static void count_looks(double *ret_filter, double *ret_sieve)
{
	int filter = 0, sieve = 0;

	for (int i = 0; i < OTHERS; i++) {
		bool has = host_filter_has(others[i]);

		filter += has;
		sieve += has && host_sieve_has(others[i]);
	}
	*ret_filter = (double)filter / OTHERS;
	*ret_sieve = (double)sieve / OTHERS;
}

static double pair_ns(void)
{
	double least = 1e9;

	no_samples(true);
	for (int turn = 0; turn < 5; turn++) {
		double begin = now_ns(), took;

		for (int i = 0; i < OTHERS; i++) {
			host.free(others[i]);
			others[i] = host.malloc(64);
		}
		took = (now_ns() - begin) / OTHERS;
		least = took < least ? took : least;
	}
	no_samples(false);
	return least;
}

START_TEST(run)
{
	void **blocks = calloc((size_t)live, sizeof(*blocks));

	host_start(0, 64 * MIB);
	host_use_libc();
	ck_assert_uint_lt((uint64_t)live, host.header->layout.live.count / 4 * 3);
	for (int i = 0; i < OTHERS; i++)
		others[i] = malloc(64);
	for (long i = 0; i < live; i++)
		blocks[i] = host.malloc(any_size());
	for (long done = 0, tenth = 1; tenth <= 10; done++) {
		long i = (long)(host_uniform() * (double)live * 0.999999);

		if (done >= events * tenth / 10) {
			double filter, sieve;

			count_looks(&filter, &sieve);
			printf("%ld %.5f %.5f %.2f\n", done, filter, sieve, pair_ns());
			tenth++;
		}
		host.free(blocks[i]);
		blocks[i] = host.malloc(any_size());
	}
	ck_assert_uint_eq(host.header->live_count, (uint64_t)live);
	ck_assert_uint_eq(host.header->thinned, 0);
	free(blocks);
}
END_TEST

int main(int argc, char **argv)
{
	live = argc == 3 ? atol(argv[1]) : 0;
	events = argc == 3 ? atol(argv[2]) : 0;
	if (live < 1 || events < 10) {
		fprintf(stderr, "filter-host: how many sampled blocks are live, and how many come and go (10 or more)\n");
		return 2;
	}
	return host_program("filter", run);
}
