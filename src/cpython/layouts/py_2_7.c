/* Made by scripts/gen-layout from the headers of CPython 2.7.18: change that, not this. */
#include "../layout.h"

const struct py_layout py_2_7 = {
	.version = 0x0207,
	.interpreter = {
		.size = 80,
		.next = { 0, 8 },
		.threads = { 8, 8 },
	},
	.thread = {
		.size = 168,
		.next = { 0, 8 },
		.interpreter = { 8, 8 },
		.frame = { 16, 8 },
		.id = { 144, 8 },
	},
	.frame = {
		.size = 384,
		.code = { 32, 8 },
		.previous = { 24, 8 },
		.position = { 120, 4 },
	},
	.code = {
		.size = 128,
		.filename = { 80, 8 },
		.name = { 88, 8 },
		.lines = { 104, 8 },
		.first_line = { 96, 4 },
		.flags = { 28, 4 },
	},
	.object = {
		.size = 16,
		.type = { 8, 8 },
	},
	.bytes = {
		.size = 40,
		.length = { 16, 8 },
		.data = { 36, 1 },
	},
	.line_format = PY_LINES_UNSIGNED,
	.position_scale = 1,
};
