/*
 * A target that scribbles over the table while it is read and named: it spoils its own figures, and nothing of ours.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/heap/heap_private.h"
#include "../fuzz/hostile.h"
#include "check_memspy.h"
#include "memspy/clock.h"
#include "memspy/proc.h"

enum { TABLE = 16 << 20, SECONDS = 2 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
enum { GROWTH_MAX = 1200000000 }; /* ASan keeps what was freed for a while */
#else
enum { GROWTH_MAX = 250000000 };
#endif

static char *table;
static volatile bool stop;
static struct err e;

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	return *x ^= *x << 17;
}

/* Noise everywhere; counts that promise more than there is; indexes that are nearly right. */
static void *scribble(void *own)
{
	struct probe_header *t = (struct probe_header *)table;
	uint64_t x = 88172645463325252u + (uintptr_t)own;

	while (!stop) {
		uint64_t at = next(&x) % (TABLE / 8);

		((uint64_t *)table)[at] = x & 1 ? x : x % 20000 << (x & 32);
		if (x % 64)
			continue;
		t->sites_used = (uint32_t)(x >> 20 & 0x7fff);
		t->nodes_used = (uint32_t)(x >> 21 & 0x1ffff);
		t->codes_used = (uint32_t)x;
		t->text_used = (uint32_t)(x >> 7);
		t->period = (uint32_t)(x >> 9);
	}
	return NULL;
}

static uint64_t rss(void)
{
	struct memory m;

	ck_ok(proc_memory(getpid(), false, &m, &e), e);
	return m.rss;
}

static void *make_table(void)
{
	void *p = mmap(NULL, TABLE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

START_TEST(a_target_that_scribbles_cannot_hurt_or_fill_us)
{
	uint64_t end = clock_now_ns() + SECONDS * 1000000000ull, before, looks = 0;
	struct hostile h;
	pthread_t thread;

	table = make_table();
	memset(table, 0, TABLE);
	before = rss();
	ck_ok(hostile_init(&h, table, TABLE, PY_LINES_LOCATIONS, &e), e);
	ck_assert_int_eq(pthread_create(&thread, NULL, scribble, NULL), 0);
	while (clock_now_ns() < end || looks < 3) {
		hostile_look(&h);
		looks++;
	}
	stop = true;
	pthread_join(thread, NULL);
	ck_assert_msg(rss() < before + GROWTH_MAX, "grew by %lu bytes in %lu looks", rss() - before, looks);
	hostile_done(&h);
}
END_TEST

/* Every code object claims the whole text section for its names and lines: a thousand times what there is. */
START_TEST(texts_that_overlap_do_not_add_up_without_end)
{
	struct probe_layout layout;
	struct probe_header *t;
	struct hostile h;
	uint64_t before;

	table = make_table();
	t = (struct probe_header *)table;
	ck_ok(hostile_init(&h, table, TABLE, PY_LINES_RANGES, &e), e);
	layout = h.heap->layout;
	memset(table + layout.text.offset, 'x', layout.text.count);
	for (uint32_t i = 1; i < layout.codes.count; i++) {
		uint32_t at = i * 16, bytes = layout.text.count - at * 8 - 8;

		((struct probe_code *)(table + layout.codes.offset))[i] =
			(struct probe_code){ .filename_text = at, .name_text = at, .line_table_text = at, .first_line = i };
		memcpy(table + layout.text.offset + at * 8, &(struct probe_text){ bytes, 1 }, sizeof(struct probe_text));
		((struct probe_node *)(table + layout.nodes.offset))[i + PROBE_NODE_FIRST] = (struct probe_node){ .code = i };
		((struct probe_site *)(table + layout.sites.offset))[i] =
			(struct probe_site){ .node = i + PROBE_NODE_FIRST, .alloc.n = 1, .live.n = 1 };
	}
	t->sites_used = layout.sites.count;
	t->nodes_used = layout.nodes.count;
	t->codes_used = layout.codes.count;
	before = rss();
	for (int i = 0; i < 3; i++)
		hostile_look(&h);
	ck_assert_msg(rss() < before + GROWTH_MAX, "grew by %lu bytes", rss() - before);
	hostile_done(&h);
}
END_TEST

/* A code index is a claim, too: memory for names is for what can be there. */
START_TEST(an_index_from_a_liar_takes_no_memory)
{
	struct probe_header *t;
	struct hostile h;
	uint64_t before;

	table = make_table();
	t = (struct probe_header *)table;
	ck_ok(hostile_init(&h, table, TABLE, PY_LINES_RANGES, &e), e);
	t->sites_used = 2;
	t->nodes_used = t->codes_used = UINT32_MAX;
	((struct probe_site *)(table + h.heap->layout.sites.offset))[1] = (struct probe_site){ .node = 5, .alloc.n = 1 };
	((struct probe_node *)(table + h.heap->layout.nodes.offset))[5] =
		(struct probe_node){ .parent = 1, .code = (1u << 24) - 1 };
	before = rss();
	hostile_look(&h);
	ck_assert_uint_lt(rss(), before + 20000000);
	hostile_done(&h);
}
END_TEST

TESTS("hostile", a_target_that_scribbles_cannot_hurt_or_fill_us, texts_that_overlap_do_not_add_up_without_end,
      an_index_from_a_liar_takes_no_memory)
