/*
 * CPython's domains over libc's: every byte is counted once, wherever a block moves.
 *
 * The pymalloc behind the hooks is the host's: small blocks from arenas, large ones from libc by its hooked slots.
 */
#include <math.h>

#include "probe_host.h"

enum { T = 16 * 1024 };

struct ledger {
	double alive, ever, variance_alive, variance_ever;
};

static void allocated(struct ledger *l, size_t n)
{
	l->alive += (double)n;
	l->ever += (double)n;
	l->variance_alive += n ? expected_variance((double)n, T) : 0;
	l->variance_ever += n ? expected_variance((double)n, T) : 0;
}

static void freed(struct ledger *l, size_t n)
{
	l->alive -= (double)n;
	l->variance_alive -= n ? expected_variance((double)n, T) : 0;
}

static void holds(const struct ledger *l)
{
	struct estimate live = host_estimate(LIVE), ever = host_estimate(ALLOC);

	within_six_sigma("live", (double)live.bytes, l->alive, sqrt(l->variance_alive), (double)live.samples);
	within_six_sigma("allocated", (double)ever.bytes, l->ever, sqrt(l->variance_ever), (double)ever.samples);
	host_check_table();
}

/* Sizes on both sides of what pymalloc keeps to itself. */
static size_t any_size(void)
{
	return host_uniform() < 0.7 ? (size_t)(1 + host_uniform() * 511) : (size_t)(513 + host_uniform() * 3000);
}

/* Where blocks are diverted, free is not hooked. */
static void object_free(void *p)
{
	void (*original)(void *, void *) = (void (*)(void *, void *))host.config->original[HOOK_OBJ_FREE];

	(host.config->divert ? original : host.obj_free)(NULL, p);
}

static void run(int steps, double reallocs)
{
	enum { N = 20000 };
	static struct { void *p; size_t n; } blocks[N];
	struct ledger l = { 0 };

	memset(blocks, 0, sizeof(blocks));
	for (int step = 0; step < steps; step++) {
		int i = (int)(host_uniform() * N * 0.9999);
		size_t n = any_size();

		freed(&l, blocks[i].n);
		allocated(&l, n);
		if (host_uniform() < reallocs) {
			blocks[i].p = host.obj_realloc(NULL, blocks[i].p, n);
		} else {
			object_free(blocks[i].p);
			blocks[i].p = step & 1 ? host.obj_calloc(NULL, 1, n) : host.obj_malloc(NULL, n);
		}
		blocks[i].n = n;
	}
	holds(&l);
	ck_assert_uint_eq(host_lost().frees, 0);
	for (int i = 0; i < N; i++)
		object_free(blocks[i].p);
	ck_assert_uint_eq(host.header->live_count, 0);
	ck_assert_uint_eq(host.header->live_bytes, 0);
}

START_TEST(diverted_blocks_are_counted_once)
{
	host_start(T, 16 * MIB);
	host_seed(1);
	run(1000000, 0);
	ck_assert_uint_gt(host_domain(ALLOC, DOMAIN_OBJ).samples, 1000);
	ck_assert_uint_gt(host_domain(ALLOC, DOMAIN_MALLOC).samples, 1000);
}
END_TEST

START_TEST(blocks_that_grow_and_shrink_over_the_boundary_are_counted_once)
{
	host_start(T, 16 * MIB);
	for (int in_place = 0; in_place < 2; in_place++) {
		host_realloc = in_place ? REALLOC_IN_PLACE : REALLOC_MOVES;
		host_arm(T);
		host_seed(2);
		run(1000000, 0.7);
	}
}
END_TEST

START_TEST(domains_are_told_apart)
{
	enum { N = 300000 };
	double small = 0, large = 0;
	struct estimate obj, libc;

	host_start(T, 16 * MIB);
	host_seed(4);
	for (int i = 0; i < N; i++) {
		size_t n = i % 50 ? any_size() : 12 * T; /* a block of many sample points between them changes nothing */

		*(n <= 512 ? &small : &large) += (double)n;
		host.obj_malloc(NULL, n);
	}
	obj = host_domain(ALLOC, DOMAIN_OBJ);
	libc = host_domain(ALLOC, DOMAIN_MALLOC);
	within_six_sigma("obj", (double)obj.bytes, small, sqrt(small * T), (double)obj.samples);
	within_six_sigma("malloc", (double)libc.bytes, large, sqrt(large * T), (double)libc.samples);
	ck_assert_uint_eq(host_domain(ALLOC, DOMAIN_MEM).samples, 0);
	host.mem_malloc(NULL, 1);
	host.pages->left = 1;
	host.mem_malloc(NULL, 100);
	ck_assert_uint_eq(host_domain(ALLOC, DOMAIN_MEM).samples, 1);
}
END_TEST

/* Debug hooks, tracemalloc, somebody else's allocator: all is passed on, and free is wrapped as well. */
START_TEST(wrapped_domains_are_counted_once)
{
	host_start(T, 16 * MIB);
	host_wrapped();
	host_seed(5);
	run(1000000, 0.5);
}
END_TEST

/* What pymalloc's own realloc asks of libc is not a second allocation, and leaves the contents where they belong. */
START_TEST(contents_move_with_a_diverted_block)
{
	host_start(T, MIB);
	host_realloc = REALLOC_IN_PLACE;
	for (int i = 0; i < 2000; i++) {
		char *p = host.obj_malloc(NULL, 40);

		memset(p, i, 40);
		if (i & 1)
			host.pages->left = 1; /* this one is picked */
		p = host.obj_realloc(NULL, p, i % 3 ? 20 : 30);
		if (i & 1)
			for (int k = 0; k < 20; k++)
				ck_assert_int_eq(p[k], (char)i);
	}
}
END_TEST

/* dlopen asks for a look around by a left of 0; whoever takes the size off it first has to put it back. */
START_TEST(a_look_that_was_asked_for_is_taken)
{
	void *block;

	host_start(T, MIB);
	block = host.obj_malloc(NULL, 40);
	for (int way = 0; way < 3; way++) {
		host.pages->left = 0;
		host.pages->objects_changed = 1;
		host.pages->dlopen_thread = (uint64_t)__builtin_thread_pointer();
		switch (way) {
		case 0: host.obj_malloc(NULL, 40); break;
		case 1: host.obj_calloc(NULL, 2, 20); break;
		case 2: host.obj_realloc(NULL, block, 40); break;
		}
		ck_assert_uint_eq(host.pages->objects_changed, 0);
		ck_assert_uint_eq(host.pages->dlopen_thread, 0);
	}
}
END_TEST

START_TEST(mappings_are_a_domain_of_their_own)
{
	enum { RW = 3, NONE = 0, ANONYMOUS = 0x22, FILE_ = 0x2 };
	void *p;

	host_start(KIB, MIB);
	p = host.mmap(NULL, 8 * MIB, RW, ANONYMOUS, -1, 0);
	host.mmap(NULL, 8 * MIB, NONE, ANONYMOUS, -1, 0); /* addresses only */
	host.mmap(NULL, 8 * MIB, RW, FILE_, 5, 0);
	ck_assert_uint_eq(host_domain(LIVE, DOMAIN_MMAP).bytes, 8 * MIB);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 1);
	ck_assert_int_eq(host.munmap(p, 8 * MIB), 0);
	ck_assert_uint_eq(host_estimate(LIVE).samples, 0);
}
END_TEST

TESTS("domains", diverted_blocks_are_counted_once, blocks_that_grow_and_shrink_over_the_boundary_are_counted_once,
      domains_are_told_apart, wrapped_domains_are_counted_once, contents_move_with_a_diverted_block,
      a_look_that_was_asked_for_is_taken, mappings_are_a_domain_of_their_own)
