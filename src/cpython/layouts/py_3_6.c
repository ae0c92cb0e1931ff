/* Made by scripts/gen-layout from the headers of CPython 3.6.15: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_6 = {
	.version = 0x0306,
	.interpreter = {
		.size = 120,
		.next = { 0, 8 },
		.threads = { 8, 8 },
	},
	.thread = {
		.size = 2272,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 24, 8 },
		.id = { 152, 8 },
	},
	.frame = {
		.size = 384,
		.code = { 32, 8 },
		.previous = { 24, 8 },
		.position = { 120, 4 },
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
