/*
 * objects: ELF objects that came with dlopen after we did.
 *
 * Called at the first allocation under the GIL after a dlopen, so the importing thread is out of the loader. We go
 * through the loader's own list and look only at objects we have not seen; where the loader says that it is at
 * work, we come back later. memspy looks again from outside at its next tick and finds what we left out.
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

extern const struct probe_entry memspy_probe_entry;
static const struct link_map *last_seen;

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static uint64_t hook_for(const char *name)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (equal(names[i].name, name) && config.original[names[i].hook] && config.wanted >> names[i].hook & 1)
			return memspy_probe_entry.hooks[names[i].hook];
	return 0;
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

/* For slots that the loader has made read-only. */
static int64_t protect(uint64_t page, uint64_t bytes, uint64_t protection)
{
	return system_call(10, page, bytes, protection, 0, 0, 0); /* mprotect, x86-64 */
}

static void patch_slot(uint64_t *slot, uint64_t hook, bool read_only)
{
	uint64_t page = (uint64_t)slot & ~(uint64_t)4095;

	if (*slot == hook)
		return;
	if (read_only && protect(page, 4096, 3) != 0)
		return;
	__atomic_store_n(slot, hook, __ATOMIC_RELEASE);
	if (read_only)
		protect(page, 4096, 1);
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

static void patch_table(const struct link_map *o, const struct dynamic *d, const struct elf_rela *r, uint64_t bytes,
			bool read_only)
{
	for (uint64_t i = 0; r && i < bytes / sizeof(*r); i++) {
		const struct elf_symbol *symbol = &d->symbols[r[i].info >> 32];
		uint64_t hook;

		if (!calls_function((uint32_t)r[i].info))
			continue;
		hook = hook_for(d->strings + symbol->name);
		if (hook)
			patch_slot((uint64_t *)(o->base + r[i].offset), hook, read_only);
	}
}

/* Which of its slots are read-only now: those in PT_GNU_RELRO, which for BIND_NOW objects covers .got.plt as well. */
static bool relro_covers(const struct link_map *o, const struct elf_rela *r, uint64_t bytes)
{
	const unsigned char *h = (const unsigned char *)o->base;
	uint64_t phoff, count_, first;

	if (!r || bytes < sizeof(*r) || h[0] != 0x7f || h[1] != 'E')
		return false;
	first = r->offset;
	phoff = *(const uint64_t *)(h + 32);
	count_ = *(const uint16_t *)(h + 56);
	for (uint64_t i = 0; i < count_ && i < 64; i++) {
		const unsigned char *p = h + phoff + i * 56;
		uint64_t start = *(const uint64_t *)(p + 16), size = *(const uint64_t *)(p + 40);

		if (*(const uint32_t *)p == 0x6474e552 && first >= start && first < start + size) /* PT_GNU_RELRO */
			return true;
	}
	return false;
}

static void patch_object(const struct link_map *o)
{
	struct dynamic d = { 0 };

	if (!o->dynamic || !o->base)
		return;
	read_dynamic(o, &d);
	if (!d.symbols || !d.strings)
		return;
	patch_table(o, &d, d.plt, d.plt_bytes, relro_covers(o, d.plt, d.plt_bytes));
	patch_table(o, &d, d.rela, d.rela_bytes, true);
}

COLD void objects_patch_new(void)
{
	const struct r_debug *debug = (const struct r_debug *)config.link_map;
	const struct link_map *o;
	unsigned seen = 0;

	if (!debug || !debug->map) {
		pages.objects_changed = 0;
		return;
	}
	if (debug->state != 0) /* the loader is at work in another thread */
		return;
	pages.objects_changed = 0;
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
}
