#include <errno.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

/* co_flags: generators, coroutines and both. */
enum { GENERATORS = 0x20 | 0x80 | 0x200 };

/* Generated code makes long tables and long names; nothing that is read by people is longer than this. */
enum { NAME_CHARS_MAX = 4096, LINES_BYTES_MAX = 8 << 20, STRUCT_MAX = 1024, BUCKETS = 256 };

static void code_free(struct code *c)
{
	if (!c)
		return;
	free((char *)c->function);
	free((char *)c->file);
	free(c->lines);
	free(c);
}

static void code_freep(struct code **c)
{
	code_free(*c);
}

void codes_forget(struct python *p)
{
	for (size_t i = 0; p->codes && i < BUCKETS; i++)
		while (p->codes[i]) {
			struct code *c = p->codes[i];

			p->codes[i] = c->next;
			code_free(c);
		}
	free(p->codes);
	p->codes = NULL;
}

static int read_chars(struct remote *r, raddr at, uint64_t count, unsigned width, char **ret, struct err *e)
{
	uint64_t shown = count < NAME_CHARS_MAX ? count : NAME_CHARS_MAX;
	_cleanup_(freep) uint8_t *chars = malloc(shown * (width ? width : 1) + 1);
	_cleanup_(buf_done) struct buf text = { 0 };
	int q;

	if (!chars)
		return err_set(e, ENOMEM, "out of memory for a name");
	q = remote_read(r, at, chars, shown * (width ? width : 1), e);
	if (q)
		return q;
	buf_puts(&text, "");
	python_text(chars, shown, width, &text);
	if (text.failed)
		return err_set(e, ENOMEM, "out of memory for a name");
	*ret = TAKE(text.data);
	return 0;
}

/* A str, or the bytes that were names in 2.7. */
static int read_name(const struct python *p, struct remote *r, raddr at, char **ret, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint8_t bytes[STRUCT_MAX];
	struct view v = { bytes, l->string.size ? l->string.compact : l->bytes.data.offset };
	uint64_t length, state, data;
	unsigned width;
	int q;

	q = remote_read(r, at, bytes, v.length, e);
	if (q)
		return q;
	if (!l->string.size)
		return view_get(v, l->bytes.length, &length) ?
			       read_chars(r, at + l->bytes.data.offset, length, 0, ret, e) :
			       READ_TORN;
	if (!view_get(v, l->string.length, &length) || !view_get(v, l->string.state, &state))
		return READ_TORN;
	state >>= l->string.shift;
	width = state >> PY_STRING_KIND_SHIFT & PY_STRING_KIND_MASK;
	if (width != 1 && width != 2 && width != 4)
		return READ_TORN;
	if (state & PY_STRING_COMPACT) {
		data = at + (state & PY_STRING_ASCII ? l->string.ascii : l->string.compact);
	} else {
		if (!l->string.legacy.size || !(state & PY_STRING_READY))
			return READ_TORN;
		q = remote_read_u64(r, at + l->string.legacy.offset, &data, e);
		if (q)
			return q;
	}
	return read_chars(r, data, length, width, ret, e);
}

static int read_lines(const struct python *p, struct remote *r, raddr at, struct code *c, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint64_t length;
	int q;

	q = remote_read_u64(r, at + l->bytes.length.offset, &length, e);
	if (q)
		return q;
	if (length > LINES_BYTES_MAX)
		return READ_TORN;
	c->lines = malloc(length + 1);
	if (!c->lines)
		return err_set(e, ENOMEM, "out of memory for a line table");
	c->lines_length = length;
	return remote_read(r, at + l->bytes.data.offset, c->lines, length, e);
}

static int read_code(const struct python *p, struct remote *r, struct code *c, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint8_t bytes[STRUCT_MAX];
	struct view v = { bytes, l->code.size };
	uint64_t type, file, name, lines, first_line, flags, first_traceable = 0;
	char *text;
	int q;

	q = remote_read(r, c->address, bytes, l->code.size, e);
	if (q)
		return q;
	if (!view_get(v, l->object.type, &type) || type != p->code_type || !view_get(v, l->code.filename, &file) ||
	    !view_get(v, l->code.qualname.size ? l->code.qualname : l->code.name, &name) ||
	    !view_get(v, l->code.lines, &lines) || !view_get(v, l->code.first_line, &first_line) ||
	    !view_get(v, l->code.flags, &flags))
		return READ_TORN;
	if (l->code.first_traceable.size && !view_get(v, l->code.first_traceable, &first_traceable))
		return READ_TORN;
	c->first_line = (int)(uint32_t)first_line;
	c->is_generator = flags & GENERATORS;
	c->first_traceable = (uint32_t)first_traceable;

	q = read_name(p, r, name, &text, e);
	if (q)
		return q;
	c->function = text;
	q = read_name(p, r, file, &text, e);
	if (q)
		return q;
	c->file = text;
	return read_lines(p, r, lines, c, e);
}

int code_find(struct python *p, struct remote *r, raddr address, const struct code **ret, struct err *e)
{
	size_t bucket = (address >> 4 ^ address >> 12) % BUCKETS;
	_cleanup_(code_freep) struct code *c = NULL;
	int q;

	if (!p->codes) {
		p->codes = calloc(BUCKETS, sizeof(struct code *));
		if (!p->codes)
			return err_set(e, ENOMEM, "out of memory for names");
	}
	for (const struct code *have = p->codes[bucket]; have; have = have->next)
		if (have->address == address) {
			*ret = have;
			return 0;
		}
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ENOMEM, "out of memory for names");
	c->address = address;
	q = read_code(p, r, c, e);
	if (q)
		return q;
	c->next = p->codes[bucket];
	p->codes[bucket] = c;
	*ret = TAKE(c);
	return 0;
}
