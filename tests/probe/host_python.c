/* host_python: a Python, as far as the probe can tell: one thread, one frame, one code object. */
#include "host_private.h"

static struct {
	uint64_t length;
	char chars[24];
} function_name = { 8, "function" }, file_name = { 7, "file.py" }, line_table = { 3, "abc" };
static uint64_t code_type;
static struct {
	const void *type, *filename, *name, *lines;
	uint64_t first_line;
} code = { &code_type, &file_name, &function_name, &line_table, 1 };
static struct {
	const void *previous, *code;
	int64_t position;
} frame = { NULL, &code, 0 };
static struct {
	uint64_t thread;
	const void *frame;
} thread_state;
static const void *current_thread = &thread_state;

void host_line(unsigned line)
{
	thread_state.thread = thread_pointer();
	thread_state.frame = line ? &frame : NULL;
	frame.position = line;
}

struct probe_python host_python(void)
{
	struct probe_python py = {
		.way = PROBE_THREAD_CURRENT, .current = (uint64_t)&current_thread,
		.tstate_thread_id = 0, .tstate_frame = 8, .cframe_frame = PROBE_OWNER_NONE,
		.frame_previous = 0, .frame_code = 8, .frame_position = 16, .lasti_scale = 1,
		.frame_owner = PROBE_OWNER_NONE, .code_first_traceable = PROBE_OWNER_NONE,
		.object_type = 0, .code_type = (uint64_t)&code_type,
		.code_filename = 8, .code_name = 16, .code_line_table = 24, .code_first_line = 32,
		.bytes_length = 0, .bytes_data = 8,
	};

	py.string.state = PROBE_OWNER_NONE;
	py.string.ascii_data = 8;
	return py;
}
