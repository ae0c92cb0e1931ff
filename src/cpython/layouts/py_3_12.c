/* Made by scripts/gen-layout from the headers of CPython 3.12.1: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_12 = {
	.version = 0x030c,
	.runtime = {
		.size = 459944,
		.initialized = { 16, 4 },
		.finalizing = { 24, 8 },
		.interpreters = { 40, 8 },
		.key = { 1544, 8 },
		.raw = { 96, 40 },
		.mem = { 136, 40 },
		.obj = { 176, 40 },
	},
	.interpreter = {
		.size = 383552,
		.next = { 0, 8 },
		.threads = { 72, 8 },
		.gil = { 384, 8 },
	},
	.gil = {
		.size = 208,
		.holder = { 8, 8 },
		.locked = { 16, 4 },
	},
	.thread = {
		.size = 288,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 56, 8 },
		.id = { 136, 8 },
		.native_id = { 144, 8 },
	},
	.cframe = {
		.size = 16,
		.frame = { 0, 8 },
	},
	.frame = {
		.size = 80,
		.code = { 0, 8 },
		.previous = { 8, 8 },
		.position = { 56, 8 },
		.owner = { 70, 1 },
	},
	.code = {
		.size = 200,
		.filename = { 112, 8 },
		.name = { 120, 8 },
		.qualname = { 128, 8 },
		.lines = { 136, 8 },
		.first_line = { 68, 4 },
		.flags = { 48, 4 },
		.start = { 192, 1 },
		.first_traceable = { 176, 4 },
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
