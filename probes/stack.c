/*
 * stack: which Python lines are we on (under the table's lock).
 *
 * We walk our own thread's frames with offsets that memspy supplied; there is no knowledge of versions here. Only
 * this thread changes its own chain, and it is in here, so nothing moves. A stack is a path in a tree of nodes
 * (caller, code, position), entered outermost first: stacks share what they have in common.
 */
#include "frames.h"

struct step { /* as the frame has it; and what became of it */
	uint64_t code, where, more; /* more: copy << 8 | owner; one word, for it is read back at once */
	uint32_t index, node; /* index 0: not a frame of Python's, or one that was just being built; its node is its caller's */
};

struct stack {
	uint64_t generation, seed, stamp; /* seed and stamp: of whose table the nodes are */
	uint32_t depth, root;
	struct step steps[PROBE_MAX_DEPTH]; /* innermost first */
};

/*
 * Not on the thread's stack: that may be an alternate signal stack with a few KiB left. The lock guards them.
 *
 * A stack is compared with one before it, from its outermost frame on: as far as they agree the nodes are known. Which
 * stack that was does not matter for what comes out; of its own thread it agrees the longest.
 */
enum { LASTS = 4, STEPS_MOST = 4 * PROBE_MAX_DEPTH };
static struct stack stacks[LASTS + 1];
static uint8_t last_of[LASTS] = { 0, 1, 2, 3 }, spare = LASTS;

/*
 * Where the bytecode begins that this frame runs; 0: it cannot be told now, and memspy finds out. Another thread may put a
 * longer array of copies in the place of this one, and frees it when all who are attached have passed a point where they
 * hold none.
 */
static uint64_t bytecode(uint64_t code, uint32_t copy, uint64_t tstate)
{
	const struct probe_python *py = &config.python;
	uint64_t copies;

	if (!copy)
		return code + py->code_start;
	if (half(tstate + py->tstate_state) != 1)
		return 0;
	copies = __atomic_load_n((const uint64_t *)(code + py->code_copies), __ATOMIC_ACQUIRE);
	return plausible(copies) && copy < word(copies) ? word(copies + 8 + 8 * (uint64_t)copy) : 0;
}

/* What a frame has of its own; false: not one of Python's. modern: as from 3.11 on, with a GIL; the walk is made for each. */
static inline __attribute__((always_inline)) bool read_frame(uint64_t frame, struct step *ret, bool modern)
{
	const struct probe_python *py = &config.python;
	uint64_t more = 0;

	if (modern || py->frame_owner != PROBE_OWNER_NONE) {
		more = *(const uint8_t *)(frame + py->frame_owner);
		if (more >= py->owner_skip)
			return false;
	}
	if (!modern && py->frame_copy != PROBE_OWNER_NONE)
		more |= (uint64_t)half(frame + py->frame_copy) << 8;
	ret->code = word(frame + py->frame_code);
	ret->where = !modern && py->lasti_scale ? half(frame + py->frame_position) : word(frame + py->frame_position);
	ret->more = more;
	return true;
}

static inline bool is_modern(void)
{
	const struct probe_python *py = &config.python;

	return py->frame_owner != PROBE_OWNER_NONE && py->frame_copy == PROBE_OWNER_NONE && !py->lasti_scale;
}

static inline bool is_same(const struct step *a, const struct step *b)
{
	return a->code == b->code && a->where == b->where && a->more == b->more;
}

static struct known *code_of(const struct step *step)
{
	return know(step->code & ~(uint64_t)config.python.frame_code_mask);
}

static uint32_t node_get(uint32_t parent, uint32_t code, uint32_t position, uint32_t copy)
{
	struct probe_header *h = header();
	struct probe_node *nodes = section(&config.layout.nodes);
	uint32_t *index = section(&config.layout.node_index);
	uint32_t mask = config.layout.node_index.count - 1;
	uint32_t at = (uint32_t)mix(mix((uint64_t)code << 32 | parent) ^ position) & mask;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		uint32_t i = index[at];

		if (i >= config.layout.nodes.count)
			return PROBE_NODE_MERGED;
		if (nodes[i].parent == parent && nodes[i].code == code && nodes[i].position == position && nodes[i].copy == copy)
			return i;
	}
	if (h->nodes_used >= config.layout.nodes.count || n > mask)
		return PROBE_NODE_MERGED;
	nodes[h->nodes_used] = (struct probe_node){ .parent = parent, .code = code, .position = position, .copy = copy };
	index[at] = h->nodes_used;
	__atomic_store_n(&h->nodes_used, h->nodes_used + 1, __ATOMIC_RELEASE);
	return index[at];
}

/* Where the step is in its code, and its node under that of its caller. */
static void enter_step(struct step *step, uint32_t parent, uint64_t tstate)
{
	const struct probe_python *py = &config.python;
	struct known *k = code_of(step);
	uint32_t copy = 0, copy_of_frame = (uint32_t)(step->more >> 8);
	int64_t position;
	uint64_t start;

	step->index = 0;
	step->node = parent;
	if (!k)
		return;
	if (py->lasti_scale) {
		position = (int64_t)(int32_t)step->where * py->lasti_scale;
	} else {
		start = bytecode(k->code, copy_of_frame, tstate);
		position = (int64_t)(step->where - start);
		if (!start)
			copy = copy_of_frame;
	}
	if (!copy) {
		if (position < k->first_traceable && (uint8_t)step->more != py->owner_generator)
			return;
		position = position >= 0 && position < 0x7fffffff ? position : PROBE_POSITION_NONE;
	}
	step->index = known_index(k);
	step->node = node_get(parent, step->index, (uint32_t)position, copy);
}

/* Is the step's code object still the one that it was then? */
static bool is_known(const struct step *then)
{
	struct known *k = then->index ? code_of(then) : NULL;

	return k && known_index(k) == then->index;
}

/* The node of each step, outermost first. */
static uint32_t enter_steps(struct stack *now, const struct stack *last, uint64_t tstate)
{
	uint32_t both = now->depth < last->depth ? now->depth : last->depth, node = now->root, same = 0;
	const bool of_now = last->generation == now->generation;
	struct step *step = now->steps + now->depth;
	const struct step *then = last->steps + last->depth;

	if (now->root == last->root && now->seed == last->seed && now->stamp == last->stamp)
		for (; same < both && is_same(--step, --then) && (of_now || is_known(then)); same++) {
			step->index = then->index;
			step->node = node = then->node;
		}
	for (uint32_t i = now->depth - same; i--; node = now->steps[i].node)
		enter_step(&now->steps[i], node, tstate);
	return node;
}

/*
 * From 3.11 on the frames of a thread lie one after the other. What comes in a while is asked for now: of a deep stack
 * little is in the cache. Where it is a guess that is wrong, nothing happens.
 */
static inline void look_ahead(uint64_t frame, uint64_t previous)
{
	uint64_t later = previous - 8 * (frame - previous);

	__builtin_prefetch((const void *)later);
	__builtin_prefetch((const void *)(later + 64));
}

/* The frames as they are, innermost first, up to limit; *frame ends up at the one that is left, or not plausible. */
static inline __attribute__((always_inline)) uint32_t walk(uint64_t *frame, uint32_t limit, struct step *ret, bool modern)
{
	const uint64_t previous_at = config.python.frame_previous;
	uint32_t depth = 0, left = STEPS_MOST;
	uint64_t at = *frame;

	for (uint64_t previous; plausible(at) && depth < limit && left; at = previous, left--) {
		previous = word(at + previous_at);
		look_ahead(at, previous);
		depth += read_frame(at, &ret[depth], modern);
	}
	*frame = at;
	return depth;
}

/* Is that the stack of last, but for the innermost line? That one comes to *ret. */
static inline __attribute__((always_inline)) bool follow(const struct stack *last, uint64_t frame, struct step *ret, bool modern)
{
	const uint64_t previous_at = config.python.frame_previous;
	const struct step *then = last->steps, *const end = then + last->depth, *const far = then + 8;
	uint32_t left = STEPS_MOST;

	for (uint64_t previous; plausible(frame); frame = previous) {
		struct step now;

		previous = word(frame + previous_at);
		if (then >= far) /* the first ones are in the cache */
			look_ahead(frame, previous);
		if (!read_frame(frame, &now, modern)) {
			if (!--left)
				return false;
			continue;
		}
		if (then == end)
			return false;
		if (then == last->steps)
			*ret = now;
		else if (!is_same(&now, then))
			return false;
		then++;
	}
	return then == end;
}

static COLD bool follow_modern(const struct stack *last, uint64_t frame, struct step *ret)
{
	return follow(last, frame, ret, true);
}

/*
 * Where every block is counted the stack of the next is that of the one before, nearly always, but for the innermost line.
 * Then nothing but the frames has to be read. false: it is another one.
 */
static inline bool capture_again(struct stack *last, uint64_t frame, uint64_t tstate, uint32_t *ret)
{
	struct step inner;

	if (last->generation != known_generation || last->root != PROBE_NODE_ROOT || !last->depth ||
	    !(is_modern() ? follow_modern(last, frame, &inner) : follow(last, frame, &inner, false)))
		return false;
	if (unlikely(!is_same(&inner, &last->steps[0]))) {
		enter_step(&inner, last->depth > 1 ? last->steps[1].node : PROBE_NODE_ROOT, tstate);
		last->steps[0] = inner;
	}
	*ret = last->steps[0].node;
	return true;
}

/* The last eighth of the nodes and of the sites is for own lines: their callers are merged. */
static bool only_own_lines(void)
{
	return header()->nodes_used >= config.layout.nodes.count / 8 * 7 ||
	       header()->sites_used >= config.layout.sites.count / 8 * 7;
}

static uint32_t own_line(struct stack *now, bool more, uint64_t tstate)
{
	for (uint32_t i = 0; i < now->depth; i++) {
		bool merged = i + 1 < now->depth || more;

		enter_step(&now->steps[i], merged ? PROBE_NODE_MERGED : PROBE_NODE_ROOT, tstate);
		if (now->steps[i].index) {
			if (merged)
				count(&header()->lost.merged);
			return now->steps[i].node;
		}
	}
	return PROBE_NODE_ROOT;
}

uint32_t stack_capture(uint32_t domain)
{
	uint64_t tstate = own_thread_state(), frame = tstate ? innermost_frame(tstate) : 0;
	uint8_t *last = &last_of[mix(thread_pointer() >> 6) % LASTS];
	struct stack *now = &stacks[spare];
	const bool merge = only_own_lines();
	uint32_t node, limit = merge && config.max_depth > 4 ? 4 : config.max_depth;

	known_begin(domain);
	if (!merge && capture_again(&stacks[*last], frame, tstate, &node))
		return node;
	now->depth = is_modern() ? walk(&frame, limit, now->steps, true) : walk(&frame, limit, now->steps, false);
	if (merge)
		return own_line(now, plausible(frame), tstate);
	now->generation = known_generation;
	now->seed = config.seed;
	now->stamp = pages.stamp;
	now->root = plausible(frame) ? PROBE_NODE_TRUNCATED : PROBE_NODE_ROOT;
	if (now->root == PROBE_NODE_TRUNCATED)
		count(&header()->lost.truncated);
	spare = *last;
	*last = (uint8_t)(now - stacks);
	return enter_steps(now, &stacks[spare], tstate);
}
