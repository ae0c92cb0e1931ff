/*
 * look PID [again]: what the cpython layer sees of a process, as JSON, for tests that compare it with what the process says
 * of itself. Exits 75 (try again) while the interpreter is not up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "memspy/python.h"

static const char *const hooking_names[] = { "nothing", "divert", "both" };

static void add_stacks(struct buf *b, const struct python_stacks *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct python_thread *t = &s->threads[i];

		buf_printf(b, "%s\n {\"tid\":%d,\"gil\":%s,\"torn\":%s,\"truncated\":%s,\"name\":", i ? "," : "", t->tid,
			   t->has_gil ? "true" : "false", t->torn ? "true" : "false", t->truncated ? "true" : "false");
		buf_json_string(b, t->name);
		buf_puts(b, ",\"frames\":[");
		for (size_t k = 0; k < t->frame_count; k++) {
			buf_puts(b, k ? ",\n  [" : "\n  [");
			buf_json_string(b, t->frames[k].function);
			buf_puts(b, ",");
			buf_json_string(b, t->frames[k].file);
			buf_printf(b, ",%d]", t->frames[k].place.line);
		}
		buf_puts(b, "]}");
	}
}

static void add_allocator(struct buf *b, const char *name, const struct python_allocator *a)
{
	buf_printf(b, ",\"%s\":{\"table\":%" PRIu64 ",\"ctx\":%" PRIu64 ",\"malloc\":%" PRIu64 ",\"free\":%" PRIu64 "}", name,
		   a->table, a->ctx, a->functions[0], a->functions[3]);
}

static int look(pid_t pid, struct remote *r, const struct maps *m, struct buf *b, struct err *e)
{
	struct python *p;
	struct python_stacks stacks;
	struct probe_python table;
	struct python_allocators a;
	uint32_t key = 0;
	int q = python_find(&p, pid, r, m, e);

	if (q)
		return q;
	buf_printf(b, "{\"version\":\"%s\",\"hex\":%u,\"build\":\"%s\",\"tid_offset\":%u", python_version_text(p),
		   python_version(p), python_build(p), python_tid_offset(p));
	q = python_probe_table(p, r, &table, e);
	if (!q && table.way == PROBE_THREAD_KEY)
		q = remote_read_u32(r, table.current, &key, e); /* as the probe does */
	if (!q)
		buf_printf(b, ",\"way\":%u,\"key\":%u,\"getspecific\":%" PRIu64 ",\"current\":%" PRIu64
			   ",\"code_type\":%" PRIu64, table.way, key, table.getspecific, table.current,
			   table.code_type);
	if (!q)
		q = python_allocators(p, r, &a, e);
	if (!q) {
		buf_printf(b, ",\"hooking\":\"%s\"", hooking_names[a.hooking]);
		add_allocator(b, "raw", &a.raw);
		add_allocator(b, "mem", &a.mem);
		add_allocator(b, "obj", &a.obj);
		q = python_stacks(p, r, &stacks, e);
	}
	if (!q) {
		buf_puts(b, ",\"threads\":[");
		add_stacks(b, &stacks);
		buf_puts(b, "]}");
		python_stacks_done(&stacks);
	}
	python_free(p);
	return q;
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	struct remote *r = NULL;
	struct maps *m = NULL;
	struct buf b = { 0 };
	struct err e = { "" };
	int q = remote_new_live(&r, pid, &e);

	if (!q)
		q = maps_read(&m, pid, &e);
	if (!q)
		q = look(pid, r, m, &b, &e);
	if (!q)
		puts(b.data);
	else
		fprintf(stderr, "look: %s (%d)\n", e.text, q);
	buf_done(&b);
	maps_free(m);
	remote_free(r);
	return q == -EAGAIN ? 75 : q != 0;
}
