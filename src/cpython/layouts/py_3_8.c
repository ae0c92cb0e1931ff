/* Made by scripts/gen-layout from the headers of CPython 3.8.18: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_8 = {
	.version = 0x0308,
	.runtime = {
		.size = 1464,
		.initialized = { 12, 4 },
		.finalizing = { 16, 8 },
		.interpreters = { 32, 8 },
		.current = { 1368, 8 },
		.key = { 1392, 8 },
	},
	.interpreter = {
		.size = 2720,
		.next = { 0, 8 },
		.threads = { 8, 8 },
	},
	.thread = {
		.size = 264,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 24, 8 },
		.id = { 176, 8 },
	},
	.frame = {
		.size = 368,
		.code = { 32, 8 },
		.previous = { 24, 8 },
		.position = { 104, 4 },
	},
	.code = {
		.size = 176,
		.filename = { 104, 8 },
		.name = { 112, 8 },
		.lines = { 120, 8 },
		.first_line = { 40, 4 },
		.flags = { 36, 4 },
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
		.size = 80,
		.length = { 16, 8 },
		.state = { 32, 4 },
		.legacy = { 72, 8 },
		.ascii = 48,
		.compact = 72,
	},
	.line_format = PY_LINES_SIGNED,
	.position_scale = 1,
};
