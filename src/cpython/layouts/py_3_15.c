/* Made by scripts/gen-layout from the headers of CPython 3.15.2: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_15 = {
	.version = 0x030f,
	.runtime = {
		.size = 346560,
		.initialized = { 904, 4 },
		.finalizing = { 912, 8 },
		.interpreters = { 936, 8 },
		.raw = { 1008, 40 },
		.mem = { 1048, 40 },
		.obj = { 1088, 40 },
	},
	.interpreter = {
		.size = 226232,
		.next = { 7264, 8 },
		.threads = { 7336, 8 },
		.gil = { 16, 8 },
	},
	.gil = {
		.size = 208,
		.holder = { 8, 8 },
		.locked = { 16, 4 },
	},
	.thread = {
		.size = 888,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 72, 8 },
		.id = { 176, 8 },
		.native_id = { 184, 8 },
	},
	.frame = {
		.size = 88,
		.tags = 3,
		.code = { 0, 8 },
		.previous = { 8, 8 },
		.position = { 56, 8 },
		.owner = { 74, 1 },
	},
	.code = {
		.size = 216,
		.filename = { 112, 8 },
		.name = { 120, 8 },
		.qualname = { 128, 8 },
		.lines = { 136, 8 },
		.first_line = { 68, 4 },
		.flags = { 48, 4 },
		.start = { 208, 1 },
		.first_traceable = { 192, 4 },
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
