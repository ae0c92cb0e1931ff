/*
 * patch_find: which words of the target lead to allocation functions.
 *
 * From the ELF files, outside: relocations name the slots. What a hook stands for is the function that bound slots
 * lead to, looked up in the defining object's own dynamic symbols; never by the loader's default lookup, which in
 * executables at fixed addresses gives a PLT entry: hook, PLT, hook, for ever.
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
	return !strncmp(basename_of(o->path), "ld-musl-", 8) || !strncmp(basename_of(o->path), "libc.musl-", 10);
}

static int remember(struct patches *p, const struct object *o, bool *ret_new, struct err *e)
{
	uint64_t device = (uint64_t)o->first->device_major << 32 | o->first->device_minor;
	struct seen_object *more;

	*ret_new = false;
	for (size_t i = 0; i < p->seen_count; i++)
		if (p->seen[i].start == o->start && p->seen[i].inode == o->first->inode && p->seen[i].device == device)
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

		if (!symbols_find(s, functions[i].name, &symbol) || !symbol.is_dynamic || !symbol.is_function || !symbol.value)
			continue;
		r = add_definer(p, functions[i].hook, o->bias + symbol.value, o, e);
		if (r)
			return r;
	}
	return 0;
}

/* false: no definition of it is known. */
static bool vote(struct patches *p, enum probe_hook hook, uint64_t value)
{
	bool known = false;

	for (size_t i = 0; i < p->definer_count; i++)
		if (p->definers[i].hook == hook && p->definers[i].function == value) {
			p->definers[i].votes++;
			known = true;
		}
	return known;
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
		/* An object may have an allocator of its own and be bound to that. */
		place.lazy = !vote(p, place.hook, place.value) && place.value >= o->start && place.value < o->end;
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

/* The object that most bound slots lead to: an allocator is one object, and its functions belong together. */
static raddr allocator_in_use(const struct patches *p)
{
	unsigned most = 0;
	raddr best = 0;

	for (size_t i = 0; i < p->definer_count; i++) {
		unsigned votes = 0;

		for (size_t k = 0; k < p->definer_count; k++)
			votes += p->definers[k].object == p->definers[i].object ? p->definers[k].votes : 0;
		if (votes > most) {
			most = votes;
			best = p->definers[i].object;
		}
	}
	return best;
}

static bool is_better(const struct definer *a, const struct definer *b, raddr in_use)
{
	if (a->votes != b->votes)
		return a->votes > b->votes;
	if (in_use) /* what it does not define comes from libc: others that came with dlopen are nobody's but their own */
		return a->object == in_use || (b->object != in_use && a->is_libc && !b->is_libc);
	return b->is_libc && !a->is_libc;
}

/*
 * What an earlier session's hooks stood for still holds, and bound slots that lead to those hooks cannot tell. Then what
 * other bound slots lead to; where none is bound, an allocator other than libc's, for it came first if it is there.
 */
static void choose_originals(struct patches *p)
{
	const struct definer *best[HOOK_COUNT] = { 0 };
	raddr in_use;

	for (size_t i = 0; i < p->definer_count; i++) {
		struct definer *d = &p->definers[i];

		if (d->function == p->earlier[d->hook]) {
			p->originals[d->hook] = d->function;
			d->votes++;
		}
	}
	in_use = allocator_in_use(p);
	for (size_t i = 0; i < p->definer_count; i++) {
		const struct definer *d = &p->definers[i];

		if (!best[d->hook] || is_better(d, best[d->hook], in_use))
			best[d->hook] = d;
	}
	for (unsigned i = 0; i < HOOK_MEM_MALLOC; i++)
		if (best[i] && !p->originals[i])
			p->originals[i] = best[i]->function;
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
 * Slots bound elsewhere stay. Those that hold a hook already are an earlier session's: they get the original back, at the
 * end or, where this session does not want the hook, now.
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
		bool through_exe = exe && place.value >= exe->start && place.value < exe->end;

		if (original && place.value == injected_hook(probe, place.hook)) {
			if (!wanted && !r)
				r = remote_write_u64(remote, place.at, original, e);
			place.value = original;
			place.patched = true; /* or nobody would put it back */
		}
		if (!wanted)
			continue;
		if (original && (place.lazy || through_exe || place.value == original))
			p->places[kept++] = place;
		else
			p->counts.skipped++;
	}
	p->place_count = kept;
	return r == READ_TORN ? 0 : r;
}

int patches_find(struct patches *p, struct remote *remote, const struct maps *maps, const struct injected *probe,
		 raddr skip_mmap, struct err *e)
{
	_cleanup_(freep) struct object *objects = NULL;
	size_t count, first = p->place_count;
	int r = maps_objects(maps, remote, &objects, &count, e);

	for (size_t i = 0; !r && i < count; i++) {
		bool is_new;

		r = remember(p, &objects[i], &is_new, e);
		if (!r && is_new && objects[i].start != probe->base)
			r = look_at(p, &objects[i], remote, skip_mmap, e);
	}
	if (r)
		return r;
	choose_originals(p);
	return sort_out(p, first, remote, probe, fixed_executable(objects, count), e);
}
