#include <errno.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

/*
 * From 3.15 on a thread finds its own state in a thread-local variable, and that has no name outside. But an exported
 * function does little else than return it, so its code says where it is. What we take from there is checked against
 * every thread of the process before anybody relies on it.
 */
static const char function[] = "PyGILState_GetThisThreadState";

enum { CODE_MAX = 64, THREADS_CHECKED = 256, VECTOR_AT = 8, FARTHEST = 1 << 20, MODULES_MAX = 1 << 16 };

/* A distance from the thread pointer; or a pair {module, offset} that the loader fills in, and what is added to it. */
struct variable {
	bool is_direct;
	int64_t distance;
	raddr index;
};

static int32_t number(const uint8_t *code)
{
	int32_t n;

	memcpy(&n, code, sizeof(n));
	return n;
}

/* mov %fs:n,%reg */
static bool is_direct(const uint8_t *c)
{
	return c[0] == 0x64 && c[1] == 0x48 && c[2] == 0x8b && (c[3] & 0xc7) == 0x04 && c[4] == 0x25;
}

/* lea n(%rip),%rdi, for a call of __tls_get_addr */
static bool is_index(const uint8_t *c)
{
	return c[0] == 0x48 && c[1] == 0x8d && c[2] == 0x3d;
}

/* mov (%rax),%reg; mov n(%rax),%reg with a short and with a long n */
static bool is_load(const uint8_t *c, int64_t *ret)
{
	if (c[0] != 0x48 || c[1] != 0x8b || (c[2] & 7) != 0)
		return false;
	*ret = c[2] >> 6 == 0 ? 0 : c[2] >> 6 == 1 ? (int8_t)c[3] : number(c + 3);
	return c[2] >> 6 != 3;
}

static bool read_code(const struct python *p, struct variable *ret)
{
	uint8_t code[CODE_MAX + 8] = { 0 };
	struct symbol s;
	bool has_index = false;

	if (!symbols_find(p->symbols, function, &s) || !symbols_bytes(p->symbols, s.value, code, CODE_MAX))
		return false;
	for (size_t i = 0; i < CODE_MAX; i++) {
		if (!has_index && is_direct(code + i)) {
			*ret = (struct variable){ .is_direct = true, .distance = number(code + i + 5) };
			return true;
		}
		if (!has_index && is_index(code + i)) {
			ret->index = s.value + i + 7 + (raddr)(int64_t)number(code + i + 3) + p->object.bias;
			has_index = true;
			i += 6;
		} else if (has_index && is_load(code + i, &ret->distance)) {
			return true;
		}
	}
	return false;
}

/*
 * Where the module's variables begin for this thread: glibc's vector has {address, what to free} for each module. With
 * nothing to free the room was made with the thread itself, and lies at the same distance in every thread there will
 * be. Else libpython was loaded late, and each thread gets its room when it first asks: somewhere.
 */
static int block_of(struct remote *r, uint64_t module, raddr thread_pointer, raddr *ret, bool *ret_is_fixed,
		    struct err *e)
{
	uint64_t vector, block[2];
	int64_t distance;
	int q = remote_read_u64(r, thread_pointer + VECTOR_AT, &vector, e);

	if (!q)
		q = remote_read(r, vector + sizeof(block) * module, block, sizeof(block), e);
	if (!q) {
		distance = (int64_t)(block[0] - thread_pointer);
		*ret = block[0];
		*ret_is_fixed = block[1] == 0 && distance < 0 && distance > -FARTHEST;
	}
	return q;
}

/* What one thread says: is its state where the code says, and at which distance. */
struct answer {
	bool is_there, is_fixed;
	int64_t distance;
};

static int ask(struct remote *r, const struct variable *v, const uint64_t index[2], raddr state, raddr thread_pointer,
	       struct answer *ret, struct err *e)
{
	raddr block = thread_pointer;
	uint64_t seen = 0;
	int q = 0;

	*ret = (struct answer){ .is_fixed = true };
	if (!v->is_direct)
		q = block_of(r, index[0], thread_pointer, &block, &ret->is_fixed, e);
	if (!q)
		q = remote_read_u64(r, block + index[1] + (raddr)v->distance, &seen, e);
	ret->distance = (int64_t)(block + index[1] - thread_pointer) + v->distance;
	ret->is_there = !q && seen == state;
	return q == READ_TORN ? 0 : q; /* a thread that never asked for its room has none */
}

static int refuse(const struct python *p, const char *why, struct err *e)
{
	return err_set(e, ENOTSUP, "%d is CPython %s, and %s: memspy cannot tell which Python lines allocate", p->pid,
		       p->version_text, why);
}

/* What the threads of one interpreter say together. */
static int ask_threads(struct remote *r, const struct py_layout *l, const struct variable *v, const uint64_t index[2],
		       raddr thread, struct answer *all, struct err *e)
{
	int q = 0;

	for (int i = 0; !q && thread && i < THREADS_CHECKED; i++) {
		struct answer a = { .is_fixed = true };
		uint64_t pointer;

		q = remote_read_u64(r, thread + l->thread.id.offset, &pointer, e);
		if (!q && pointer) /* 0: it has not begun */
			q = ask(r, v, index, thread, pointer, &a, e);
		if (a.is_there)
			all->distance = a.distance;
		all->is_there |= a.is_there;
		all->is_fixed &= a.is_fixed;
		if (!q)
			q = remote_read_u64(r, thread + l->thread.next.offset, &thread, e);
	}
	return q;
}

int tls_find(const struct python *p, struct remote *r, struct probe_python *ret, struct err *e)
{
	const struct py_layout *l = &p->layout;
	struct variable v = { 0 };
	struct answer all = { .is_fixed = true };
	raddr interpreter = 0, thread = 0;
	uint64_t index[2] = { 0 };
	int q = 0;

	if (!read_code(p, &v))
		return refuse(p, "its code does not tell where threads keep their state", e);
	if (!v.is_direct)
		q = remote_read(r, v.index, index, sizeof(index), e);
	if (!q)
		q = remote_read_u64(r, p->interpreters, &interpreter, e);
	/* The newest interpreter is the first: nobody may run code in it, and then no thread has a state of it. */
	for (int i = 0; !q && interpreter && i < STACK_INTERPRETERS_MAX; i++) {
		q = remote_read_u64(r, interpreter + l->interpreter.threads.offset, &thread, e);
		if (!q)
			q = ask_threads(r, l, &v, index, thread, &all, e);
		if (!q)
			q = remote_read_u64(r, interpreter + l->interpreter.next.offset, &interpreter, e);
	}
	if (q < 0 || q == READ_GONE)
		return q;
	if (!all.is_there || index[0] >= MODULES_MAX)
		return refuse(p, "no thread has its state where its code says", e);
	ret->way = all.is_fixed ? PROBE_THREAD_TLS : PROBE_THREAD_VECTOR;
	ret->tls_offset = all.distance;
	if (!all.is_fixed) {
		ret->key = (uint32_t)index[0];
		ret->tls_offset = (int64_t)index[1] + v.distance;
	}
	return 0;
}
