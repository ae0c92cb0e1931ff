#include <errno.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

/*
 * Where the tables are: from 3.12 on, members of _PyRuntime. Before, static variables: by name where there is a symbol
 * table, and otherwise by their references in the exported functions that do little else than use them.
 */
enum { MALLOC, CALLOC, REALLOC, FREE, FUNCTIONS };
enum { TABLE_BYTES = 40, CODE_MAX = 400, CANDIDATES_MAX = 64, SMALL_LIMIT = 512, IN_FRONT_MAX = 4 };

struct table_bytes {
	uint64_t ctx, functions[FUNCTIONS];
};

_Static_assert(sizeof(struct table_bytes) == TABLE_BYTES, "PyMemAllocatorEx");

/* A word in the object's data that one of the functions refers to. */
struct candidates {
	raddr at[CANDIDATES_MAX];
	size_t count;
};

static void remember(struct candidates *c, raddr at)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i] == at)
			return;
	if (c->count < CANDIDATES_MAX)
		c->at[c->count++] = at;
}

/*
 * We do not decode instructions: every four bytes are taken for an absolute address, and for a distance from their end,
 * and kept when they lead into the data section. What is no table is sorted out by looking at the process.
 */
static void scan(const struct python *p, const char *function, struct candidates *c)
{
	uint64_t data, size;
	uint8_t code[CODE_MAX];
	struct symbol s;
	size_t length;

	if (!symbols_find(p->symbols, function, &s) || !symbols_section(p->symbols, ".data", &data, &size))
		return;
	length = s.size && s.size < sizeof(code) ? s.size : s.size ? sizeof(code) : 64;
	if (!symbols_bytes(p->symbols, s.value, code, length))
		return;
	for (size_t i = 0; i + 4 <= length; i++) {
		uint32_t word;
		uint64_t to;

		memcpy(&word, code + i, sizeof(word));
		to = s.value + i + 4 + (uint64_t)(int64_t)(int32_t)word;
		if (to - data < size)
			remember(c, to + p->object.bias);
		if (word - data < size)
			remember(c, word + p->object.bias);
	}
}

static bool is_code(const struct maps *m, uint64_t address)
{
	const struct map *map = maps_find(m, address);

	return map && map->executable;
}

/* Four functions that are four, in front of them what is no function. */
static bool is_table(const struct maps *m, struct remote *r, raddr at)
{
	struct table_bytes t;
	struct err ignored;

	if (at % 8 || remote_read(r, at, &t, sizeof(t), &ignored) || is_code(m, t.ctx))
		return false;
	for (int i = 0; i < FUNCTIONS; i++) {
		if (!is_code(m, t.functions[i]))
			return false;
		for (int k = 0; k < i; k++)
			if (t.functions[k] == t.functions[i])
				return false;
	}
	return true;
}

static size_t references(const struct candidates *c, raddr table)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->at[i] - table < TABLE_BYTES;
	return n;
}

/* The table that this domain's functions use, among all that look like one. */
static raddr find_by_use(const struct python *p, const struct maps *m, struct remote *r, const char *const functions[])
{
	static const char *const all[] = { "PyMem_GetAllocator", "PyMem_SetAllocator" };
	struct candidates places = { .count = 0 }, used = { .count = 0 };
	size_t most = 0;
	raddr best = 0;

	for (size_t i = 0; functions[i]; i++)
		scan(p, functions[i], &used);
	places = used;
	for (size_t i = 0; i < 2; i++)
		scan(p, all[i], &places);
	for (size_t i = 0; i < places.count; i++) {
		size_t n = references(&used, places.at[i]);

		if (n > most && is_table(m, r, places.at[i])) {
			most = n;
			best = places.at[i];
		}
	}
	return best;
}

struct domain_names {
	const char *symbol;
	const char *const functions[5];
};

static const struct domain_names domains[] = {
	{ "_PyMem_Raw", { "PyMem_RawMalloc", "PyMem_RawCalloc", "PyMem_RawRealloc", "PyMem_RawFree" } },
	{ "_PyMem", { "PyMem_Malloc", "PyMem_Calloc", "PyMem_Realloc", "PyMem_Free" } },
	{ "_PyObject", { "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc", "PyObject_Free" } },
};

static int find_tables(const struct python *p, struct remote *r, raddr ret[3], struct err *e)
{
	const struct field members[] = { p->layout.runtime.raw, p->layout.runtime.mem, p->layout.runtime.obj };
	struct maps *m = NULL;
	int q;

	if (members[0].size) {
		for (int i = 0; i < 3; i++)
			ret[i] = p->runtime + members[i].offset;
		return 0;
	}
	q = maps_read(&m, p->pid, e);
	if (q)
		return q;
	for (int i = 0; i < 3; i++) {
		struct symbol s;

		ret[i] = symbols_find(p->symbols, domains[i].symbol, &s) && s.size == TABLE_BYTES && s.is_data ?
				 s.value + p->object.bias :
				 find_by_use(p, m, r, domains[i].functions);
		if (!ret[i])
			q = err_set(e, ENOTSUP, "%d is CPython %s whose allocator table %s cannot be found", p->pid,
				    p->version_text, domains[i].symbol);
	}
	maps_free(m);
	if (!q && (ret[0] == ret[1] || ret[1] == ret[2] || ret[0] == ret[2]))
		q = err_set(e, ENOTSUP, "%d is CPython %s whose allocator tables cannot be told apart", p->pid,
			    p->version_text);
	return q;
}

static bool is_ours(const struct python *p, const uint64_t functions[FUNCTIONS])
{
	for (int i = 0; i < FUNCTIONS; i++)
		if (functions[i] < p->object.start || functions[i] >= p->object.end)
			return false;
	return true;
}

/* pymalloc serves mem and obj with the same functions, mimalloc (3.13+) with two sets. */
static bool is_mimalloc(const struct python *p, const struct table_bytes *mem, const struct table_bytes *obj)
{
	return p->layout.version >= 0x030d && !mem->ctx && !obj->ctx && is_ours(p, mem->functions) &&
	       is_ours(p, obj->functions) && mem->functions[MALLOC] != obj->functions[MALLOC];
}

/* Diversion relies on pymalloc's own free, on libc behind it, and on nobody looking at what it gets: any doubt means both sides. */
static enum python_hooking choose(const struct python *p, const struct python_allocators *a)
{
	if (a->obj.functions[MALLOC] == a->raw.functions[MALLOC] && a->obj.ctx == a->raw.ctx)
		return HOOK_NOTHING;
	if (!a->mem.ctx && !a->obj.ctx && !a->raw.ctx && is_ours(p, a->obj.functions) && is_ours(p, a->raw.functions) &&
	    !memcmp(a->mem.functions, a->obj.functions, sizeof(a->mem.functions)))
		return HOOK_DIVERT;
	return HOOK_BOTH;
}

/*
 * The allocator that answers in the end, as far as CPython's own ones stand in front of it: tracemalloc keeps the table of
 * the next one where its ctx leads, the debug hooks keep it behind an id character. What others keep there is theirs.
 */
static struct table_bytes behind(const struct python *p, struct remote *r, const struct python_allocator *a, char id,
				 bool *ret_debug)
{
	struct table_bytes t = { .ctx = a->ctx }, next;
	char seen[8 + TABLE_BYTES];
	struct err ignored;

	*ret_debug = false;
	memcpy(t.functions, a->functions, sizeof(t.functions));
	for (int i = 0; i < IN_FRONT_MAX && t.ctx && is_ours(p, t.functions); i++) {
		if (remote_read(r, t.ctx, seen, sizeof(seen), &ignored))
			break;
		memcpy(&next, seen[0] == id ? seen + 8 : seen, sizeof(next)); /* a table has an aligned address there, or 0 */
		if (seen[0] == id)
			*ret_debug = true;
		else if (!is_ours(p, next.functions))
			break;
		t = next;
	}
	return t;
}

/*
 * What of a request stays here, and what goes on to malloc and is counted there. The debug hooks add 32 bytes to a request,
 * from 3.8 on 24 (obmalloc.c: a size, a guard on each side, and a serial number before 3.8).
 */
static void find_limit(const struct python *p, struct remote *r, struct python_allocators *a)
{
	bool debug;
	struct table_bytes raw = behind(p, r, &a->raw, 'r', &debug), mem = behind(p, r, &a->mem, 'm', &debug),
			   obj = behind(p, r, &a->obj, 'o', &debug);

	if (debug)
		a->small_limit = SMALL_LIMIT - (p->layout.version < 0x0308 ? 32 : 24);
	if (is_mimalloc(p, &mem, &obj))
		a->small_limit = UINT32_MAX; /* it has its memory from mmap */
	else if (raw.ctx == obj.ctx && raw.functions[MALLOC] == obj.functions[MALLOC])
		a->hooking = HOOK_NOTHING; /* PYTHONMALLOC=malloc, or malloc_debug, with or without tracemalloc */
}

int python_allocators(struct python *p, struct remote *r, struct python_allocators *ret, struct err *e)
{
	struct python_allocators a = { .hooking = HOOK_NOTHING, .small_limit = SMALL_LIMIT };
	struct python_allocator *const to[] = { &a.raw, &a.mem, &a.obj };
	raddr tables[3];
	int q;

	if (p->layout.version < 0x0300) {
		*ret = a;
		return 0;
	}
	q = find_tables(p, r, tables, e);
	for (int i = 0; !q && i < 3; i++) {
		struct table_bytes t;

		q = remote_read(r, tables[i], &t, sizeof(t), e);
		to[i]->table = tables[i];
		to[i]->ctx = t.ctx;
		memcpy(to[i]->functions, t.functions, sizeof(t.functions));
	}
	if (q)
		return q;
	a.hooking = choose(p, &a);
	if (a.hooking == HOOK_BOTH)
		find_limit(p, r, &a);
	*ret = a;
	return 0;
}
