/*
 * objects: ELF objects that came with dlopen after we did.
 *
 * Called at the first allocation under the GIL after a dlopen, so the importing thread is out of the loader. We go
 * through the loader's own list and look only at objects we have not seen; where the loader says that it is at
 * work, we come back later. memspy looks again from outside now and then and finds what we left out.
 *
 * The list is only read inside dl_iterate_phdr, which holds it still: a dlclose in another thread would unmap what we read.
 */
#include "probe.h"

struct link_map {
	uint64_t base;
	const char *name;
	const int64_t *dynamic;
	struct link_map *next, *previous;
};

struct r_debug {
	int32_t version;
	struct link_map *map;
	uint64_t brk;
	int32_t state; /* 0: consistent */
};

struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

struct elf_rela {
	uint64_t offset, info;
	int64_t addend;
};

struct dynamic {
	const struct elf_rela *plt, *rela;
	uint64_t plt_bytes, rela_bytes;
	const struct elf_symbol *symbols;
	const char *strings;
};

static const struct {
	const char *name;
	uint32_t hook;
} names[] = {
	{ "malloc", HOOK_MALLOC },	   { "calloc", HOOK_CALLOC },
	{ "realloc", HOOK_REALLOC },	   { "reallocarray", HOOK_REALLOCARRAY },
	{ "free", HOOK_FREE },		   { "posix_memalign", HOOK_POSIX_MEMALIGN },
	{ "aligned_alloc", HOOK_ALIGNED_ALLOC }, { "memalign", HOOK_MEMALIGN },
	{ "valloc", HOOK_VALLOC },	   { "pvalloc", HOOK_PVALLOC },
	{ "mmap", HOOK_MMAP },		   { "mmap64", HOOK_MMAP },
	{ "munmap", HOOK_MUNMAP },	   { "mremap", HOOK_MREMAP },
	{ "dlopen", HOOK_DLOPEN },
};

static const struct link_map *last_seen;

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool begins(const char *text, const char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return !*with;
}

/* As memspy does it (patch_find.c): libc and the loader call their own allocator inside; CPython's arenas are counted as
 * what lies in them. */
enum whose { ANYBODYS, LOADERS, LIBCS, PYTHONS };

static enum whose whose(const struct link_map *o)
{
	const char *name = o->name ? o->name : "";

	for (const char *p = name; *p; p++)
		if (*p == '/')
			name = p + 1;
	if (begins(name, "ld-") || begins(name, "libc.musl-") || equal(name, "libc.so")) /* musl is both in one */
		return LOADERS;
	if (begins(name, "libc.so") || begins(name, "libc-2.") || begins(name, "libpthread") || begins(name, "libdl"))
		return LIBCS;
	return o->base == config.python_base ? PYTHONS : ANYBODYS;
}

static bool is_turned(enum whose whose, unsigned hook)
{
	if (whose == LIBCS)
		return hook == HOOK_FREE;
	return whose != PYTHONS || (hook != HOOK_MMAP && hook != HOOK_MUNMAP && hook != HOOK_MREMAP);
}

static bool hook_for(const char *name, unsigned *ret)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (equal(names[i].name, name) && config.original[names[i].hook] && config.wanted >> names[i].hook & 1) {
			*ret = names[i].hook;
			return true;
		}
	return false;
}

/* glibc keeps the addresses relocated, musl does not. */
static uint64_t at(const struct link_map *o, uint64_t value)
{
	return value < o->base ? o->base + value : value;
}

static void read_dynamic(const struct link_map *o, struct dynamic *d)
{
	for (const int64_t *p = o->dynamic; *p; p += 2) {
		uint64_t value = (uint64_t)p[1];

		switch (*p) {
		case 2: d->plt_bytes = value; break;				      /* DT_PLTRELSZ */
		case 5: d->strings = (const char *)at(o, value); break;		      /* DT_STRTAB */
		case 6: d->symbols = (const struct elf_symbol *)at(o, value); break;  /* DT_SYMTAB */
		case 7: d->rela = (const struct elf_rela *)at(o, value); break;	      /* DT_RELA */
		case 8: d->rela_bytes = value; break;				      /* DT_RELASZ */
		case 23: d->plt = (const struct elf_rela *)at(o, value); break;	      /* DT_JMPREL */
		}
	}
}

/* The pages that the loader makes read-only once it has bound their slots: whole ones inside PT_GNU_RELRO. */
struct relro {
	uint64_t start, end;
};

static struct relro find_relro(const struct link_map *o)
{
	const unsigned char *h = (const unsigned char *)o->base;
	uint64_t phoff, headers;

	if (h[0] != 0x7f || h[1] != 'E' || h[2] != 'L' || h[3] != 'F')
		return (struct relro){ 0, 0 };
	phoff = *(const uint64_t *)(h + 32);
	headers = *(const uint16_t *)(h + 56);
	for (uint64_t i = 0; i < headers && i < 32 && phoff < 1024; i++) {
		const unsigned char *p = h + phoff + i * 56;
		uint64_t start = o->base + *(const uint64_t *)(p + 16), size = *(const uint64_t *)(p + 40);

		if (*(const uint32_t *)p == 0x6474e552) /* PT_GNU_RELRO */
			return (struct relro){ start & ~(uint64_t)4095, (start + size) & ~(uint64_t)4095 };
	}
	return (struct relro){ 0, 0 };
}

/*
 * Only what is bound to the function that our hook stands for, or leads into its own object to be bound: another
 * allocator's stays, and so does what the loader has not relocated yet. A read-only page stays writable: to take the right
 * away again could take it from a loader at work.
 */
static void patch_slot(const struct link_map *o, const struct relro *relro, uint64_t *slot, bool has_its_own,
		       uint64_t original, uint64_t hook)
{
	uint64_t now = *slot, page = (uint64_t)slot & ~(uint64_t)4095;

	if (now != original && (has_its_own || now < o->base || now >= (uint64_t)slot))
		return;
	if (page >= relro->start && page < relro->end && system_call(10, page, 4096, 3, 0, 0, 0) != 0) /* mprotect */
		return;
	__atomic_store_n(slot, hook, __ATOMIC_RELEASE);
	count(&header()->objects_patched);
}

static bool calls_function(uint32_t type)
{
#if defined(__x86_64__)
	return type == 6 || type == 7; /* GLOB_DAT, JUMP_SLOT */
#else
	return type == 1025 || type == 1026;
#endif
}

static void patch_table(const struct link_map *o, enum whose whose, const struct dynamic *d, const struct relro *relro,
			const struct elf_rela *table, uint64_t bytes)
{
	for (uint64_t i = 0; table && i < bytes / sizeof(*table); i++) {
		const struct elf_rela *r = &table[i];
		const struct elf_symbol *symbol = &d->symbols[r->info >> 32];
		unsigned hook;

		if (calls_function((uint32_t)r->info) && hook_for(d->strings + symbol->name, &hook) && is_turned(whose, hook))
			patch_slot(o, relro, (uint64_t *)(o->base + r->offset), symbol->section != 0, config.original[hook],
				   memspy_probe_entry.hooks[hook]);
	}
}

static void patch_object(const struct link_map *o)
{
	struct dynamic d = { 0 };
	const enum whose of = whose(o);
	struct relro relro;

	if (!o->dynamic || !o->base || of == LOADERS)
		return;
	read_dynamic(o, &d);
	if (!d.symbols || !d.strings)
		return;
	relro = find_relro(o);
	patch_table(o, of, &d, &relro, d.plt, d.plt_bytes);
	patch_table(o, of, &d, &relro, d.rela, d.rela_bytes);
}

/* Once, at the first object of the main program's list; the others we reach from there. */
static int walk(void *info, size_t info_bytes, void *done)
{
	const struct r_debug *debug = (const struct r_debug *)config.link_map;
	const struct link_map *o;
	unsigned seen = 0;

	(void)info;
	(void)info_bytes;
	if (debug->state != 0) /* the loader is at work in another thread */
		return 1;
	*(bool *)done = true;
	for (o = debug->map; o && seen < 4096; o = o->next, seen++)
		if (o == last_seen)
			break;
	/* The list grows at its end; an object that went and came again just gets looked at twice. */
	for (o = o && last_seen ? o->next : debug->map; o && seen < 8192; o = o->next, seen++) {
		if (last_seen || o != debug->map)
			patch_object(o);
		if (!o->next)
			last_seen = o;
	}
	return 1;
}

typedef int iterate_fn(int (*)(void *, size_t, void *), void *);

COLD bool objects_patch_new(void)
{
	const struct r_debug *debug = (const struct r_debug *)config.link_map;
	bool done = false;

	if (!debug || !debug->map || !config.iterate)
		done = true;
	else
		((iterate_fn *)config.iterate)(walk, &done);
	if (done)
		pages.objects_changed = 0;
	return done;
}
