#include <errno.h>

#include "python_private.h"

static void fill_string(const struct py_layout *l, struct probe_string *s)
{
	*s = (struct probe_string){ .state = PROBE_OWNER_NONE, .length = l->bytes.length.offset,
				    .ascii_data = l->bytes.data.offset };
	if (!l->string.size)
		return;
	*s = (struct probe_string){
		.length = l->string.length.offset,
		.state = l->string.state.offset,
		.kind_shift = PY_STRING_KIND_SHIFT + l->string.shift,
		.kind_mask = PY_STRING_KIND_MASK,
		.compact_mask = PY_STRING_COMPACT << l->string.shift,
		.ascii_mask = PY_STRING_ASCII << l->string.shift,
		.ready_mask = l->string.legacy.size ? PY_STRING_READY : 0,
		.ascii_data = l->string.ascii,
		.compact_data = l->string.compact,
		.legacy_data = l->string.legacy.size ? l->string.legacy.offset : 0,
	};
}

static void fill_frames(const struct py_layout *l, struct probe_python *t)
{
	t->tstate_thread_id = l->thread.id.offset;
	t->tstate_frame = l->thread.frame.offset;
	t->cframe_frame = l->cframe.size ? l->cframe.frame.offset : PROBE_OWNER_NONE;
	t->frame_previous = l->frame.previous.offset;
	t->frame_code = l->frame.code.offset;
	t->frame_code_mask = l->frame.tags;
	t->frame_owner = l->frame.owner.size ? l->frame.owner.offset : PROBE_OWNER_NONE;
	t->owner_generator = PY_OWNER_GENERATOR;
	t->owner_skip = PY_OWNER_SKIP;
	t->frame_position = l->frame.position.offset;
	t->lasti_scale = l->position_scale;
	t->code_start = l->code.start.offset;
	t->frame_copy = l->frame.copy.size ? l->frame.copy.offset : PROBE_OWNER_NONE;
	t->code_copies = l->code.copies.offset;
	t->tstate_state = l->thread.state.offset;
	t->code_first_traceable = l->code.first_traceable.size ? l->code.first_traceable.offset : PROBE_OWNER_NONE;
	t->code_filename = l->code.filename.offset;
	t->code_name = l->code.qualname.size ? l->code.qualname.offset : l->code.name.offset;
	t->code_line_table = l->code.lines.offset;
	t->code_first_line = l->code.first_line.offset;
	t->bytes_length = l->bytes.length.offset;
	t->bytes_data = l->bytes.data.offset;
	t->object_type = l->object.type.offset;
}

/* CPython makes the key anew in the child of a fork, and it may get another number: it is read where it lies. */
static int use_key(const struct python *p, raddr key, struct probe_python *t, struct err *e)
{
	if (!p->getspecific)
		return err_set(e, ENOTSUP, "%d has no pthread_getspecific in its C library: memspy cannot tell its threads apart",
			       p->pid);
	t->way = PROBE_THREAD_KEY;
	t->current = key;
	t->getspecific = p->getspecific;
	return 0;
}

/* 3.6 keeps the key in a static variable, 2.7 has none; where its name was stripped there is one state for all: the running one. */
static int fill_old_way(const struct python *p, struct remote *r, struct probe_python *t, struct err *e)
{
	struct err ignored;
	uint32_t key;

	if (p->key && p->getspecific && !remote_read_u32(r, p->key, &key, &ignored) && key < PROBE_KEYS_MAX)
		return use_key(p, p->key, t, e);
	t->way = PROBE_THREAD_CURRENT;
	t->current = p->current;
	return p->current ? 0 :
			    err_set(e, ENOTSUP, "%d is CPython %s, but the symbol _PyThreadState_Current is missing", p->pid,
				    p->version_text);
}

/* A thread finds its own state by the key that the interpreter made for it, and from 3.15 on in a variable of its own. */
static int fill_way(const struct python *p, struct remote *r, struct probe_python *t, struct err *e)
{
	const struct field key = p->layout.runtime.key;
	uint32_t made[2]; /* is it initialised, and the key */
	int q;

	if (!p->runtime)
		return fill_old_way(p, r, t, e);
	if (!key.size)
		return tls_find(p, r, t, e);
	q = remote_read(r, p->runtime + key.offset, made, sizeof(made), e);
	if (q)
		return q;
	if (made[0] != 1 || made[1] >= PROBE_KEYS_MAX)
		return err_set(e, EAGAIN, "%d is CPython %s, but its interpreter is not up yet: try again in a moment",
			       p->pid, p->version_text);
	return use_key(p, p->runtime + key.offset + sizeof(made[0]), t, e);
}

int python_probe_table(struct python *p, struct remote *r, struct probe_python *ret, struct err *e)
{
	struct probe_python t = { .finalizing = p->finalizing, .finalizing_size = 8, .code_type = p->code_type };
	int q;

	q = fill_way(p, r, &t, e);
	if (q)
		return q;
	fill_frames(&p->layout, &t);
	fill_string(&p->layout, &t.string);
	*ret = t;
	return 0;
}
