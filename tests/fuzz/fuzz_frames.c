/* Interpreter structures: a page of memory that claims to be threads, frames and code objects of each Python. */
#include "../../src/cpython/python_private.h"
#include "fuzz.h"

#define BASE 0x10000

struct page {
	const uint8_t *bytes;
	size_t length;
};

/* What lies beyond the input is the input again: pointers are short, and so nearly all lead somewhere. */
static int read_page(void *own, raddr at, void *to, size_t length, struct err *e)
{
	const struct page *page = own;

	(void)e;
	if (at < BASE || at >= BASE + 0x10000 || length > 1 << 20 || !page->length)
		return READ_TORN;
	for (size_t i = 0; i < length; i++)
		((uint8_t *)to)[i] = page->bytes[(at - BASE + i) % page->length];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct py_layout *const layouts[] = { &py_2_7, &py_3_6, &py_3_7, &py_3_8, &py_3_9,
							   &py_3_10, &py_3_11, &py_3_12, &py_3_13, &py_3_14t };
	static const struct remote_ops ops = { .read = read_page };
	struct python p = { .layout = *layouts[fuzz_take(&bytes, &length, 1) % 10], .code_type = BASE + 64 };
	struct page page = { bytes, length };
	static struct raw_stack s;
	struct remote *r;
	struct err e;

	if ((!s.frames && raw_stack_init(&s, &e)) || remote_new(&r, &ops, &page, &e))
		abort();
	p.version = p.layout.version << 16;
	if (!raw_stack_walk(&p, r, BASE, &s, &e))
		for (size_t i = 0; i < s.count; i++) {
			const struct code *code;
			uint32_t offset;
			bool built;

			if (i < 64 && !code_find(&p, r, s.frames[i].code, &code, &e))
				raw_frame_offset(&p, r, &s.frames[i], code, &offset, &built, &e);
		}
	codes_forget(&p);
	free(p.codes);
	remote_free(r);
	return 0;
}
