/* Line tables and names, as the probe copied them from wherever a pointer led. */
#include "../../src/cpython/python_private.h"
#include "fuzz.h"
#include "memspy/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct python p = { .layout.line_format = (enum py_line_format)(fuzz_take(&bytes, &length, 1) % 4) };
	uint32_t offset = (uint32_t)fuzz_take(&bytes, &length, 3);
	int first_line = (int)fuzz_take(&bytes, &length, 4);
	static const unsigned widths[] = { 0, 1, 2, 4 };

	for (int i = 0; i < 24; i++) {
		struct python_place at;

		python_place(&p, bytes, length, first_line, i ? 1u << i : offset, &at);
		if (at.line < 0 || at.end_line < 0 || at.column < -1 || at.end_column < -1)
			abort();
	}
	for (int i = 0; i < 4; i++) {
		struct buf text = { 0 };

		python_text(bytes, length / (widths[i] ? widths[i] : 1), widths[i], &text);
		buf_done(&text);
	}
	return 0;
}
