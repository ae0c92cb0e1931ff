/*
 * thread: the state that CPython keeps of the thread we are in, and its innermost frame.
 */
#include "frames.h"

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

uint64_t own_thread_state(void)
{
	const struct probe_python *py = &config.python;
	uint64_t tp = thread_pointer();
	uint64_t tstate = 0;
	uint32_t key;

	if (py->finalizing && (py->finalizing_size == 4 ? half(py->finalizing) : word(py->finalizing)))
		return 0; /* thread states are being freed now */
	switch (py->way) {
	case PROBE_THREAD_KEY: /* takes no lock and allocates nothing, in glibc and in musl */
		key = half(py->current);
		if (key < PROBE_KEYS_MAX)
			tstate = (uint64_t)((void *(*)(unsigned))py->getspecific)(key);
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

uint64_t innermost_frame(uint64_t tstate)
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
