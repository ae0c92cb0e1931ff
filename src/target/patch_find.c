/*
 * patch_find: which words of the target lead to allocation functions.
 *
 * From the ELF files, outside: relocations name the slots, and each object's own dynamic symbols what it defines.
 *
 * libc and the loader call their own allocator inside; of libc only `free` is turned, so that blocks it frees for
 * others are seen to go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/symbols.h"
#include "patch_private.h"

static const struct {
	const char *name;
	enum probe_hook hook;
} functions[] = {
	{ "malloc", HOOK_MALLOC },	       { "calloc", HOOK_CALLOC },
	{ "realloc", HOOK_REALLOC },	       { "reallocarray", HOOK_REALLOCARRAY },
	{ "free", HOOK_FREE },		       { "posix_memalign", HOOK_POSIX_MEMALIGN },
	{ "aligned_alloc", HOOK_ALIGNED_ALLOC }, { "memalign", HOOK_MEMALIGN },
	{ "valloc", HOOK_VALLOC },	       { "pvalloc", HOOK_PVALLOC },
	{ "mmap", HOOK_MMAP },		       { "mmap64", HOOK_MMAP },
	{ "munmap", HOOK_MUNMAP },	       { "mremap", HOOK_MREMAP },
	{ "dlopen", HOOK_DLOPEN },
};
enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

static bool hook_of(const char *name, enum probe_hook *ret)
{
	for (unsigned i = 0; i < FUNCTIONS; i++)
		if (!strcmp(functions[i].name, name)) {
			*ret = functions[i].hook;
			return true;
		}
	return false;
}

static bool is_memory_of_maps(enum probe_hook hook)
{
	return hook == HOOK_MMAP || hook == HOOK_MUNMAP || hook == HOOK_MREMAP;
}

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_libc(const struct object *o)
{
	const char *name = basename_of(o->path);

	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libc-2.", 7) || !strncmp(name, "libpthread", 10) ||
	       !strncmp(name, "libdl", 5);
}

static bool is_loader(const struct object *o)
{
	return !strncmp(basename_of(o->path), "ld-", 3);
}

static bool is_musl(const struct object *o) /* loader and libc in one */
{
	const char *name = basename_of(o->path);

	return !strncmp(name, "ld-musl-", 8) || !strncmp(name, "libc.musl-", 10) || !strcmp(name, "libc.so");
}

static bool is_same(const struct seen_object *seen, const struct object *o)
{
	return seen->start == o->start && seen->inode == o->first->inode &&
	       seen->device == ((uint64_t)o->first->device_major << 32 | o->first->device_minor);
}

static int remember(struct patches *p, const struct object *o, bool *ret_new, struct err *e)
{
	uint64_t device = (uint64_t)o->first->device_major << 32 | o->first->device_minor;
	struct seen_object *more;

	*ret_new = false;
	for (size_t i = 0; i < p->seen_count; i++)
		if (is_same(&p->seen[i], o))
			return 0;
	more = realloc(p->seen, (p->seen_count + 1) * sizeof(*more));
	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	p->seen = more;
	p->seen[p->seen_count++] = (struct seen_object){ o->start, o->first->inode, device };
	*ret_new = true;
	return 0;
}

static int add_definer(struct patches *p, enum probe_hook hook, raddr function, const struct object *o, struct err *e)
{
	struct definer *more = realloc(p->definers, (p->definer_count + 1) * sizeof(*more));

	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	p->definers = more;
	p->definers[p->definer_count++] = (struct definer){ hook, function, o->start, is_libc(o) || is_musl(o), 0 };
	return 0;
}

static int find_definitions(struct patches *p, const struct object *o, const struct symbols *s, struct err *e)
{
	if (is_loader(o) && !is_musl(o))
		return 0; /* its malloc is for itself */
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		struct symbol symbol;
		int r;

		if (!symbols_find(s, functions[i].name, &symbol) || !symbol.is_dynamic || !symbol.is_function ||
		    !symbol.value)
			continue;
		r = add_definer(p, functions[i].hook, o->bias + symbol.value, o, e);
		if (r)
			return r;
	}
	return 0;
}

static int find_slots(struct patches *p, const struct object *o, const struct symbols *s, struct remote *remote,
		      raddr skip_mmap, struct err *e)
{
	_cleanup_(freep) struct got_slot *slots = NULL;
	const char *names[FUNCTIONS + 1] = { NULL };
	size_t count;
	int r;

	if (is_loader(o) || is_musl(o))
		return 0;
	for (unsigned i = 0; i < FUNCTIONS; i++)
		names[i] = functions[i].name;
	r = symbols_slots(s, names, &slots, &count, e);
	for (size_t i = 0; !r && i < count; i++) {
		struct place place = { .at = o->bias + slots[i].address };

		if (!hook_of(slots[i].name, &place.hook) || place.at & 7 ||
		    (o->start == skip_mmap && is_memory_of_maps(place.hook)) || (is_libc(o) && place.hook != HOOK_FREE))
			continue;
		r = remote_read_u64(remote, place.at, &place.value, e);
		if (r == READ_TORN) {
			r = 0;
			continue;
		}
		if (r)
			return r;
		place.object_start = o->start;
		place.object_end = o->end;
		r = patches_add_place(p, &place, e);
	}
	return r;
}

static int look_at(struct patches *p, const struct object *o, struct remote *remote, raddr skip_mmap, struct err *e)
{
	struct symbols *s = NULL;
	_cleanup_(closep) int fd = -1;
	int r = maps_open(p->pid, o->first, &fd, e);

	if (!r)
		r = symbols_open(&s, fd, e);
	if (r) { /* vdso, damaged, unreadable: it is left alone */
		p->counts.skipped++;
		return 0;
	}
	p->counts.objects++;
	r = find_definitions(p, o, s, e);
	if (!r)
		r = find_slots(p, o, s, remote, skip_mmap, e);
	symbols_free(s);
	return r;
}

/* An executable at fixed addresses lends its PLT entry to everybody who takes a function's address. */
static const struct object *fixed_executable(const struct object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (objects[i].bias == 0)
			return &objects[i];
	return NULL;
}

/*
 * Slots bound elsewhere stay; they are remembered, for one that the loader had not come to yet may be turned by the probe
 * later on, and has to be put back in the end. Those that hold a hook already are an earlier session's: they get the
 * original back, at the end or, where this session does not want the hook, now.
 */
static int sort_out(struct patches *p, size_t first, struct remote *remote, const struct injected *probe,
		    const struct object *exe, struct err *e)
{
	size_t kept = first;
	int r = 0;

	for (size_t i = first; i < p->place_count; i++) {
		struct place place = p->places[i];
		uint64_t original = p->originals[place.hook];
		bool wanted = p->hooks >> place.hook & 1;

		place.through_exe = exe && place.value >= exe->start && place.value < exe->end;
		/* What an allocator maps for itself is counted where it gives it away. */
		wanted = wanted && !(place.object_start == p->allocator && is_memory_of_maps(place.hook));
		if (original && place.value == injected_hook(probe, place.hook)) {
			if (!wanted && !r)
				r = remote_write_u64(remote, place.at, original, e);
			place.patched = true; /* or nobody would put it back */
		}
		if (wanted && original)
			p->places[kept++] = place;
	}
	p->place_count = kept;
	return r == READ_TORN ? 0 : r;
}

static bool is_there(const struct seen_object *seen, const struct object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(seen, &objects[i]))
			return true;
	return false;
}

static bool is_seen(const struct patches *p, raddr start)
{
	for (size_t i = 0; i < p->seen_count; i++)
		if (p->seen[i].start == start)
			return true;
	return false;
}

/* Objects that are gone are looked at anew should they come again, and programs that make some all the time fill nothing. */
static void forget_gone(struct patches *p, const struct object *objects, size_t count)
{
	size_t places = 0, seen = 0, definers = 0;

	for (size_t i = 0; i < p->seen_count; i++)
		if (is_there(&p->seen[i], objects, count))
			p->seen[seen++] = p->seen[i];
	p->seen_count = seen;
	for (size_t i = 0; i < p->place_count; i++)
		if (!p->places[i].object_start || is_seen(p, p->places[i].object_start))
			p->places[places++] = p->places[i];
	p->place_count = places;
	for (size_t i = 0; i < p->definer_count; i++)
		if (is_seen(p, p->definers[i].object))
			p->definers[definers++] = p->definers[i];
	p->definer_count = definers;
}

int patches_find(struct patches *p, struct remote *remote, const struct maps *maps, const struct injected *probe,
		 raddr skip_mmap, struct err *e)
{
	_cleanup_(freep) struct object *objects = NULL;
	size_t count, first;
	int r = maps_objects(maps, remote, &objects, &count, e);

	if (r)
		return r;
	forget_gone(p, objects, count);
	first = p->place_count;
	for (size_t i = 0; !r && i < count; i++) {
		bool is_new;

		r = remember(p, &objects[i], &is_new, e);
		if (!r && is_new && objects[i].start != probe->base)
			r = look_at(p, &objects[i], remote, skip_mmap, e);
	}
	if (r)
		return r;
	patches_choose_originals(p, first);
	return sort_out(p, first, remote, probe, fixed_executable(objects, count), e);
}
