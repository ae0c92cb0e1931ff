/* Made by scripts/gen-layout from the headers of CPython 3.13.5t: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_13t = {
	.version = 0x030d,
	.is_free_threaded = true,
	.runtime = {
		.size = 328320,
		.initialized = { 600, 4 },
		.finalizing = { 608, 8 },
		.interpreters = { 632, 8 },
		.key = { 2160, 8 },
		.raw = { 704, 40 },
		.mem = { 744, 40 },
		.obj = { 784, 40 },
	},
	.interpreter = {
		.size = 215616,
		.next = { 7264, 8 },
		.threads = { 7344, 8 },
		.gil = { 16, 8 },
	},
	.gil = {
		.size = 216,
		.holder = { 16, 8 },
		.locked = { 24, 4 },
	},
	.thread = {
		.size = 304,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 72, 8 },
		.id = { 152, 8 },
		.native_id = { 160, 8 },
	},
	.frame = {
		.size = 80,
		.code = { 0, 8 },
		.previous = { 8, 8 },
		.position = { 56, 8 },
		.owner = { 70, 1 },
	},
	.code = {
		.size = 224,
		.filename = { 128, 8 },
		.name = { 136, 8 },
		.qualname = { 144, 8 },
		.lines = { 152, 8 },
		.first_line = { 84, 4 },
		.flags = { 64, 4 },
		.start = { 216, 1 },
		.first_traceable = { 200, 4 },
	},
	.object = {
		.size = 32,
		.type = { 24, 8 },
	},
	.bytes = {
		.size = 56,
		.length = { 32, 8 },
		.data = { 48, 1 },
	},
	.string = {
		.size = 80,
		.length = { 32, 8 },
		.state = { 48, 4 },
		.ascii = 56,
		.compact = 72,
	},
	.line_format = PY_LINES_LOCATIONS,
	.position_scale = 0,
};
