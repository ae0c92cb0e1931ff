/*
 * Is the stack of every sample the one that its thread was on? Stacks made by hand, changed at random between samples.
 *
 * The probe remembers the stacks before; what is held against it here remembers nothing.
 */
#include <pthread.h>

#include "probe_host.h"

enum { CODES = 200, FRAMES = 1500, DEPTH_KEPT = 64 }; /* as many as the host keeps */

struct bytes {
	uint64_t length;
	char chars[16];
};
static struct bytes names[8];
static uint64_t code_type;
static struct code {
	const void *type, *filename, *name, *lines;
	uint64_t first_line;
} codes[CODES];
struct frame {
	const void *previous, *code;
	int64_t position;
};
static struct state {
	uint64_t thread;
	const struct frame *frame;
} no_state;
static const void *current = &no_state;

/* ---- one program: a thread's frames, outermost first ---- */

struct program {
	struct state state;
	struct frame frames[FRAMES];
	int depth;
};

static int any(int below)
{
	int n = (int)(host_uniform() * below);

	return n < below ? n : below - 1;
}

static void stand(struct program *p)
{
	for (int i = 0; i < p->depth; i++)
		p->frames[i].previous = i ? &p->frames[i - 1] : NULL;
	p->state.thread = (uint64_t)__builtin_thread_pointer();
	p->state.frame = p->depth ? &p->frames[p->depth - 1] : NULL;
	current = &p->state;
}

/* Half of the calls are recursions; nine in ten are from the same few lines. */
static void call(struct program *p)
{
	const void *code = p->depth && any(2) ? p->frames[p->depth - 1].code : &codes[any(10) ? any(5) : any(CODES)];

	if (p->depth < FRAMES)
		p->frames[p->depth++] = (struct frame){ NULL, code, any(3) };
}

static void change(struct program *p)
{
	switch (any(6)) {
	case 0:
		p->depth = any(p->depth + 1);
		break;
	case 1:
		for (int n = any(any(20) ? 10 : 300); n; n--)
			call(p);
		break;
	case 2: /* a caller went on: what it calls may look just the same */
		if (p->depth)
			p->frames[any(p->depth)].position = any(3);
		break;
	case 3:
		if (p->depth)
			p->frames[any(p->depth)].code = &codes[any(CODES)];
		break;
	default: /* the same stack, or nearly */
		if (p->depth)
			p->frames[p->depth - 1].position = any(3);
	}
}

/* ---- what the table says of the block that was just sampled ---- */

static const void *in_table(const struct probe_section *s)
{
	return (const char *)host.header + s->offset;
}

static const struct probe_site *site_of(void *p)
{
	const struct probe_live *live = in_table(&host.header->layout.live);
	uint32_t in_use = host.header->live_wide ? host.header->layout.live.count : PROBE_LIVE_NARROW;

	for (uint32_t i = 0; i < in_use && i < host.header->layout.live.count; i++)
		if (live[i].address == (uint64_t)p)
			return (const struct probe_site *)in_table(&host.header->layout.sites) + live[i].site;
	ck_abort_msg("a block that must have been sampled is not in the table");
	return NULL;
}

static void is_noted(uint32_t index, const struct code *code)
{
	const struct probe_code *c = (const struct probe_code *)in_table(&host.header->layout.codes) + index;
	const struct bytes *name = code->name;
	const char *text = (const char *)in_table(&host.header->layout.text) + (uint64_t)c->name_text * 8;

	ck_assert_uint_lt(index, host.header->codes_used);
	ck_assert_ptr_eq((void *)c->address, code);
	ck_assert_uint_eq(c->first_line, code->first_line);
	ck_assert_uint_eq(((const struct probe_text *)(const void *)text)->bytes, name->length);
	ck_assert_mem_eq(text + sizeof(struct probe_text), name->chars, name->length);
}

/* From the innermost on, to where it ends as it should. */
static void is_stack(uint32_t node, const struct program *p)
{
	const struct probe_node *nodes = in_table(&host.header->layout.nodes);
	int kept = p->depth < DEPTH_KEPT ? p->depth : DEPTH_KEPT;

	for (int i = 0; i < kept; i++, node = nodes[node].parent) {
		const struct frame *f = &p->frames[p->depth - 1 - i];

		ck_assert_msg(node >= PROBE_NODE_FIRST && node < host.header->nodes_used, "frame %d of %d is node %u", i, kept,
			      node);
		ck_assert_int_eq(nodes[node].position, f->position);
		is_noted(nodes[node].code, f->code);
	}
	ck_assert_uint_eq(node, p->depth > DEPTH_KEPT ? PROBE_NODE_TRUNCATED : PROBE_NODE_ROOT);
}

static bool all_hooks; /* as if each birth of a code object passed the probe */

static void arm(void)
{
	host_arm(0);
	host.config->python.current = (uint64_t)&current;
	host.config->python.code_type = (uint64_t)&code_type;
	if (all_hooks) {
		host.config->wanted = 1ull << HOOK_MALLOC | 1ull << HOOK_OBJ_MALLOC;
		current = &no_state;
		host.free(host.obj_malloc(NULL, 10)); /* the last hook to be put in */
	}
}

static bool has_room(void)
{
	return host.header->nodes_used < host.header->layout.nodes.count / 8 * 7 - FRAMES;
}

static void sample(struct program *p)
{
	void *block;

	if (!has_room())
		arm();
	stand(p);
	block = host.malloc(100);
	is_stack(site_of(block)->node, p);
	host.free(block);
}

/* ---- */

static void begin(uint64_t table_bytes)
{
	for (int i = 0; i < 8; i++) {
		names[i].length = 12;
		memcpy(names[i].chars, (char[]){ 'n', (char)('a' + i) }, 2);
	}
	for (int i = 0; i < CODES; i++)
		codes[i] = (struct code){ &code_type, &names[0], &names[i % 8], &names[1], (uint64_t)i };
	host_start(0, table_bytes);
	arm();
}

static void walk_about(void)
{
	static struct program p;

	begin(16 * MIB);
	for (int i = 0; i < 20000; i++) {
		change(&p);
		sample(&p);
	}
}

START_TEST(every_stack_is_the_one_its_thread_was_on)
{
	walk_about();
}
END_TEST

/* What another thread was on, and how deep, changes nothing. */
static void *of_a_thread(void *program)
{
	for (int i = 0; i < 20; i++) {
		change(program);
		sample(program);
	}
	return NULL;
}

static void threads_walk_about(void)
{
	static struct program programs[12];
	pthread_t thread;

	begin(16 * MIB);
	for (int i = 0; i < 400; i++) {
		ck_assert_int_eq(pthread_create(&thread, NULL, of_a_thread, &programs[any(12)]), 0);
		pthread_join(thread, NULL);
	}
}

START_TEST(stacks_of_threads_are_their_own)
{
	threads_walk_about();
}
END_TEST

/* The table is emptied: a node that was remembered is another's by now. */
static void sessions_follow(void)
{
	static struct program p;

	begin(16 * MIB);
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 10; k++) {
			change(&p);
			sample(&p);
		}
		arm();
		for (int k = any(5); k; k--) { /* others come first */
			static struct program other;

			other.depth = 0;
			call(&other);
			sample(&other);
		}
		sample(&p);
	}
}

START_TEST(a_session_knows_nothing_of_the_one_before)
{
	sessions_follow();
}
END_TEST

/* A function dies and another one gets its address, its frame the place of the old one. */
START_TEST(a_code_object_that_is_another_now_is_told_from_the_old_one)
{
	static struct program p;

	begin(16 * MIB);
	for (int i = 0; i < 5000; i++) {
		if (any(3) == 0) {
			struct code *c = &codes[any(10)];

			c->first_line = 1000 + (uint64_t)any(50);
			c->name = &names[any(8)];
		}
		change(&p);
		sample(&p);
	}
}
END_TEST

/* ---- where every birth passes the probe, a code object is not looked at each time ---- */

START_TEST(the_same_where_every_birth_passes_the_probe)
{
	all_hooks = true;
	walk_about();
}
END_TEST

START_TEST(the_same_for_threads)
{
	all_hooks = true;
	threads_walk_about();
}
END_TEST

START_TEST(the_same_for_sessions)
{
	all_hooks = true;
	sessions_follow();
}
END_TEST

static void turns_into_another(struct code *c)
{
	c->first_line = 1000 + (uint64_t)any(50);
	c->name = &names[any(8)];
}

START_TEST(a_code_object_that_was_seen_to_be_born_is_told_from_the_old_one)
{
	static struct program p;
	static void *blocks[CODES];

	all_hooks = true;
	begin(16 * MIB);
	for (int i = 0; i < 20000; i++) {
		if (any(3) == 0) {
			int c = any(10);
			bool large = any(2);

			host.free(blocks[c]);
			current = &no_state;
			host_given_again = (char *)&codes[c] - (any(2) ? 16 : 0); /* a header of the allocator's in front */
			blocks[c] = large ? host.malloc(1000) : host.obj_malloc(NULL, 200);
			turns_into_another(&codes[c]);
		}
		change(&p);
		sample(&p);
	}
}
END_TEST

static uint32_t code_now(struct program *p)
{
	const struct probe_node *nodes = in_table(&host.header->layout.nodes);
	void *block;
	uint32_t code;

	stand(p);
	block = host.malloc(100);
	code = nodes[site_of(block)->node].code;
	host.free(block);
	return code;
}

/* One that comes to be in some other way is not seen, or these tests would not be of what they say; but not for long. */
START_TEST(what_is_known_of_code_objects_ends_with_the_lease)
{
	static struct program p;
	uint32_t then;

	all_hooks = true;
	begin(16 * MIB);
	p.frames[0] = (struct frame){ NULL, &codes[0], 1 };
	p.depth = 1;
	then = code_now(&p);
	codes[0].first_line = 77;
	ck_assert_uint_eq(code_now(&p), then);
	host.header->lease_cycles++;
	ck_assert_uint_ne(code_now(&p), then);
	sample(&p);
}
END_TEST

/* A block that could not be booked may have had a code object in it. */
START_TEST(what_is_known_of_code_objects_ends_when_a_block_is_missed)
{
	static struct program p;
	uint32_t then;

	all_hooks = true;
	begin(16 * MIB);
	p.frames[0] = (struct frame){ NULL, &codes[0], 1 };
	p.depth = 1;
	then = code_now(&p);
	codes[0].first_line = 77;
	host.header->lock = 1;
	host.free(host.malloc(100));
	ck_assert_uint_eq(host.header->lost.contention, 1);
	host.header->lock = 0;
	ck_assert_uint_ne(code_now(&p), then);
	sample(&p);
}
END_TEST

/* Where the table has no room for callers, the own line is right, and it is said that callers are missing. */
START_TEST(own_lines_are_right_to_the_end)
{
	static struct program p;
	const struct probe_node *nodes;

	begin(MIB);
	nodes = in_table(&host.header->layout.nodes);
	for (int i = 0; i < 100000 && host.header->nodes_used < host.header->layout.nodes.count / 8 * 7; i++) {
		change(&p);
		stand(&p);
		host.free(host.malloc(100));
	}
	for (int i = 0; i < 2000; i++) {
		uint64_t merged = host.header->lost.merged;
		void *block;
		uint32_t node;

		change(&p);
		stand(&p);
		block = host.malloc(100);
		node = site_of(block)->node;
		host.free(block);
		ck_assert_uint_eq(host.header->lost.merged - merged, p.depth > 1);
		if (!p.depth || node == PROBE_NODE_MERGED) /* not even room for that */
			continue;
		ck_assert_uint_eq(nodes[node].parent, p.depth > 1 ? PROBE_NODE_MERGED : PROBE_NODE_ROOT);
		ck_assert_int_eq(nodes[node].position, p.frames[p.depth - 1].position);
		is_noted(nodes[node].code, p.frames[p.depth - 1].code);
	}
}
END_TEST

TESTS("stack", every_stack_is_the_one_its_thread_was_on, stacks_of_threads_are_their_own,
      a_session_knows_nothing_of_the_one_before, a_code_object_that_is_another_now_is_told_from_the_old_one,
      the_same_where_every_birth_passes_the_probe, the_same_for_threads, the_same_for_sessions,
      a_code_object_that_was_seen_to_be_born_is_told_from_the_old_one, what_is_known_of_code_objects_ends_with_the_lease,
      what_is_known_of_code_objects_ends_when_a_block_is_missed, own_lines_are_right_to_the_end)
