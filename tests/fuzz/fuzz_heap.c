/* The shared table: each input is a list of places and what to write there, over a table that was in order. */
#include "../../src/heap/heap_private.h"
#include "fuzz.h"
#include "hostile.h"

enum { TABLE = 1 << 20, SOME = 8 };

static void *part(char *table, const struct probe_section *s)
{
	return table + s->offset;
}

static void put_text(char *text, uint32_t at, const char *what, uint32_t width)
{
	struct probe_text *t = (struct probe_text *)(text + at * 8);

	*t = (struct probe_text){ .bytes = (uint32_t)strlen(what), .width = width };
	memcpy(t + 1, what, strlen(what));
}

/* A few sites, nodes, codes and texts, so that a small change is a small lie. */
static void put_in_order(char *table, const struct probe_layout *l)
{
	struct probe_header *t = (struct probe_header *)table;
	struct probe_site *sites = part(table, &l->sites);
	struct probe_node *nodes = part(table, &l->nodes);
	struct probe_code *codes = part(table, &l->codes);
	char *text = part(table, &l->text);

	put_text(text, 1, "function", 1);
	put_text(text, 9, "f.py", 0);
	put_text(text, 17, "\x88\x01\xd8\x08\x09\x80\x41\xd8\x07\x08", 0);
	for (uint32_t i = 1; i < SOME; i++) {
		sites[i] = (struct probe_site){ .node = PROBE_NODE_FIRST + i - 1, .thread = i, .domain = i & 3 };
		sites[i].alloc = sites[i].live = (struct probe_tally){ 1, 1 << 19, 4096, 1 << 30, 0 };
		nodes[PROBE_NODE_FIRST + i] =
			(struct probe_node){ .parent = PROBE_NODE_FIRST + i - 1, .code = i, .position = 2 * i };
		codes[i] = (struct probe_code){
			.address = i, .first_line = 1, .filename_text = 9, .name_text = 1, .line_table_text = 17,
		};
	}
	t->magic = PROBE_MAGIC;
	t->sites_used = t->codes_used = SOME;
	t->nodes_used = PROBE_NODE_FIRST + SOME;
	t->text_used = 25;
}

/* 1: which part, 3: where in it, 1: how many bytes; then those. */
static void scribble(char *table, const struct probe_layout *l, const uint8_t *bytes, size_t length)
{
	const struct probe_section *const parts[] = { &l->sites, &l->nodes, &l->codes, &l->text };

	while (length) {
		uint64_t which = fuzz_take(&bytes, &length, 1), at = fuzz_take(&bytes, &length, 3);
		uint64_t n = fuzz_take(&bytes, &length, 1);
		uint64_t from = which % 5 == 4 ? 0 : parts[which % 5]->offset;

		n = n < length ? n : length;
		at = (from + at % 4096) % (TABLE - 256);
		memcpy(table + at, bytes, n);
		bytes += n;
		length -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static char *table;
	struct hostile h;
	struct err e;

	if (!table)
		table = mmap(NULL, TABLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(table, TABLE, MADV_DONTNEED);
	if (table == MAP_FAILED || hostile_init(&h, table, TABLE, length ? bytes[0] % 4 : 0, &e))
		abort();
	put_in_order(table, &h.heap->layout);
	for (int tick = 0; tick < 2; tick++) {
		hostile_look(&h);
		scribble(table, &h.heap->layout, bytes, length);
	}
	hostile_look(&h);
	hostile_done(&h);
	return 0;
}
