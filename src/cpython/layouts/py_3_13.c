/* Made by scripts/gen-layout from the headers of CPython 3.13.0: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_13 = {
	.version = 0x030d,
	.runtime = {
		.size = 283320,
		.initialized = { 600, 4 },
		.finalizing = { 608, 8 },
		.interpreters = { 632, 8 },
		.key = { 2160, 8 },
		.raw = { 704, 40 },
		.mem = { 744, 40 },
		.obj = { 784, 40 },
	},
	.interpreter = {
		.size = 194968,
		.next = { 7264, 8 },
		.threads = { 7344, 8 },
		.gil = { 16, 8 },
	},
	.gil = {
		.size = 208,
		.holder = { 8, 8 },
		.locked = { 16, 4 },
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
		.size = 208,
		.filename = { 112, 8 },
		.name = { 120, 8 },
		.qualname = { 128, 8 },
		.lines = { 136, 8 },
		.first_line = { 68, 4 },
		.flags = { 48, 4 },
		.start = { 200, 1 },
		.first_traceable = { 184, 4 },
	},
	.object = {
		.size = 16,
		.type = { 8, 8 },
	},
	.bytes = {
		.size = 40,
		.length = { 16, 8 },
		.data = { 32, 1 },
	},
	.string = {
		.size = 64,
		.length = { 16, 8 },
		.state = { 32, 4 },
		.ascii = 40,
		.compact = 56,
	},
	.line_format = PY_LINES_LOCATIONS,
	.position_scale = 0,
};
