/*
 * code: what the lines are called (under the table's lock).
 *
 * Code objects die and their addresses are used again, so what memspy will want to know is copied when a code
 * object is first seen: file name, qualified name, first line, line table. These never change while the object lives.
 * When it dies, what it pointed to dies with it, and the next code object may well get the same addresses for all of it;
 * so the pointers do not tell one from the other, and what they point to does.
 */
#include "probe.h"

enum {
	MAX_CHARACTERS = 4096,
	MAX_LINE_TABLE = 256 * 1024,
	HASH_UNKNOWN = 0xffffffffu,
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

struct text {
	const unsigned char *bytes;
	uint64_t length;
	uint32_t width;
};

/* Where a str has its characters. false: nowhere that we know. */
static bool characters(uint64_t object, struct text *ret)
{
	const struct probe_string *s = &config.python.string;
	uint64_t length, data = object + s->ascii_data;
	uint32_t state, width = 0;

	if (!plausible(object))
		return false;
	length = *(const uint64_t *)(object + s->length);
	if (length > MAX_CHARACTERS)
		length = MAX_CHARACTERS;
	if (s->state != PROBE_OWNER_NONE) {
		state = *(const uint32_t *)(object + s->state);
		width = state >> s->kind_shift & s->kind_mask;
		if (width != 1 && width != 2 && width != 4)
			return false;
		if (s->ready_mask && !(state & s->ready_mask))
			return false;
		if (!(state & s->compact_mask))
			data = s->legacy_data ? *(const uint64_t *)(object + s->legacy_data) : 0;
		else if (!(state & s->ascii_mask))
			data = object + s->compact_data;
		if (data < 0x10000)
			return false;
	}
	*ret = (struct text){ (const unsigned char *)data, length * (width ? width : 1), width };
	return true;
}

static uint32_t text_of_string(uint64_t object)
{
	struct text t;

	return characters(object, &t) ? text_put(t.bytes, t.length, t.width) : 0;
}

static uint64_t eight(const unsigned char *p)
{
	uint64_t n;

	__builtin_memcpy(&n, p, sizeof(n));
	return n;
}

/* Eight bytes a step; the last step overlaps. */
static inline __attribute__((always_inline)) bool equal(const unsigned char *a, const unsigned char *b, uint64_t n)
{
	if (n < 8)
		return same(a, b, n);
	for (uint64_t i = 0; i + 8 < n; i += 8)
		if (eight(a + i) != eight(b + i))
			return false;
	return eight(a + n - 8) == eight(b + n - 8);
}

/* What was noted at first sight; NULL: nothing was, for want of room. */
static const struct probe_text *noted(uint32_t text)
{
	const struct probe_text *t = (const struct probe_text *)((char *)section(&config.layout.text) + (uint64_t)text * 8);
	uint64_t room = config.layout.text.count - (uint64_t)text * 8;

	if (!text || text >= config.layout.text.count / 8 || room < sizeof(*t) || t->bytes > room - sizeof(*t))
		return NULL;
	return t;
}

static bool is_noted(uint64_t object, uint32_t text)
{
	const struct probe_text *have = noted(text);
	struct text now;

	return !have || (characters(object, &now) && have->bytes == now.length && have->width == now.width &&
			 equal(now.bytes, (const unsigned char *)(have + 1), now.length));
}

/* A str and the bytes of 2.7 have their hash behind their length; -1: nobody asked for it yet. */
static uint32_t hash_of(uint64_t string)
{
	return plausible(string) ? *(const uint32_t *)(string + config.python.string.length + 8) : HASH_UNKNOWN;
}

/* Bytes end with a NUL, and there are eight in front of them. */
static uint32_t end_of_bytes(uint64_t bytes, uint32_t size)
{
	return (uint32_t)(eight((const unsigned char *)bytes + config.python.bytes_data + size - 8) >> 32);
}

/*
 * What tells one code object from the next at the same address. The pointers do not, for all may be reused with it; so
 * there are the hashes of what they lead to and the end of the line table.
 */
static COLD struct probe_code identity(uint64_t code)
{
	const struct probe_python *py = &config.python;
	struct probe_code c = {
		.address = code,
		.filename = *(const uint64_t *)(code + py->code_filename),
		.name = *(const uint64_t *)(code + py->code_name),
		.line_table = *(const uint64_t *)(code + py->code_line_table),
		.first_line = *(const uint32_t *)(code + py->code_first_line),
	};

	c.filename_hash = hash_of(c.filename);
	c.name_hash = hash_of(c.name);
	if (plausible(c.line_table)) {
		c.line_table_size = *(const uint32_t *)(c.line_table + py->bytes_length);
		c.line_table_end = end_of_bytes(c.line_table, c.line_table_size);
	}
	return c;
}

/* The same, compared with what was noted. Every code object of every sample comes here, so it is brief. */
static bool is_identity(const struct probe_code *then, uint64_t code)
{
	const struct probe_python *py = &config.python;
	uint64_t filename = *(const uint64_t *)(code + py->code_filename);
	uint64_t name = *(const uint64_t *)(code + py->code_name);
	uint64_t lines = *(const uint64_t *)(code + py->code_line_table);
	uint32_t size;

	if (then->address != code || then->filename != filename || then->name != name || then->line_table != lines ||
	    then->first_line != *(const uint32_t *)(code + py->code_first_line) ||
	    then->filename_hash != hash_of(filename) || then->name_hash != hash_of(name))
		return false;
	if (!plausible(lines))
		return true;
	size = *(const uint32_t *)(lines + py->bytes_length);
	return then->line_table_size == size && then->line_table_end == end_of_bytes(lines, size);
}

/*
 * Without a hash (file names have none as a rule) the text is compared with what was noted. The frames of one stack keep
 * their strings alive, and most have their file name in common with the one before.
 */
uint64_t code_checked_filename;
static uint32_t checked_text;

/* Of a code object whose identity is that which was noted. */
static bool says_the_same(const struct probe_code *then)
{
	if (then->filename_hash == HASH_UNKNOWN &&
	    (then->filename != code_checked_filename || then->filename_text != checked_text)) {
		if (!is_noted(then->filename, then->filename_text))
			return false;
		code_checked_filename = then->filename;
		checked_text = then->filename_text;
	}
	return then->name_hash != HASH_UNKNOWN || is_noted(then->name, then->name_text);
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
	struct probe_code c;
	uint32_t at = (uint32_t)mix(code >> 4) & mask;
	uint32_t n;

	for (n = 0; n <= mask && index[at]; n++, at = (at + 1) & mask) {
		if (index[at] >= config.layout.codes.count)
			return PROBE_CODE_MERGED;
		if (is_identity(&codes[index[at]], code) && says_the_same(&codes[index[at]]))
			return index[at];
	}
	if (h->codes_used >= config.layout.codes.count || n > mask) {
		count(&h->lost.text);
		return PROBE_CODE_MERGED;
	}
	c = identity(code);
	return code_put(&index[at], &c);
}
