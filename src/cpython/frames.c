#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/clock.h"
#include "python_private.h"

/*
 * A walk goes from pointer to pointer while the thread may run. So every walk is followed by more looks at all the
 * frames at once, each in one read: what is the same in all stood still in between. More than one look, because loops
 * come back to the same frames at the same places. A thread that is quicker than we are is walked again, for a
 * while; what it has in common with its own past (its outer frames) is true in any case.
 */
enum { TRIES_MAX = 200, LOOKS = 3, PIECES = 512, COPY_MAX = 256 };
static const uint64_t patience_ns = 30000000;

/* How much of a frame is read: up to the last field we know. */
static uint32_t copy_bytes(const struct py_layout *l)
{
	uint32_t end = l->frame.position.offset + l->frame.position.size;
	uint32_t fields[] = { l->frame.code.offset + 8, l->frame.previous.offset + 8,
			      l->frame.owner.offset + l->frame.owner.size,
			      l->frame.copy.offset + l->frame.copy.size };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i] > end)
			end = fields[i];
	return end < COPY_MAX ? end : COPY_MAX;
}

int raw_stack_init(struct raw_stack *s, struct err *e)
{
	*s = (struct raw_stack){ .frames = calloc(STACK_DEPTH_MAX, sizeof(struct raw_frame)),
				 .best = calloc(STACK_DEPTH_MAX, sizeof(struct raw_frame)),
				 .copies = malloc((size_t)STACK_DEPTH_MAX * COPY_MAX),
				 .again = malloc((size_t)STACK_DEPTH_MAX * COPY_MAX) };
	if (!s->frames || !s->best || !s->copies || !s->again) {
		raw_stack_done(s);
		return err_set(e, ENOMEM, "out of memory for a stack");
	}
	return 0;
}

void raw_stack_done(struct raw_stack *s)
{
	free(s->frames);
	free(s->best);
	free(s->copies);
	free(s->again);
	*s = (struct raw_stack){ 0 };
}

/*
 * Up to 3.10 frames are objects. Those that nobody refers to are dead, and CPython keeps them for the next call: in a list that
 * goes through the same field as the way to the caller, and that stands as still as any stack.
 */
static bool is_alive(const struct py_layout *l, struct view v)
{
	const struct field count = { l->object.type.offset - 8, 8 };
	uint64_t references;

	return l->frame.owner.size || (view_get(v, count, &references) && references);
}

static bool parse(const struct py_layout *l, const uint8_t *bytes, struct raw_frame *f)
{
	struct view v = { bytes, copy_bytes(l) };
	uint64_t owner = 0, copy = 0;

	if (!is_alive(l, v) || (l->frame.owner.size && !view_get(v, l->frame.owner, &owner)))
		return false;
	f->owner = (uint8_t)owner;
	if (!view_get(v, l->frame.code, &f->code))
		return false;
	f->code &= ~(uint64_t)l->frame.tags;
	if (l->frame.copy.size && !view_get(v, l->frame.copy, &copy))
		return false;
	f->copy = (uint32_t)copy;
	return view_get(v, l->frame.previous, &f->previous) && view_get(v, l->frame.position, &f->position);
}

/* The words that lead to the innermost frame: one in the thread's state, and one in the cframe where there is such. */
struct way_in {
	raddr at[2];
	uint64_t words[2];
	size_t count;
};

static int innermost(const struct py_layout *l, struct remote *r, raddr thread, struct way_in *ret, raddr *ret_frame,
		     struct err *e)
{
	int q;

	*ret = (struct way_in){ .at = { thread + l->thread.frame.offset }, .count = 1 };
	q = remote_read_u64(r, ret->at[0], &ret->words[0], e);
	if (!q && l->cframe.size && ret->words[0]) {
		ret->at[1] = ret->words[0] + l->cframe.frame.offset;
		ret->count = 2;
		q = remote_read_u64(r, ret->at[1], &ret->words[1], e);
	}
	*ret_frame = ret->words[ret->count - 1];
	return q;
}

static int walk(const struct py_layout *l, struct remote *r, raddr first, struct raw_stack *s, struct err *e)
{
	uint32_t size = copy_bytes(l);
	raddr at = first, mark = 0;

	s->count = 0;
	s->truncated = false;
	for (; at; at = s->frames[s->count++].previous) {
		uint8_t *copy = s->copies + s->count * size;
		int q;

		if (at == mark)
			return READ_TORN; /* a circle */
		if (!(s->count & (s->count - 1)))
			mark = at;
		if (s->count == STACK_DEPTH_MAX) {
			s->truncated = true;
			break;
		}
		q = remote_read(r, at, copy, size, e);
		if (q)
			return q;
		s->frames[s->count].at = at;
		if (!parse(l, copy, &s->frames[s->count]))
			return READ_TORN;
	}
	return 0;
}

/* Reads the way in and all frames of the walk again, many in one call. *ret: the way in was the same. */
static int look_again(const struct py_layout *l, struct remote *r, const struct way_in *in, struct raw_stack *s,
		      bool *ret, struct err *e)
{
	uint32_t size = copy_bytes(l);
	struct remote_piece pieces[PIECES];
	uint64_t words[2] = { 0 };
	size_t n = 0;

	for (; n < in->count; n++)
		pieces[n] = (struct remote_piece){ in->at[n], &words[n], sizeof(words[n]) };
	for (size_t i = 0; i < s->count; i++) {
		if (n == PIECES) {
			int q = remote_readv(r, pieces, n, e);

			if (q)
				return q;
			n = 0;
		}
		pieces[n++] = (struct remote_piece){ s->frames[i].at, s->again + i * size, size };
	}
	if (n) {
		int q = remote_readv(r, pieces, n, e);

		if (q)
			return q;
	}
	*ret = !memcmp(words, in->words, sizeof(words));
	return 0;
}

static bool same_link(const struct raw_frame *a, const struct raw_frame *b)
{
	return a->code == b->code && a->previous == b->previous && a->owner == b->owner;
}

/*
 * How many of the outermost frames, up to until, held still. The innermost of them may have moved on within its code: then it has
 * its later position.
 */
static size_t held_still(const struct py_layout *l, struct raw_stack *s, size_t until)
{
	size_t still = 0;

	while (still < until) {
		struct raw_frame *f = &s->frames[s->count - 1 - still];
		struct raw_frame now = { .at = f->at };

		if (!parse(l, s->again + (size_t)(f - s->frames) * copy_bytes(l), &now) || !same_link(f, &now))
			break;
		still++;
		if (now.position != f->position) {
			f->position = now.position;
			f->copy = now.copy;
			break;
		}
	}
	return still;
}

/* One walk and the looks at it. *ret_still: how many of the outermost frames held still. */
static int try_walk(const struct py_layout *l, struct remote *r, raddr thread, struct raw_stack *s, size_t *ret_still,
		    struct err *e)
{
	struct way_in in;
	raddr first;
	bool same = false, moved = false;
	int q = innermost(l, r, thread, &in, &first, e);

	if (!q)
		q = walk(l, r, first, s, e);
	*ret_still = s->count;
	for (int look = 0; !q && look < LOOKS; look++) {
		q = look_again(l, r, &in, s, &same, e);
		if (!q)
			*ret_still = held_still(l, s, *ret_still);
		moved |= !same;
	}
	s->torn = q || moved || *ret_still < s->count;
	return q;
}

int raw_stack_walk(const struct python *p, struct remote *r, raddr thread, struct raw_stack *s, struct err *e)
{
	uint64_t deadline = clock_now_ns() + patience_ns;
	size_t best = 0, still;

	/* Who had no core for all that time still gets its tries, until there is something to show. */
	for (int try = 0; try < TRIES_MAX && (try < 4 || !best || clock_now_ns() < deadline); try++) {
		int q = try_walk(&p->layout, r, thread, s, &still, e);

		if (q == READ_TORN)
			continue;
		if (q || !s->torn)
			return q;
		if (still > best) {
			best = still;
			memcpy(s->best, s->frames + s->count - still, still * sizeof(*s->best));
		}
	}
	memcpy(s->frames, s->best, best * sizeof(*s->best));
	s->count = best;
	s->truncated = false;
	s->torn = true;
	return 0;
}

/* Free-threaded 3.14+: each thread runs a copy of the bytecode of its own. The array of them grows, the copies stay. */
static int bytecode(const struct python *p, struct remote *r, raddr code, uint32_t copy, raddr *ret, struct err *e)
{
	const struct py_layout *l = &p->layout;
	raddr copies;
	uint64_t count;
	int q;

	*ret = code + l->code.start.offset;
	if (!copy)
		return 0;
	q = remote_read_u64(r, code + l->code.copies.offset, &copies, e);
	if (!q)
		q = remote_read_u64(r, copies, &count, e);
	if (!q && copy >= count)
		return READ_TORN;
	if (!q)
		q = remote_read_u64(r, copies + 8 + 8 * (raddr)copy, ret, e);
	return !q && !*ret ? READ_TORN : q;
}

int python_offset_in_copy(const struct python *p, struct remote *r, raddr code, raddr line_table, uint32_t copy,
			  uint32_t low, uint32_t *ret, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint64_t type, lines, units;
	raddr start = 0;
	int q = l->code.copies.size ? remote_read_u64(r, code + l->object.type.offset, &type, e) : READ_TORN;

	if (!q)
		q = remote_read_u64(r, code + l->code.lines.offset, &lines, e);
	if (!q)
		q = remote_read_u64(r, code + l->object.size, &units, e); /* of what varies in size, behind what all have */
	if (!q)
		q = bytecode(p, r, code, copy, &start, e);
	if (q)
		return q;
	*ret = low - (uint32_t)start;
	return type == p->code_type && lines == line_table && *ret / 2 < units ? 0 : READ_TORN;
}

int raw_frame_offset(const struct python *p, struct remote *r, const struct raw_frame *f, const struct code *code,
		     uint32_t *ret, bool *ret_built, struct err *e)
{
	const struct py_layout *l = &p->layout;
	int64_t offset = (int64_t)(int32_t)f->position * l->position_scale;
	raddr start = 0;
	int q = 0;

	if (!l->position_scale) {
		q = bytecode(p, r, f->code, f->copy, &start, e);
		offset = (int64_t)(f->position - start);
	}
	*ret = !q && offset > 0 && offset < UINT32_MAX ? (uint32_t)offset : 0; /* below 0: not started yet */
	*ret_built = !l->code.first_traceable.size || f->owner == PY_OWNER_GENERATOR ||
		     offset >= (int64_t)code->first_traceable * 2;
	return q;
}
