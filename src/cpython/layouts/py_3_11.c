/* Made by scripts/gen-layout from the headers of CPython 3.11.7: change that, not this. */
#include "../layout.h"

const struct py_layout py_3_11 = {
	.version = 0x030b,
	.runtime = {
		.size = 166688,
		.initialized = { 16, 4 },
		.finalizing = { 24, 8 },
		.interpreters = { 40, 8 },
		.current = { 576, 8 },
		.key = { 592, 8 },
	},
	.interpreter = {
		.size = 107752,
		.next = { 0, 8 },
		.threads = { 16, 8 },
	},
	.thread = {
		.size = 360,
		.next = { 8, 8 },
		.interpreter = { 16, 8 },
		.frame = { 56, 8 },
		.id = { 152, 8 },
		.native_id = { 160, 8 },
	},
	.cframe = {
		.size = 24,
		.frame = { 8, 8 },
	},
	.frame = {
		.size = 80,
		.code = { 32, 8 },
		.previous = { 48, 8 },
		.position = { 56, 8 },
		.owner = { 69, 1 },
	},
	.code = {
		.size = 192,
		.filename = { 112, 8 },
		.name = { 120, 8 },
		.qualname = { 128, 8 },
		.lines = { 136, 8 },
		.first_line = { 72, 4 },
		.flags = { 48, 4 },
		.start = { 184, 1 },
		.first_traceable = { 168, 4 },
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
	.line_format = PY_LINES_LOCATIONS,
	.position_scale = 0,
};
