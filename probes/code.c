/*
 * code: what the lines are called (under the table's lock).
 *
 * Code objects die and their addresses are used again, so what memspy will want to know is copied when a code
 * object is first seen: file name, qualified name, first line, line table. Names and line tables never change
 * while the object lives; the pointers to them and the table's size tell whether it is still the same one.
 */
#include "probe.h"

enum {
	MAX_CHARACTERS = 4096,
	MAX_LINE_TABLE = 256 * 1024,
};

static void copy(void *to, const void *from, uint64_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n--)
		*t++ = *f++;
}

static bool same(const void *a, const void *b, uint64_t n)
{
	const unsigned char *x = a, *y = b;

	while (n--)
		if (*x++ != *y++)
			return false;
	return true;
}

static uint64_t hash(const unsigned char *p, uint64_t n)
{
	uint64_t h = n;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3u;
	return mix(h);
}

/* Offset / 8 of these bytes in the text section, old or new; 0: no room. */
static uint32_t text_put(const void *bytes, uint64_t length, uint32_t width)
{
	struct probe_header *h = header();
	uint32_t *index = section(&config.layout.text_index);
	uint32_t mask = config.layout.text_index.count - 1;
	char *text = section(&config.layout.text);
	uint32_t room = config.layout.text.count / 8;
	uint32_t need = (uint32_t)((sizeof(struct probe_text) + length + 7) / 8);
	uint32_t at = (uint32_t)hash(bytes, length) & mask;
	struct probe_text *t;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		if (index[at] >= h->text_used || index[at] >= room)
			return 0;
		t = (struct probe_text *)(text + (uint64_t)index[at] * 8);
		if (t->bytes == length && t->width == width && same(t + 1, bytes, length))
			return index[at];
	}
	if (h->text_used + need > room || n > mask) {
		count(&h->lost.text);
		return 0;
	}
	t = (struct probe_text *)(text + (uint64_t)h->text_used * 8);
	t->bytes = (uint32_t)length;
	t->width = width;
	copy(t + 1, bytes, length);
	index[at] = h->text_used;
	__atomic_store_n(&h->text_used, h->text_used + need, __ATOMIC_RELEASE);
	return index[at];
}

static uint32_t text_of_string(uint64_t object)
{
	const struct probe_string *s = &config.python.string;
	uint64_t length, data = object + s->ascii_data;
	uint32_t state, width = 0;

	if (!plausible(object))
		return 0;
	length = *(const uint64_t *)(object + s->length);
	if (length > MAX_CHARACTERS)
		length = MAX_CHARACTERS;
	if (s->state != PROBE_OWNER_NONE) {
		state = *(const uint32_t *)(object + s->state);
		width = state >> s->kind_shift & s->kind_mask;
		if (width != 1 && width != 2 && width != 4)
			return 0;
		if (s->ready_mask && !(state & s->ready_mask))
			return 0;
		if (!(state & s->compact_mask))
			data = s->legacy_data ? *(const uint64_t *)(object + s->legacy_data) : 0;
		else if (!(state & s->ascii_mask))
			data = object + s->compact_data;
		if (data < 0x10000)
			return 0;
	}
	return text_put((const void *)data, length * (width ? width : 1), width);
}

/* The pointers and the size that tell one code object from the next at the same address. */
static struct probe_code identity(uint64_t code)
{
	const struct probe_python *py = &config.python;
	struct probe_code c = {
		.address = code,
		.filename = *(const uint64_t *)(code + py->code_filename),
		.name = *(const uint64_t *)(code + py->code_name),
		.line_table = *(const uint64_t *)(code + py->code_line_table),
		.first_line = *(const uint32_t *)(code + py->code_first_line),
	};

	if (plausible(c.line_table))
		c.line_table_size = *(const uint32_t *)(c.line_table + py->bytes_length);
	return c;
}

static bool is_same_code(const struct probe_code *a, const struct probe_code *b)
{
	return a->address == b->address && a->filename == b->filename && a->name == b->name &&
	       a->line_table == b->line_table && a->first_line == b->first_line &&
	       a->line_table_size == b->line_table_size;
}

static COLD uint32_t code_put(uint32_t *index, struct probe_code *c)
{
	struct probe_header *h = header();

	c->filename_text = text_of_string(c->filename);
	c->name_text = text_of_string(c->name);
	if (plausible(c->line_table) && c->line_table_size <= MAX_LINE_TABLE)
		c->line_table_text = text_put((const void *)(c->line_table + config.python.bytes_data), c->line_table_size, 0);
	((struct probe_code *)section(&config.layout.codes))[h->codes_used] = *c;
	*index = h->codes_used;
	__atomic_store_n(&h->codes_used, h->codes_used + 1, __ATOMIC_RELEASE);
	return *index;
}

uint32_t code_get(uint64_t code)
{
	struct probe_header *h = header();
	const struct probe_code *codes = section(&config.layout.codes);
	uint32_t *index = section(&config.layout.code_index);
	uint32_t mask = config.layout.code_index.count - 1;
	struct probe_code c = identity(code);
	uint32_t at = (uint32_t)mix(code >> 4) & mask;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		if (index[at] >= config.layout.codes.count)
			return PROBE_CODE_MERGED;
		if (is_same_code(&codes[index[at]], &c))
			return index[at];
	}
	if (h->codes_used >= config.layout.codes.count || n > mask) {
		count(&h->lost.text);
		return PROBE_CODE_MERGED;
	}
	return code_put(&index[at], &c);
}
