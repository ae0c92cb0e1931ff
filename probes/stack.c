/*
 * stack: which Python lines are we on (under the table's lock).
 *
 * We walk our own thread's frames with offsets that memspy supplied; there is no knowledge of versions here. Only
 * this thread changes its own chain, and it is in here, so nothing moves. A stack is a path in a tree of nodes
 * (caller, code, position), entered outermost first: stacks share what they have in common.
 */
#include "probe.h"

struct step {
	uint64_t code;
	uint32_t position, copy;
};

/* Not on the thread's stack: that may be an alternate signal stack with a few KiB left. The lock guards it. */
static struct step steps[PROBE_MAX_DEPTH];

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

/* false: not a Python frame, or one that is just being built. */
static bool read_frame(uint64_t frame, uint64_t tstate, struct step *ret)
{
	const struct probe_python *py = &config.python;
	uint8_t owner = 0;
	int64_t position;
	uint32_t copy;
	uint64_t start;

	if (py->frame_owner != PROBE_OWNER_NONE) {
		owner = *(const uint8_t *)(frame + py->frame_owner);
		if (owner >= py->owner_skip)
			return false;
	}
	ret->code = word(frame + py->frame_code) & ~(uint64_t)py->frame_code_mask;
	if (!plausible(ret->code) || word(ret->code + py->object_type) != py->code_type)
		return false;

	ret->position = PROBE_POSITION_NONE;
	ret->copy = 0;
	if (py->lasti_scale) {
		position = (int64_t)(int32_t)half(frame + py->frame_position) * py->lasti_scale;
	} else {
		copy = py->frame_copy != PROBE_OWNER_NONE ? half(frame + py->frame_copy) : 0;
		start = bytecode(ret->code, copy, tstate);
		if (!start) {
			ret->position = half(frame + py->frame_position);
			ret->copy = copy;
			return true;
		}
		position = (int64_t)(word(frame + py->frame_position) - start);
	}
	if (py->code_first_traceable != PROBE_OWNER_NONE && owner != py->owner_generator &&
	    position < (int64_t)(int32_t)half(ret->code + py->code_first_traceable) * 2)
		return false;
	if (position >= 0 && position < 0x7fffffff)
		ret->position = (uint32_t)position;
	return true;
}

static uint32_t node_get(uint32_t parent, uint32_t code, const struct step *step)
{
	struct probe_header *h = header();
	struct probe_node *nodes = section(&config.layout.nodes);
	uint32_t *index = section(&config.layout.node_index);
	uint32_t mask = config.layout.node_index.count - 1;
	uint32_t at = (uint32_t)mix(mix((uint64_t)code << 32 | parent) ^ step->position) & mask;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		uint32_t i = index[at];

		if (i >= config.layout.nodes.count)
			return PROBE_NODE_MERGED;
		if (nodes[i].parent == parent && nodes[i].code == code && nodes[i].position == step->position &&
		    nodes[i].copy == step->copy)
			return i;
	}
	if (h->nodes_used >= config.layout.nodes.count || n > mask)
		return PROBE_NODE_MERGED;
	nodes[h->nodes_used] = (struct probe_node){ .parent = parent, .code = code, .position = step->position, .copy = step->copy };
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

uint32_t stack_capture(void)
{
	uint64_t tstate = own_thread_state(), frame = tstate ? innermost_frame(tstate) : 0;
	uint32_t depth = 0, node = PROBE_NODE_ROOT;
	uint32_t steps_left = 4 * PROBE_MAX_DEPTH; /* shim frames do not count as depth, but a walk must end */

	for (; plausible(frame) && depth < config.max_depth && steps_left; steps_left--) {
		if (read_frame(frame, tstate, &steps[depth]))
			depth++;
		frame = word(frame + config.python.frame_previous);
	}
	if (plausible(frame)) {
		node = PROBE_NODE_TRUNCATED;
		count(&header()->lost.truncated);
	}
	if (depth > 1 && only_own_lines()) {
		node = PROBE_NODE_MERGED;
		depth = 1;
		count(&header()->lost.merged);
	}
	code_new_stack();
	while (depth--)
		node = node_get(node, code_get(steps[depth].code), &steps[depth]);
	return node;
}
