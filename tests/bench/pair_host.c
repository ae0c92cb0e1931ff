/*
 * pair_host: so many allocations and frees through the real probe, or past it, for callgrind to count.
 *
 *	pair-host MODE COUNT
 *
 * malloc, object        past the probe: libc, and a stand-in for pymalloc (a free list, as its fast path is)
 * hook-malloc, …        through the hooks, at a sampling distance that is never reached
 * sampled-malloc-N, …   every one is sampled, with N Python frames; all from one place
 * sampled-malloc-recursion-N  the same, with all frames of one function
 * exact-object-N        as with --exact: no block is diverted, and each birth of a code object passes the probe
 */
#include <stdio.h>

#include "probe_host.h"

enum { SIZE = 32, DEPTH_MAX = 5000 };

/* ---- Python frames, as probe_host says where their fields are ---- */

struct frame {
	const void *previous, *code;
	int64_t position;
	uint8_t owner;
};
static struct {
	uint64_t length;
	char chars[8];
} word = { 4, "word" };
static uint64_t code_type;
static struct code {
	const void *type, *filename, *name, *lines;
	uint64_t first_line;
} codes[DEPTH_MAX];
static struct frame frames[DEPTH_MAX];
static struct {
	uint64_t thread;
	const struct frame *frame;
} state;
static const void *current = &state;

static void stand_on(int depth, bool recursion)
{
	for (int i = 0; i < depth; i++) {
		codes[i] = (struct code){ &code_type, &word, &word, &word, (uint64_t)i };
		frames[i] = (struct frame){ i + 1 < depth ? &frames[i + 1] : NULL, &codes[recursion ? 0 : i], 2, 0 };
	}
	state.thread = (uint64_t)__builtin_thread_pointer();
	state.frame = depth ? frames : NULL;
	host.config->python.current = (uint64_t)&current;
	host.config->python.code_type = (uint64_t)&code_type;
}

/* ---- pymalloc's fast path, more or less ---- */

static void *free_list;

static void *object_malloc(void *ctx, size_t n)
{
	void *p = free_list;

	(void)ctx;
	if (!p)
		return malloc(n < 16 ? 16 : n);
	free_list = *(void **)p;
	return p;
}

static void object_free(void *ctx, void *p)
{
	(void)ctx;
	*(void **)p = free_list;
	free_list = p;
}

/* ---- the loops: function pointers in both cases, as slots are ---- */

struct pair {
	void *(*malloc)(size_t);
	void (*free)(void *);
	void *(*object_malloc)(void *, size_t);
	void (*object_free)(void *, void *);
};

static void of_libc(const struct pair *volatile f, long count)
{
	while (count--)
		f->free(f->malloc(SIZE));
}

static void of_python(const struct pair *volatile f, long count)
{
	while (count--)
		f->object_free(NULL, f->object_malloc(NULL, SIZE));
}

/* A diverted block is libc's: pymalloc's free hands it there, and libc's free is hooked. */
static void of_python_diverted(const struct pair *volatile f, long count)
{
	while (count--)
		f->free(f->object_malloc(NULL, SIZE));
}

static const char *mode = "";
static long count;

START_TEST(run)
{
	struct pair pair = { malloc, free, object_malloc, object_free };
	bool sampled = strncmp(mode, "sampled-", 8) == 0, hooked = sampled || strncmp(mode, "hook-", 5) == 0;
	bool of_malloc = strstr(mode, "malloc") != NULL;
	bool exact = strncmp(mode, "exact-", 6) == 0;
	int depth = sampled || exact ? atoi(strrchr(mode, '-') + 1) : 0;

	if (hooked || exact) {
		host_start(sampled || exact ? 0 : 1ull << 40, 16 * MIB);
		host_use_libc();
		host.config->original[HOOK_OBJ_MALLOC] = (uint64_t)object_malloc;
		host.config->original[HOOK_OBJ_FREE] = (uint64_t)object_free;
		pair = (struct pair){ host.malloc, host.free, host.obj_malloc, exact ? host.obj_free : object_free };
		if (exact) {
			host.config->divert = 0;
			host.config->python.frame_owner = offsetof(struct frame, owner); /* as from 3.11 on */
			host.config->python.owner_skip = 3;
			host.config->python.lasti_scale = 0;
			host.config->wanted = 1ull << HOOK_MALLOC | 1ull << HOOK_OBJ_MALLOC | 1ull << HOOK_OBJ_FREE;
		}
		stand_on(depth < DEPTH_MAX ? depth : DEPTH_MAX, strstr(mode, "recursion") != NULL);
	}
	if (of_malloc)
		of_libc(&pair, count);
	else if (sampled)
		of_python_diverted(&pair, count);
	else
		of_python(&pair, count);
	if (sampled || exact)
		ck_assert_uint_ge(host.header->events, (uint64_t)count);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc == 3) {
		mode = argv[1];
		count = atol(argv[2]);
	}
	if (count < 1 || (!strstr(mode, "malloc") && !strstr(mode, "object"))) {
		fprintf(stderr, "pair-host: MODE is malloc, object, hook-malloc, hook-object, sampled-malloc-FRAMES, "
				"sampled-object-FRAMES or exact-object-FRAMES; then a count\n");
		return 2;
	}
	return host_program("pair", run);
}
