/* Made by scripts/gen-layout from the headers of CPython 3.7.16: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_7 = {
	.version = 0x0307,
	.runtime = {
		.size = 1520,
		.initialized = { 0, 4 },
		.finalizing = { 8, 8 },
		.interpreters = { 24, 8 },
		.current = { 1480, 8 },
		.key = { 1504, 8 },
	},
	.interpreter = {
		.size = 2568,
		.next = { 0, 8 },
		.threads = { 8, 8 },
	},
	.thread = {
		.size = 280,
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
		.size = 144,
		.filename = { 96, 8 },
		.name = { 104, 8 },
		.lines = { 112, 8 },
		.first_line = { 36, 4 },
		.flags = { 32, 4 },
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
