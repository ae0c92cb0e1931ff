/*
 * stack: which Python lines are we on (under the table's lock).
 *
 * We walk our own thread's frames with offsets that memspy supplied; there is no knowledge of versions here. Only
 * this thread changes its own chain, and it is in here, so nothing moves. A stack is a path in a tree of nodes
 * (caller, code, position), entered outermost first: stacks share what they have in common.
 */
#include "probe.h"

struct step {
	uint32_t code, position, copy, node;
};

struct stack {
	uint64_t seed, stamp; /* of whose table the nodes are */
	uint32_t depth, root;
	struct step steps[PROBE_MAX_DEPTH]; /* innermost first */
};

/*
 * Not on the thread's stack: that may be an alternate signal stack with a few KiB left. The lock guards them.
 *
 * A stack is compared with one before it, from its outermost frame on: as far as they agree the nodes are known. Which
 * stack that was does not matter for what comes out; of its own thread it agrees the longest.
 */
enum { LASTS = 4 };
static struct stack stacks[LASTS + 1];
static uint8_t last_of[LASTS] = { 0, 1, 2, 3 }, spare = LASTS;

/* What holds for all frames of a code object in one stack: they keep it alive, so it is looked at once. */
struct known {
	uint64_t code, of_stack;
	int64_t first_traceable; /* in bytes */
	uint32_t index; /* 0: not asked yet */
};
enum { KNOWN_BITS = 7 };
static struct known known[1 << KNOWN_BITS];
static uint64_t stack_number;

static uint64_t word(uint64_t address)
{
	return *(const uint64_t *)address;
}

static uint32_t half(uint64_t address)
{
	return *(const uint32_t *)address;
}

/*
 * glibc's vector of what each module has in this thread: {how many, } in front of it, pairs of {address, what to free}. A
 * module that was loaded late has nothing until the thread asks for it: then the thread has never been in Python.
 */
static uint64_t in_room(uint64_t tp, uint64_t module, int64_t offset)
{
	uint64_t vector = word(tp + 8), room;

	if (!plausible(vector) || module > word(vector - 16))
		return 0;
	room = word(vector + 16 * module);
	return room + 1 > 1 ? word(room + (uint64_t)offset) : 0; /* neither 0 nor -1 */
}

static uint64_t own_thread_state(void)
{
	const struct probe_python *py = &config.python;
	uint64_t tp = thread_pointer();
	uint64_t tstate = 0;

	if (py->finalizing && (py->finalizing_size == 4 ? half(py->finalizing) : word(py->finalizing)))
		return 0; /* thread states are being freed now */
	switch (py->way) {
	case PROBE_THREAD_KEY: /* takes no lock and allocates nothing, in glibc and in musl */
		tstate = (uint64_t)((void *(*)(unsigned))py->getspecific)(py->key);
		break;
	case PROBE_THREAD_CURRENT:
		tstate = word(py->current);
		break;
	case PROBE_THREAD_TLS:
		tstate = word(tp + (uint64_t)py->tls_offset);
		break;
	case PROBE_THREAD_VECTOR:
		tstate = in_room(tp, py->key, py->tls_offset);
		break;
	}
	if (!plausible(tstate) || word(tstate + py->tstate_thread_id) != tp)
		return 0;
	return tstate;
}

static uint64_t innermost_frame(uint64_t tstate)
{
	const struct probe_python *py = &config.python;
	uint64_t frame = word(tstate + py->tstate_frame);
	if (py->cframe_frame != PROBE_OWNER_NONE) {
		if (!plausible(frame))
			return 0;
		frame = word(frame + py->cframe_frame);
	}
	return frame;
}

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

/* NULL: not a code object. */
static struct known *know(uint64_t code)
{
	const struct probe_python *py = &config.python;
	struct known *k = &known[(code * 0x9e3779b97f4a7c15u) >> (64 - KNOWN_BITS)];

	if (likely(k->code == code && k->of_stack == stack_number))
		return k;
	if (!plausible(code) || word(code + py->object_type) != py->code_type)
		return NULL;
	*k = (struct known){ .code = code, .of_stack = stack_number, .first_traceable = INT64_MIN };
	if (py->code_first_traceable != PROBE_OWNER_NONE)
		k->first_traceable = (int64_t)(int32_t)half(code + py->code_first_traceable) * 2;
	return k;
}

/* The code of a frame, and where in it; NULL: not a frame of Python's, or one that is just being built. */
static inline __attribute__((always_inline)) struct known *read_frame(uint64_t frame, uint64_t tstate, uint32_t *ret_position,
								      uint32_t *ret_copy)
{
	const struct probe_python *py = &config.python;
	uint32_t copy = 0;
	uint8_t owner = 0;
	int64_t position;
	uint64_t start;
	struct known *k;

	if (py->frame_owner != PROBE_OWNER_NONE) {
		owner = *(const uint8_t *)(frame + py->frame_owner);
		if (owner >= py->owner_skip)
			return NULL;
	}
	k = know(word(frame + py->frame_code) & ~(uint64_t)py->frame_code_mask);
	if (!k)
		return NULL;

	*ret_copy = 0;
	if (py->lasti_scale) {
		position = (int64_t)(int32_t)half(frame + py->frame_position) * py->lasti_scale;
	} else {
		if (py->frame_copy != PROBE_OWNER_NONE)
			copy = half(frame + py->frame_copy);
		start = bytecode(k->code, copy, tstate);
		position = (int64_t)(word(frame + py->frame_position) - start);
		if (!start) {
			*ret_position = (uint32_t)position;
			*ret_copy = copy;
			return k;
		}
	}
	if (position < k->first_traceable && owner != py->owner_generator)
		return NULL;
	*ret_position = position >= 0 && position < 0x7fffffff ? (uint32_t)position : PROBE_POSITION_NONE;
	return k;
}

static uint32_t node_get(uint32_t parent, const struct step *step)
{
	struct probe_header *h = header();
	struct probe_node *nodes = section(&config.layout.nodes);
	uint32_t *index = section(&config.layout.node_index);
	uint32_t mask = config.layout.node_index.count - 1;
	uint32_t at = (uint32_t)mix(mix((uint64_t)step->code << 32 | parent) ^ step->position) & mask;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		uint32_t i = index[at];

		if (i >= config.layout.nodes.count)
			return PROBE_NODE_MERGED;
		if (nodes[i].parent == parent && nodes[i].code == step->code && nodes[i].position == step->position &&
		    nodes[i].copy == step->copy)
			return i;
	}
	if (h->nodes_used >= config.layout.nodes.count || n > mask)
		return PROBE_NODE_MERGED;
	nodes[h->nodes_used] = (struct probe_node){ .parent = parent, .code = step->code, .position = step->position, .copy = step->copy };
	index[at] = h->nodes_used;
	__atomic_store_n(&h->nodes_used, h->nodes_used + 1, __ATOMIC_RELEASE);
	return index[at];
}

/* The last eighth of the nodes and of the sites is for own lines: their callers are merged. */
static bool only_own_lines(void)
{
	return header()->nodes_used >= config.layout.nodes.count / 8 * 7 ||
	       header()->sites_used >= config.layout.sites.count / 8 * 7;
}

static bool is_same(const struct step *a, const struct step *b)
{
	return a->code == b->code && a->position == b->position && a->copy == b->copy;
}

/* The node of each step, outermost first. */
static uint32_t enter_nodes(struct stack *now, const struct stack *last)
{
	uint32_t both = now->depth < last->depth ? now->depth : last->depth, node = now->root, same = 0;
	struct step *step = now->steps + now->depth;
	const struct step *then = last->steps + last->depth;

	if (now->root == last->root && now->seed == last->seed && now->stamp == last->stamp)
		for (; same < both && is_same(--step, --then); same++)
			step->node = node = then->node;
	for (uint32_t i = now->depth - same; i--;)
		now->steps[i].node = node = node_get(node, &now->steps[i]);
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

uint32_t stack_capture(void)
{
	uint64_t tstate = own_thread_state(), frame = tstate ? innermost_frame(tstate) : 0;
	uint8_t *last = &last_of[mix(thread_pointer() >> 6) % LASTS];
	struct stack *now = &stacks[spare];
	uint32_t steps_left = 4 * PROBE_MAX_DEPTH; /* shim frames do not count as depth, but a walk must end */
	bool merge = only_own_lines();
	uint32_t depth = 0, limit = merge && config.max_depth > 2 ? 2 : config.max_depth;

	stack_number++;
	code_new_stack();
	for (; plausible(frame) && depth < limit && steps_left; steps_left--) {
		uint64_t previous = word(frame + config.python.frame_previous);
		struct step *step = &now->steps[depth];
		uint32_t position, copy;
		struct known *k;

		look_ahead(frame, previous);
		k = read_frame(frame, tstate, &position, &copy);
		frame = previous;
		if (!k)
			continue;
		if (unlikely(!k->index) && (!merge || !depth))
			k->index = code_get(k->code);
		step->code = k->index;
		step->position = position;
		step->copy = copy;
		depth++;
	}
	now->root = PROBE_NODE_ROOT;
	now->depth = depth;
	now->seed = config.seed;
	now->stamp = pages.stamp;
	if (merge && now->depth > 1) {
		now->root = PROBE_NODE_MERGED;
		now->depth = 1;
		count(&header()->lost.merged);
	} else if (plausible(frame)) {
		now->root = PROBE_NODE_TRUNCATED;
		count(&header()->lost.truncated);
	}
	spare = *last;
	*last = (uint8_t)(now - stacks);
	return enter_nodes(now, &stacks[spare]);
}
