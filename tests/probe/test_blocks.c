/* The table of live blocks: nothing stays that is gone, nothing goes that is there, and what is lost is said. */
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "probe_host.h"

static void all_is_zero(void)
{
	static const struct probe_tally zero;
	const struct probe_site *sites = (const void *)((char *)host.header + host.header->layout.sites.offset);

	ck_assert_uint_eq(host.header->live_count, 0);
	ck_assert_uint_eq(host.header->live_bytes, 0);
	for (uint32_t i = 0; i < host.header->sites_used; i++) {
		ck_assert_mem_eq(&sites[i].live, &zero, sizeof(zero));
		ck_assert_uint_eq(sites[i].version % 2, 0);
		ck_assert_uint_eq(sites[i].alloc.bytes, sites[i].freed_bytes);
	}
	host_check_table();
}

START_TEST(when_all_is_freed_the_sums_are_exactly_nothing)
{
	enum { N = 20000 };
	static void *blocks[N];

	host_start(KIB, 32 * MIB);
	host_seed(1);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < N; i++) {
			host_line((unsigned)(host_uniform() * 50));
			blocks[i] = host.malloc((size_t)(host_uniform() * host_uniform() * 10000));
			if (i && host_uniform() < 0.3)
				blocks[i / 2] = host.realloc(blocks[i / 2], (size_t)(1 + host_uniform() * 30000));
		}
		host_check_table();
		for (int i = N - 1; i > 0; i--) { /* in any order: a hole moves its followers up */
			int other = (int)(host_uniform() * i);
			void *swap = blocks[i];

			blocks[i] = blocks[other];
			blocks[other] = swap;
		}
		for (int i = 0; i < N; i++) {
			host.free(blocks[i]);
			if (i % 5000 == 0)
				host_check_table();
		}
		all_is_zero();
	}
	ck_assert_uint_eq(host_lost().frees + host_lost().full + host_lost().contention, 0);
	for (size_t i = 0; i < sizeof(host.pages->filter); i++)
		ck_assert(host.pages->filter[i] == 0 || host.pages->filter[i] == 255);
	for (size_t i = 0; i < sizeof(host.pages->sieve); i++)
		ck_assert_uint_eq(host.pages->sieve[i], 0);
}
END_TEST

/* Every sampled block is let through, of the others few are: that is what filter and sieve are for. */
START_TEST(frees_that_find_nothing_seldom_look)
{
	enum { SAMPLED = 8000, OTHERS = 20000 };
	static void *sampled[SAMPLED], *others[OTHERS];
	int passed = 0, looks = 0;

	host_start(0, 16 * MIB);
	host_use_libc();
	for (int i = 0; i < SAMPLED; i++)
		sampled[i] = host.malloc((size_t)(16 + 1000 * host_uniform()));
	for (int i = 0; i < SAMPLED; i++)
		ck_assert(host_filter_has(sampled[i]) && host_sieve_has(sampled[i]));
	for (int i = 0; i < OTHERS; i++) {
		others[i] = malloc((size_t)(16 + 1000 * host_uniform())); /* freed later: addresses are not to be used again */
		passed += host_filter_has(others[i]);
		looks += host_filter_has(others[i]) && host_sieve_has(others[i]);
	}
	/* Two of five by chance; the sanitizers' malloc gives addresses that are less than chance. */
	ck_assert_msg(passed > OTHERS / 4 && passed < OTHERS / 4 * 3, "%d of %d pass the filter", passed, OTHERS);
	ck_assert_msg(looks < OTHERS / 20, "%d of %d look", looks, OTHERS);
	for (int i = 0; i < SAMPLED; i++)
		host.free(sampled[i]);
	ck_assert_uint_eq(host.header->live_count, 0);
	for (int i = 0; i < OTHERS; i++)
		free(others[i]);
}
END_TEST

/* ---- T = 0: every allocation ---- */

START_TEST(exact_mode_counts_every_block)
{
	enum { N = 2900 }; /* just below three quarters of the smallest table */
	static void *blocks[N];
	uint64_t bytes = 0, ever = 0, alive = N;
	struct estimate got;
	struct interval sure;

	host_start(0, MIB);
	host_seed(1);
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)(host_uniform() * host_uniform() * 100000) * (i % 10 != 0); /* malloc(0) is a block too */

		blocks[i] = i % 3 ? host.malloc(n) : host.obj_malloc(NULL, n);
		bytes += n;
		if (i % 7 == 3) {
			host.free(blocks[i]);
			blocks[i] = NULL;
			ever += n;
			bytes -= n;
			alive--;
		}
	}
	ever += bytes;
	got = host_estimate(LIVE);
	ck_assert_uint_eq(got.bytes, bytes);
	ck_assert_uint_eq(got.blocks, alive);
	ck_assert_uint_eq(got.samples, alive);
	ck_assert_double_eq(got.variance, 0);
	sure = estimate_interval(&got, 0);
	ck_assert_uint_eq(sure.low, bytes);
	ck_assert_uint_eq(sure.high, bytes);
	ck_assert_uint_eq(host_estimate(ALLOC).bytes, ever);
	ck_assert_uint_eq(host.header->thinned, 0);
	for (int i = 0; i < N; i++)
		host.free(blocks[i]);
	all_is_zero();
}
END_TEST

START_TEST(a_full_table_says_that_it_is_no_longer_exact)
{
	struct heap_copy copy;

	host_start(0, MIB);
	for (int i = 0; i < 100000; i++)
		host.malloc(1000);
	ck_ok(heap_take(host.heap, &copy, &e), e);
	ck_assert_uint_ge(copy.sample_bytes, 1024);
	ck_assert_uint_gt(host.header->thinned, 0);
	ck_assert_uint_eq(host.header->periods[host.header->period], copy.sample_bytes);
	ck_assert_uint_eq(copy.lost.full, 0);
	host_check_table();
}
END_TEST

/* ---- the lock ---- */

START_TEST(what_cannot_be_booked_now_is_counted_or_booked_later)
{
	void *blocks[400];
	struct estimate got;

	host_start(0, MIB);
	for (int i = 0; i < 400; i++)
		blocks[i] = host.malloc(1000);
	host.header->lock = 1; /* somebody is in there, for long */
	for (int i = 0; i < 7; i++)
		host.malloc(5000);
	for (int i = 0; i < 100; i++)
		host.free(blocks[i]);
	ck_assert_uint_eq(host_lost().contention, 7);
	ck_assert_uint_eq(host_lost().frees, 0);
	ck_assert_uint_eq(host_estimate(LIVE).blocks, 400);
	host.header->lock = 0;
	host.free(host.malloc(1)); /* whoever comes next empties the bag */
	got = host_estimate(LIVE);
	ck_assert_uint_eq(got.blocks, 300);
	ck_assert_uint_eq(got.bytes, 300 * 1000);
	host_check_table();

	host.header->lock = 1;
	for (int i = 100; i < 400; i++)
		host.free(blocks[i]);
	host.header->lock = 0;
	host.free(host.malloc(1));
	ck_assert_uint_eq(host_lost().frees, 300 - PROBE_PENDING);
	ck_assert_uint_eq(host_estimate(LIVE).blocks, 300 - PROBE_PENDING);
	host_check_table();
}
END_TEST

/* A free in the bag is booked before its address can be a new block's. */
START_TEST(an_address_used_again_while_its_free_waits_is_one_block)
{
	void *p;

	host_start(0, MIB);
	host_realloc = REALLOC_IN_PLACE;
	p = host.malloc(1000);
	host.header->lock = 1;
	host.free(p);
	host.header->lock = 0;
	ck_assert_ptr_eq(host.realloc(p, 3000), p); /* the same address again: the air gives it to us */
	ck_assert_uint_eq(host_estimate(LIVE).bytes, 3000);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 1);
	host.free(p);
	all_is_zero();
}
END_TEST

/* An object that came later frees past us: the address shows up again, and stands for one block. */
START_TEST(a_block_whose_free_went_past_us_is_replaced)
{
	void *p, *q;

	host_start(0, MIB);
	p = host.malloc(100000);
	host_given_again = p;
	q = host.malloc(100000);
	ck_assert_ptr_eq(p, q);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 1);
	host.free(q);
	all_is_zero();
}
END_TEST

/* ---- eight threads, one heap: addresses are freed here and given out there ---- */

enum { SHARED = 64, HELD = 64, HAMMERS = 8 };
static void *shared[SHARED];
static volatile bool stop;

static void *hammer(void *own)
{
	uint64_t x = (uint64_t)own * 7919 + 1;
	void *held[HELD] = { 0 };

	while (!stop) {
		void **place = &held[(x = x * 6364136223846793005u + 1442695040888963407u) >> 58];
		size_t n = (x >> 40) % 600 + ((x >> 20) % 50 == 0) * 20000;

		switch (x >> 33 & 7) {
		case 0: /* over to another thread */
			*place = __atomic_exchange_n(&shared[x >> 36 & (SHARED - 1)], *place, __ATOMIC_ACQ_REL);
			break;
		case 1:
		case 2:
			*place = host.realloc(*place, n + 1);
			break;
		case 3:
			host.free(*place);
			*place = NULL;
			break;
		default:
			host.free(*place);
			*place = x & 1024 ? host.calloc(1, n) : host.malloc(n);
		}
	}
	for (int i = 0; i < HELD; i++)
		host.free(held[i]);
	return NULL;
}

static void hammer_with(uint64_t sample_bytes)
{
	pthread_t threads[HAMMERS];

	host_arm(sample_bytes);
	host_use_libc();
	stop = false;
	for (uintptr_t i = 0; i < HAMMERS; i++)
		pthread_create(&threads[i], NULL, hammer, (void *)i);
	usleep(700000);
	stop = true;
	for (int i = 0; i < HAMMERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SHARED; i++) {
		host.free(shared[i]);
		shared[i] = NULL;
	}
	host_slot()->left = 1;
	host.free(host.malloc(1)); /* empties the bag */
	ck_assert_uint_gt(host.header->events, 1000);
	host_check_table();
	if (host_lost().frees == 0)
		all_is_zero();
	else
		ck_assert_uint_le(host.header->live_count, host_lost().frees);
}

START_TEST(eight_threads_leave_nothing_behind)
{
	host_start(KIB, 16 * MIB);
	hammer_with(64 * KIB); /* now and then, as in life */
	ck_assert_uint_eq(host_lost().frees, 0);
	hammer_with(300); /* nearly all: everybody is at the lock */
	hammer_with(0);
}
END_TEST

/* ---- what else a site knows ---- */

START_TEST(a_block_freed_at_once_is_temporary_and_one_that_lives_is_not)
{
	enum { N = 1000 };
	static void *blocks[N];
	struct heap_copy copy;

	host_start(0, MIB);
	host_line(1);
	for (int i = 0; i < N; i++)
		host.free(host.malloc(100));
	host_line(2);
	for (int i = 0; i < N; i++)
		blocks[i] = host.malloc(100);
	usleep(20000);
	for (int i = 0; i < N; i++)
		host.free(blocks[i]);
	ck_assert_uint_eq(host_line_estimate(TEMPORARY, 1).samples, N);
	ck_assert_uint_eq(host_line_estimate(TEMPORARY, 1).bytes, 100 * N);
	ck_assert_uint_le(host_line_estimate(TEMPORARY, 2).samples, 2);
	ck_ok(heap_take(host.heap, &copy, &e), e);
	for (size_t i = 0; i < copy.site_count; i++) {
		struct heap_node node;
		uint32_t young = copy.sites[i].lifetimes[0] + copy.sites[i].lifetimes[1], all = 0, old = 0;

		ck_assert(heap_node(host.heap, copy.sites[i].node, &node));
		for (int b = 0; b < LIFETIME_BUCKETS; b++) {
			all += copy.sites[i].lifetimes[b];
			old += b >= 5 ? copy.sites[i].lifetimes[b] : 0; /* 16 ms and more */
		}
		ck_assert_uint_eq(all, N);
		if (node.position == 1)
			ck_assert_uint_gt(young, N / 10 * 9);
		else
			ck_assert_uint_ge(old, N - 3); /* the clock is read now and then: what comes right after a pause */
	}
}
END_TEST

/* The composition of the heap at its largest, line by line, against a ledger of our own. */
START_TEST(the_peak_is_made_of_what_was_alive_then)
{
	enum { LINES = 30, N = 2000, STEPS = 40000 };
	static struct { void *p; size_t n; unsigned line; } blocks[N];
	uint64_t alive[LINES + 1] = { 0 }, at_peak[LINES + 1] = { 0 }, total = 0, peak = 0;
	struct heap_copy copy;

	host_start(0, 4 * MIB);
	host_seed(3);
	for (int step = 0; step < STEPS; step++) {
		int i = (int)(host_uniform() * N * 0.999);
		double swell = 1 + sin(step / 3000.0); /* up and down: many peaks, most of them beaten later */

		host.free(blocks[i].p);
		alive[blocks[i].line] -= blocks[i].n;
		total -= blocks[i].n;
		blocks[i].n = (size_t)(host_uniform() * 1000 * swell) + 1;
		blocks[i].line = 1 + (unsigned)(host_uniform() * LINES * 0.999);
		host_line(blocks[i].line);
		blocks[i].p = host.malloc(blocks[i].n);
		alive[blocks[i].line] += blocks[i].n;
		total += blocks[i].n;
		if (total > peak) {
			peak = total;
			memcpy(at_peak, alive, sizeof(alive));
		}
	}
	ck_ok(heap_take(host.heap, &copy, &e), e);
	ck_assert_uint_eq(copy.peak_bytes, peak);
	ck_assert_uint_eq(host.header->live_bytes, total);
	for (unsigned line = 1; line <= LINES; line++) {
		ck_assert_uint_eq(host_line_estimate(PEAK, line).bytes, at_peak[line]);
		ck_assert_uint_eq(host_line_estimate(LIVE, line).bytes, alive[line]);
	}
}
END_TEST

START_TEST(more_lines_than_sites_are_merged_and_said_so)
{
	enum { LINES = 5000 };
	uint64_t bytes = 0;

	host_start(0, 4 * MIB); /* 4096 sites */
	for (unsigned line = 1; line <= LINES; line++) {
		host_line(line);
		host.malloc(line);
		bytes += line;
	}
	ck_assert_uint_eq(host_estimate(LIVE).bytes, bytes);
	ck_assert_uint_eq(host_estimate(LIVE).blocks, LINES);
	ck_assert_uint_gt(host_lost().merged, 0);
	ck_assert_uint_eq(host_line_estimate(LIVE, 17).bytes, 17);
	host_check_table();
}
END_TEST

TESTS("blocks", when_all_is_freed_the_sums_are_exactly_nothing, frees_that_find_nothing_seldom_look, exact_mode_counts_every_block,
      a_full_table_says_that_it_is_no_longer_exact, what_cannot_be_booked_now_is_counted_or_booked_later,
      an_address_used_again_while_its_free_waits_is_one_block, a_block_whose_free_went_past_us_is_replaced,
      eight_threads_leave_nothing_behind, a_block_freed_at_once_is_temporary_and_one_that_lives_is_not,
      the_peak_is_made_of_what_was_alive_then, more_lines_than_sites_are_merged_and_said_so)
