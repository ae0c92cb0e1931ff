/*
 * session_hooks: which functions of this target lead to the probe.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "memspy/clock.h"
#include "session_private.h"

#define BIT(hook) (1ull << (hook))

static uint64_t hooks_of(unsigned domains, enum python_hooking hooking)
{
	uint64_t hooks = BIT(HOOK_DLOPEN);

	if (domains & 1u << DOMAIN_MALLOC)
		hooks |= BIT(HOOK_MALLOC) | BIT(HOOK_CALLOC) | BIT(HOOK_REALLOC) | BIT(HOOK_REALLOCARRAY) | BIT(HOOK_FREE) |
			 BIT(HOOK_POSIX_MEMALIGN) | BIT(HOOK_ALIGNED_ALLOC) | BIT(HOOK_MEMALIGN) | BIT(HOOK_VALLOC) |
			 BIT(HOOK_PVALLOC);
	if (domains & 1u << DOMAIN_MMAP)
		hooks |= BIT(HOOK_MMAP) | BIT(HOOK_MUNMAP) | BIT(HOOK_MREMAP);
	if (hooking == HOOK_NOTHING)
		return hooks;
	if (domains & 1u << DOMAIN_MEM)
		hooks |= BIT(HOOK_MEM_MALLOC) | BIT(HOOK_MEM_CALLOC) | BIT(HOOK_MEM_REALLOC);
	if (domains & 1u << DOMAIN_OBJ)
		hooks |= BIT(HOOK_OBJ_MALLOC) | BIT(HOOK_OBJ_CALLOC) | BIT(HOOK_OBJ_REALLOC);
	if (hooking == HOOK_BOTH && domains & 1u << DOMAIN_MEM)
		hooks |= BIT(HOOK_MEM_FREE);
	if (hooking == HOOK_BOTH && domains & 1u << DOMAIN_OBJ)
		hooks |= BIT(HOOK_OBJ_FREE);
	return hooks;
}

/*
 * Somebody's functions that came in front of our hooks in an earlier session, and keep them where we did not find them:
 * to be in front of those again would be a circle.
 */
static bool is_in_front_of_us(const struct session *s, const struct python_allocator *table, unsigned first,
			      const struct probe_config *earlier, const struct leftovers *found)
{
	const struct object *python = python_object(s->python);
	const unsigned domain = first == HOOK_OBJ_MALLOC;
	const uint64_t now = table->functions[0];

	return earlier->tables[domain] && !found->places[domain] && now != earlier->original[first] &&
	       !(now >= python->start && now < python->end);
}

/* The table's four functions in the order of PyMemAllocatorEx; first is the domain's HOOK_…_MALLOC. */
static int add_table(struct session *s, const struct python_allocator *table, unsigned first, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; !r && i < 4; i++)
		r = patches_add(s->patches, table->table + 8 + 8 * i, first + i, table->functions[i], e);
	return r;
}

/* Only what can be called: the probe's config is the target's to write. */
int session_hooks_earlier(struct session *s, struct probe_config *ret, struct err *e)
{
	int r = 0;

	*ret = (struct probe_config){ 0 };
	if (s->probe.reused)
		r = remote_read(s->remote, s->probe.base + s->probe.image.entry.config, ret, sizeof(*ret), e);
	for (unsigned i = 0; !r && i < HOOK_COUNT; i++) {
		const struct map *code = maps_find(s->maps, ret->original[i]);

		if (!code || !code->executable)
			ret->original[i] = 0;
	}
	return r;
}

/*
 * A table's four belong together: blocks of one allocator are not to come to the free of another that was there in an
 * earlier session. Whoever is in front of our hooks calls those, and they what was behind them.
 */
static void find_table_originals(const struct python_allocator *table, unsigned first, const struct probe_config *earlier,
				 bool is_in_front, uint64_t to[HOOK_COUNT])
{
	for (unsigned i = first; i < first + 4; i++)
		if (!to[i])
			to[i] = is_in_front && earlier->original[i] ? earlier->original[i] : table->functions[i - first];
}

/*
 * What each hook stands for, whether this session wants it or not: a thread may be inside any hook that an earlier session
 * left reachable, and must find its way out.
 */
static void find_originals(struct session *s, const struct python_allocators *allocators, const struct probe_config *earlier,
			   const bool in_front[2], uint64_t to[HOOK_COUNT])
{
	patches_originals(s->patches, to);
	find_table_originals(&allocators->mem, HOOK_MEM_MALLOC, earlier, in_front[0], to);
	find_table_originals(&allocators->obj, HOOK_OBJ_MALLOC, earlier, in_front[1], to);
	for (unsigned i = 0; i < HOOK_COUNT; i++)
		if (!to[i])
			to[i] = earlier->original[i];
}

static int configure(struct session *s, const struct python_allocators *allocators, const struct probe_config *earlier,
		     const bool in_front[2], struct probe_config *config, struct err *e)
{
	*config = (struct probe_config){
		.small_limit = allocators->small_limit,
		.divert = allocators->hooking == HOOK_DIVERT,
		.tid_offset = python_tid_offset(s->python),
		.free_threaded = python_is_free_threaded(s->python),
		.link_map = session_loaders_list(s),
		.python_base = python_object(s->python)->bias,
		.iterate = session_libc_iterate(s),
		.tables = { allocators->mem.table, allocators->obj.table },
		.wanted = s->hooks,
	};
	find_originals(s, allocators, earlier, in_front, config->original);
	memcpy(s->originals, config->original, sizeof(s->originals));
	return python_probe_table(s->python, s->remote, &config->python, e);
}

struct heap_options session_heap_options(const struct session *s)
{
	return (struct heap_options){
		.sample_bytes = s->options.sample_bytes,
		.lease_ns = 30000000000u + (uint64_t)(s->options.interval_s * 3e9),
		.temporary_events = 1,
		.follow = s->options.places > 0,
	};
}

int session_hooks_on(struct session *s, struct err *e)
{
	const struct heap_options options = session_heap_options(s);
	struct leftovers found = { { 0, 0 } };
	struct python_allocators allocators;
	struct probe_config config, earlier;
	bool in_front[2];
	int r = session_hooks_earlier(s, &earlier, e);

	if (!r && (earlier.tables[0] || earlier.tables[1])) /* killed, or somebody was in front of us when we left */
		r = session_leftovers_back(s, s->maps, earlier.original, &found, e);
	if (!r)
		r = python_allocators(s->python, s->remote, &allocators, e);
	if (r)
		return r;
	/*
	 * Sampled small blocks can come from malloc only where it is known, and its free leads to us as well. They should not
	 * where all are sampled: pymalloc would be out of work, and the process larger.
	 */
	if (allocators.hooking == HOOK_DIVERT && (!(s->options.domains & 1u << DOMAIN_MALLOC) || !s->options.sample_bytes))
		allocators.hooking = HOOK_BOTH;
	s->hooks = hooks_of(s->options.domains, allocators.hooking);
	r = patches_new(&s->patches, s->id.pid, s->hooks, e);
	if (!r)
		patches_earlier(s->patches, earlier.original);
	if (!r)
		r = patches_find(s->patches, s->remote, s->maps, &s->probe, python_object(s->python)->start, e);
	in_front[0] = is_in_front_of_us(s, &allocators.mem, HOOK_MEM_MALLOC, &earlier, &found);
	in_front[1] = is_in_front_of_us(s, &allocators.obj, HOOK_OBJ_MALLOC, &earlier, &found);
	if (!r && allocators.hooking != HOOK_NOTHING && !in_front[0])
		r = add_table(s, &allocators.mem, HOOK_MEM_MALLOC, e);
	if (!r && allocators.hooking != HOOK_NOTHING && !in_front[1])
		r = add_table(s, &allocators.obj, HOOK_OBJ_MALLOC, e);
	if (!r)
		r = configure(s, &allocators, &earlier, in_front, &config, e);
	if (!r)
		r = heap_arm(s->heap, s->remote, &config, &options, e);
	if (!r && config.divert)
		injected_near(&s->probe, s->remote, &config);
	if (!r)
		r = patches_apply(s->patches, s->remote, &s->probe, e);
	s->rescan_at_ns = clock_now_ns() + RESCAN_NS;
	return r;
}

static int originals_that_came(struct session *s, const uint64_t before[HOOK_COUNT], struct err *e)
{
	uint64_t now[HOOK_COUNT];
	int r = 0;

	patches_originals(s->patches, now);
	for (unsigned i = 0; !r && i < HOOK_COUNT; i++)
		if (now[i] && !before[i])
			r = heap_set_original(s->heap, s->remote, i, now[i], e);
	return r;
}

/* Several threads were in dlopen at once, and no more came since the last time: the probe may look for itself again. */
static int forget_dlopens(struct session *s, struct err *e)
{
	raddr pages = s->probe.base + s->probe.image.entry.private_pages;
	uint64_t dlopens, thread;
	int r = remote_read_u64(s->remote, pages + offsetof(struct probe_private, dlopens), &dlopens, e);

	if (!r)
		r = remote_read_u64(s->remote, pages + offsetof(struct probe_private, dlopen_thread), &thread, e);
	if (!r && thread == PROBE_SEVERAL && dlopens == s->dlopens)
		r = remote_write_u64(s->remote, pages + offsetof(struct probe_private, dlopen_thread), 0, e);
	if (!r)
		s->dlopens = dlopens;
	return r;
}

int session_hooks_rescan(struct session *s, struct err *e)
{
	uint64_t before[HOOK_COUNT];
	struct maps *maps;
	int r;

	if (clock_now_ns() < s->rescan_at_ns)
		return 0;
	s->rescan_at_ns = clock_now_ns() + RESCAN_NS;
	r = forget_dlopens(s, e);
	if (!r)
		r = maps_read(&maps, s->id.pid, e);
	if (r)
		return r;
	patches_originals(s->patches, before);
	r = patches_find(s->patches, s->remote, maps, &s->probe, python_object(s->python)->start, e);
	if (!r)
		r = originals_that_came(s, before, e);
	if (!r)
		r = patches_apply(s->patches, s->remote, &s->probe, e);
	maps_free(maps);
	return r;
}

/* Where all that led to our hooks of a table is found, the next session need not look for it. */
static int leave_tables(struct session *s, const struct maps *maps, struct err *e)
{
	const raddr tables = s->probe.base + s->probe.image.entry.config + offsetof(struct probe_config, tables);
	struct leftovers found;
	int r = session_leftovers_back(s, maps, s->originals, &found, e);

	for (unsigned i = 0; !r && i < 2; i++)
		if (found.places[i])
			r = remote_write_u64(s->remote, tables + 8 * i, 0, e);
	return r;
}

int session_hooks_off(struct session *s, struct err *e)
{
	struct err at_restore = { "" }, ignored;
	struct maps *maps;
	int r = heap_disarm(s->heap, s->remote, e), restored;

	/* Slots that the probe turned itself, in objects that came since: they are to be put back as well. From here on it
	 * turns no more. */
	if (!maps_read(&maps, s->id.pid, e)) {
		patches_find(s->patches, s->remote, maps, &s->probe, python_object(s->python)->start, e);
		leave_tables(s, maps, &ignored);
		maps_free(maps);
	}
	restored = patches_restore(s->patches, s->remote, &s->probe, &at_restore);
	if (!r && restored) {
		*e = at_restore;
		r = restored;
	}
	return r == READ_GONE || r == READ_TORN ? 0 : r;
}
