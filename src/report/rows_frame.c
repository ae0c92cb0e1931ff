/* A frame as people read it, and which frame of a stack its bytes belong to. */
#include "memspy/rows.h"

const char *rows_function(const struct names *n, uint32_t frame)
{
	struct frame f = names_frame_at(n, frame);
	const char *text = names_text(n, f.function);

	if (frame == 0)
		return ROWS_NO_PYTHON;
	if (*text)
		return text;
	return f.kind == FRAME_MERGED ? "<merged>" : f.kind == FRAME_TRUNCATED ? "<truncated>" : "<unknown>";
}

uint32_t rows_leaf(const struct names *n, uint32_t stack)
{
	uint32_t first = names_stack_at(n, stack).frame;

	for (; stack; stack = names_stack_at(n, stack).parent) {
		uint32_t frame = names_stack_at(n, stack).frame;

		if (names_frame_at(n, frame).kind == FRAME_PYTHON)
			return frame;
	}
	return first; /* nothing of it was kept: that is what its row says */
}
