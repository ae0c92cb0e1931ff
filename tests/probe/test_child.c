/* A child of a fork takes a place and counts there, whatever the words say that all of a family can write. */
#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "probe_host.h"

enum { T = 1024, TABLES = 5, BLOCKS = 2000, BLOCK = 1000 };

static struct probe_header *place_at(unsigned place)
{
	return (struct probe_header *)((char *)host.header + place * MIB);
}

static void start(void)
{
	host_tables = TABLES;
	host_start(T, MIB);
}

static void allocate(void)
{
	for (int i = 0; i < BLOCKS; i++)
		host.malloc(BLOCK);
}

/* What a child answers: its place; 0: it has none, and knows; 100: something else. */
static int place_of_this(void)
{
	if (host.pages->magic == PROBE_PRIVATE_PASSIVE)
		return 0;
	for (unsigned place = 1; place < TABLES; place++)
		if (host.config->table == (uint64_t)place_at(place) && host.pages->stamp == place_at(place)->stamp)
			return (int)place;
	return 100;
}

static pid_t fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		allocate();
		_exit(place_of_this());
	}
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static uint64_t allocated_at(unsigned place)
{
	const struct probe_header *h = place_at(place);
	const struct probe_site *sites = (const void *)((const char *)h + h->layout.sites.offset);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < h->sites_used; i++)
		bytes += sites[i].alloc.bytes;
	return bytes;
}

START_TEST(a_child_takes_a_place_and_counts_there)
{
	double want = (double)BLOCKS * BLOCK;
	uint64_t events;
	pid_t pid;

	start();
	allocate();
	events = host.header->events;
	pid = fork_one();
	ck_assert_int_eq(end_of(pid), 1);
	ck_assert_uint_eq(host.header->events, events);
	ck_assert_uint_eq(host.header->forks, 1);
	ck_assert_uint_eq(host.header->forks_refused, 0);
	ck_assert_uint_eq(host.header->places_free, 0x1c);
	ck_assert_uint_eq(place_at(1)->magic, PROBE_MAGIC);
	ck_assert_uint_eq(place_at(1)->taken, 1);
	ck_assert_int_eq((pid_t)place_at(1)->taker, pid);
	within_six_sigma("bytes", (double)allocated_at(1), want, sqrt(BLOCKS * expected_variance(BLOCK, T)), BLOCKS);
	ck_assert_uint_eq(place_at(2)->magic, 0);
}
END_TEST

START_TEST(each_has_its_own_and_those_too_many_have_none)
{
	pid_t pids[TABLES + 2];
	unsigned seen = 0, none = 0;

	start();
	for (int i = 0; i < TABLES + 2; i++)
		pids[i] = fork_one();
	for (int i = 0; i < TABLES + 2; i++) {
		int place = end_of(pids[i]);

		ck_assert_int_lt(place, TABLES);
		none += place == 0;
		ck_assert(!place || !(seen & 1u << place));
		seen |= place ? 1u << place : 0;
	}
	ck_assert_uint_eq(seen, 0x1e);
	ck_assert_uint_eq(none, 3);
	ck_assert_uint_eq(host.header->forks, TABLES + 2);
	ck_assert_uint_eq(host.header->forks_refused, 3);
	ck_assert_uint_eq(host.header->places_free, 0);
}
END_TEST

START_TEST(a_grandchild_takes_one_too)
{
	pid_t pid;

	start();
	pid = fork();
	if (pid == 0) {
		allocate();
		_exit(place_of_this() == 1 ? end_of(fork_one()) : 100);
	}
	ck_assert_int_eq(end_of(pid), 2);
	ck_assert_uint_eq(host.header->forks, 2);
}
END_TEST

START_TEST(where_nobody_follows_any_more_none_is_taken)
{
	start();
	host.header->lease_cycles = clock_cycles();
	ck_assert_int_eq(end_of(fork_one()), 0);
	ck_ok(heap_disarm(host.heap, host.remote, &e), e);
	ck_assert_int_eq(end_of(fork_one()), 0);
	ck_assert_uint_eq(host.header->forks, 0);
	ck_assert_uint_eq(host.header->places_free, 0x1e);
}
END_TEST

/* Its place was emptied, and is another's: it counts no more, and what the other counts stays. */
START_TEST(a_child_whose_place_is_anothers_counts_no_more)
{
	int go[2], there[2];
	uint64_t events;
	char byte;
	pid_t pid;

	start();
	ck_assert(pipe(go) == 0 && pipe(there) == 0);
	pid = fork();
	if (pid == 0) {
		allocate();
		if (write(there[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(99);
		allocate();
		_exit(0);
	}
	ck_assert_int_eq(read(there[0], &byte, 1), 1);
	memset(place_at(1), 0, MIB);
	__atomic_fetch_or(&host.header->places_free, 2, __ATOMIC_RELEASE);
	ck_assert_int_eq(end_of(fork_one()), 1);
	events = place_at(1)->events;
	ck_assert_uint_gt(events, 0);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	ck_assert_int_eq(end_of(pid), 0);
	ck_assert_uint_eq(place_at(1)->events, events);
}
END_TEST

START_TEST(places_that_there_are_not_are_not_taken)
{
	start();
	host.header->places_free = ~0x1eull; /* all but those that there are */
	ck_assert_int_eq(end_of(fork_one()), 0);
	ck_assert_uint_eq(host.header->forks_refused, 1);
	ck_assert_uint_eq(host.header->places_free, ~0x1eull);
	host.header->places_free = ~0ull;
	host.header->tables = 1000;
	ck_assert_int_eq(end_of(fork_one()), 1);
}
END_TEST

/* ---- words that lie ---- */

static volatile bool stop;

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	return *x ^= *x << 17;
}

/* All that a family shares of its places: who has which, which are free, how many there were. */
static void *scribble(void *own)
{
	uint64_t x = 88172645463325252u + (uintptr_t)own;

	while (!stop) {
		struct probe_header *h = place_at((unsigned)(next(&x) % TABLES));
		uint64_t lie = next(&x) & 1 ? next(&x) : next(&x) % 64;

		switch (next(&x) % 8) {
		case 0: host.header->places_free = lie; break;
		case 1: host.header->forks = lie; break;
		case 2: host.header->forks_refused = lie; break;
		case 3: h->stamp = lie; break;
		case 4: h->taker = (uint32_t)lie; break;
		case 5: h->taken = (uint32_t)lie; break;
		case 6: h->tables = lie; break;
		default: h->magic = lie & 1 ? PROBE_MAGIC : lie; break;
		}
	}
	return NULL;
}

START_TEST(children_live_while_the_words_lie)
{
	enum { ROUNDS = 150, AT_ONCE = 4 };
	pthread_t thread;

	start();
	ck_assert_int_eq(pthread_create(&thread, NULL, scribble, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pids[AT_ONCE];

		for (int k = 0; k < AT_ONCE; k++)
			pids[k] = fork_one();
		for (int k = 0; k < AT_ONCE; k++)
			end_of(pids[k]);
	}
	stop = true;
	pthread_join(thread, NULL);
}
END_TEST

TESTS("child", a_child_takes_a_place_and_counts_there, each_has_its_own_and_those_too_many_have_none, a_grandchild_takes_one_too,
      where_nobody_follows_any_more_none_is_taken, a_child_whose_place_is_anothers_counts_no_more,
      places_that_there_are_not_are_not_taken, children_live_while_the_words_lie)
