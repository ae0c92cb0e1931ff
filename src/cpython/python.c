#include "memspy/python.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "python_private.h"

void python_free(struct python *p)
{
	if (!p)
		return;
	codes_forget(p);
	symbols_free(p->symbols);
	free((char *)p->first.path);
	free(p);
}

static void python_freep(struct python **p)
{
	python_free(*p);
}

/* 3.13+: the target's own table, and which build it is of. */
static int read_own(const struct python *p, struct remote *r, uint8_t own[DEBUG_OFFSETS_MAX], bool *ret_free_threaded,
		    struct err *e)
{
	uint32_t hex;
	int q;

	*ret_free_threaded = false;
	if (p->version >> 16 < 0x030d)
		return 0;
	q = remote_read(r, p->runtime, own, DEBUG_OFFSETS_MAX, e);
	if (!q && !layout_own_version(own, DEBUG_OFFSETS_MAX, &hex, ret_free_threaded))
		return err_set(e, ENOTSUP, "%d is CPython %s without its table of debug offsets; run an unmodified build",
			       p->pid, p->version_text);
	return q;
}

static int refuse_version(const struct python *p, bool free_threaded, struct err *e)
{
	return err_set(e, ENOTSUP, "%d is %sCPython %s: memspy knows %s (docs/new-python.md tells how to add one)", p->pid,
		       free_threaded ? "a free-threaded " : "", p->version_text, layout_known());
}

static int find_layout(struct python *p, struct remote *r, struct err *e)
{
	const struct py_layout *known;
	uint8_t own[DEBUG_OFFSETS_MAX];
	bool free_threaded;
	const char *why;
	int q = version_find(p, r, e);

	if (q == READ_TORN)
		return err_set(e, ENOTSUP, "%d is a Python of unknown version (%s): memspy knows CPython %s", p->pid,
			       p->object.path, layout_known());
	if (q)
		return q;
	if (!layout_find((uint16_t)(p->version >> 16), false))
		return refuse_version(p, false, e);
	q = read_own(p, r, own, &free_threaded, e);
	if (q)
		return q;
	/* Fields moved between 3.7.3 and 3.7.4. */
	if (p->version >> 16 == 0x0307 && (p->version >> 8 & 255) >= 1 && (p->version >> 8 & 255) < 4)
		return err_set(e, ENOTSUP, "%d is CPython %s: memspy knows 3.7 from 3.7.4 on", p->pid, p->version_text);
	known = layout_find((uint16_t)(p->version >> 16), free_threaded);
	if (!known)
		return refuse_version(p, free_threaded, e);
	p->layout = *known;
	if (p->layout.version >= 0x030d && !layout_take_own(&p->layout, own, sizeof(own), &why))
		return err_set(e, ENOTSUP, "%d is CPython %s, but %s; run an unmodified build", p->pid,
			       p->version_text, why);
	return 0;
}

/* Before 3.7 the list starts at a static pointer. When its name was stripped, an exported one-liner loads it. */
static raddr interpreter_head(const struct python *p)
{
	raddr head = python_address(p, "interp_head");
	struct symbol s;
	uint8_t code[8];
	int32_t distance;

	if (head)
		return head;
	if (!symbols_find(p->symbols, "PyInterpreterState_Head", &s) ||
	    !symbols_bytes(p->symbols, s.value, code, sizeof(code)) ||
	    code[0] != 0x48 || code[1] != 0x8b || code[2] != 0x05 || code[7] != 0xc3) /* mov x(%rip),%rax; ret */
		return 0;
	memcpy(&distance, code + 3, sizeof(distance));
	return s.value + 7 + (raddr)(int64_t)distance + p->object.bias;
}

static int find_roots(struct python *p, struct err *e)
{
	const struct py_layout *l = &p->layout;

	p->code_type = python_address(p, "PyCode_Type");
	if (l->runtime.size) {
		p->interpreters = p->runtime + l->runtime.interpreters.offset;
		p->finalizing = p->runtime + l->runtime.finalizing.offset;
		p->current = l->runtime.current.size ? p->runtime + l->runtime.current.offset : 0;
	} else {
		p->interpreters = interpreter_head(p);
		p->finalizing = python_address(p, "_Py_Finalizing");
		p->current = python_address(p, "_PyThreadState_Current");
		p->key = p->layout.version >= 0x0300 ? python_address(p, "autoTLSkey") : 0;
	}
	if (!p->interpreters || !p->code_type || (l->runtime.size && !p->runtime))
		return err_set(e, ENOTSUP, "%d is CPython %s without the symbols memspy starts from (%s)", p->pid,
			       p->version_text, p->object.path);
	return 0;
}

/* The first interpreter that has a thread: from 3.13 on those that nobody runs code in have none. */
static int first_thread(const struct python *p, struct remote *r, raddr *interpreter, raddr *thread, struct err *e)
{
	const struct py_layout *l = &p->layout;
	int q = remote_read_u64(r, p->interpreters, interpreter, e);

	for (int i = 0; !q && *interpreter && i < STACK_INTERPRETERS_MAX; i++) {
		q = remote_read_u64(r, *interpreter + l->interpreter.threads.offset, thread, e);
		if (q || *thread)
			break;
		q = remote_read_u64(r, *interpreter + l->interpreter.next.offset, interpreter, e);
	}
	return q;
}

/* Up, with an interpreter whose first thread knows it; and not on its way down. */
static int check_alive(struct python *p, struct remote *r, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint64_t interpreter = 0, thread = 0, back = 0, finalizing = 0;
	uint32_t initialized = 1;
	int q = 0;

	if (l->runtime.initialized.size)
		q = remote_read_u32(r, p->runtime + l->runtime.initialized.offset, &initialized, e);
	if (!q && p->finalizing)
		q = remote_read_u64(r, p->finalizing, &finalizing, e);
	if (!q)
		q = first_thread(p, r, &interpreter, &thread, e);
	if (!q && thread)
		q = remote_read_u64(r, thread + l->thread.interpreter.offset, &back, e);
	if (q < 0 || q == READ_GONE)
		return q;
	if (finalizing)
		return err_set(e, EAGAIN, "%d is CPython %s, and it is shutting down", p->pid, p->version_text);
	if (q || !(initialized & 1) || !interpreter || !thread)
		return err_set(e, EAGAIN, "%d is CPython %s, but its interpreter is not up yet: try again in a moment",
			       p->pid, p->version_text);
	if (back != interpreter)
		return err_set(e, EAGAIN, "%d is CPython %s, but its threads do not look as they should: a changed build?",
			       p->pid, p->version_text);
	return 0;
}

int python_locate(struct python **ret, pid_t pid, struct remote *remote, const struct maps *maps, struct err *e)
{
	_cleanup_(python_freep) struct python *p = calloc(1, sizeof(*p));
	_cleanup_(freep) struct object *objects = NULL;
	struct proc_status status;
	size_t count;
	int q;

	if (!p)
		return err_set(e, ENOMEM, "out of memory for an interpreter");
	p->pid = pid;
	q = proc_status_read(pid, &status, e);
	if (q)
		return q;
	p->other_pid_namespace = status.other_pid_namespace;
	q = maps_objects(maps, remote, &objects, &count, e);
	if (!q)
		q = python_find_object(p, objects, count, e);
	if (!q)
		q = find_layout(p, remote, e);
	if (!q)
		q = find_roots(p, e);
	if (q)
		return q;
	if (p->layout.is_free_threaded)
		snprintf(p->build + strlen(p->build), sizeof(p->build) - strlen(p->build), ", free-threaded");
	libc_find(p, objects, count);
	p->object.first = &p->first;
	*ret = TAKE(p);
	return 0;
}

int python_is_up(struct python *p, struct remote *remote, struct err *e)
{
	return check_alive(p, remote, e);
}

int python_find(struct python **ret, pid_t pid, struct remote *remote, const struct maps *maps, struct err *e)
{
	_cleanup_(python_freep) struct python *p = NULL;
	int q = python_locate(&p, pid, remote, maps, e);

	if (!q)
		q = python_is_up(p, remote, e);
	if (!q)
		*ret = TAKE(p);
	return q;
}

uint32_t python_version(const struct python *p)
{
	return p->version;
}

const char *python_version_text(const struct python *p)
{
	return p->version_text;
}

const char *python_build(const struct python *p)
{
	return p->build;
}

bool python_is_free_threaded(const struct python *p)
{
	return p->layout.is_free_threaded;
}

const struct object *python_object(const struct python *p)
{
	return &p->object;
}

uint32_t python_tid_offset(const struct python *p)
{
	return p->tid_offset;
}
