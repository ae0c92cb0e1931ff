#include <stdlib.h>
#include <string.h>

#include "symbols_private.h"

enum { MAX_TAGS = 4096 };

/* The entries of PT_DYNAMIC that we follow; 0: not there. */
struct tags {
	uint64_t symbols, strings, strings_length, versions, soname;
	uint64_t hash, gnu_hash;
	uint64_t calls, calls_length, calls_kind;
	uint64_t data, data_length;
};

void dynamic_done(struct dynamic *d)
{
	table_done(&d->symbols);
	table_done(&d->strings);
	table_done(&d->versions);
	table_done(&d->calls);
	table_done(&d->data);
}

static uint64_t *place(struct tags *t, int64_t tag)
{
	switch (tag) {
	case DT_SYMTAB:
		return &t->symbols;
	case DT_STRTAB:
		return &t->strings;
	case DT_STRSZ:
		return &t->strings_length;
	case DT_VERSYM:
		return &t->versions;
	case DT_SONAME:
		return &t->soname;
	case DT_HASH:
		return &t->hash;
	case DT_GNU_HASH:
		return &t->gnu_hash;
	case DT_JMPREL:
		return &t->calls;
	case DT_PLTRELSZ:
		return &t->calls_length;
	case DT_PLTREL:
		return &t->calls_kind;
	case DT_RELA:
		return &t->data;
	case DT_RELASZ:
		return &t->data_length;
	}
	return NULL;
}

static bool read_tags(const struct symbols *s, struct tags *ret)
{
	const Elf64_Phdr *segment = NULL;
	Elf64_Dyn entry;

	for (size_t i = 0; i < s->segment_count && !segment; i++)
		if (s->segments[i].p_type == PT_DYNAMIC)
			segment = &s->segments[i];
	if (!segment)
		return false;
	for (uint64_t i = 0; i < MAX_TAGS && i < segment->p_filesz / sizeof(entry); i++) {
		uint64_t *to;

		if (!symbols_bytes(s, segment->p_vaddr + i * sizeof(entry), &entry, sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			break;
		to = place(ret, entry.d_tag);
		if (to)
			*to = entry.d_un.d_val;
	}
	return true;
}

/* DT_HASH says how many symbols there are. */
static uint64_t count_by_hash(const struct symbols *s, uint64_t at)
{
	uint32_t head[2]; /* buckets, chains */

	return symbols_bytes(s, at, head, sizeof(head)) ? head[1] : 0;
}

/* DT_GNU_HASH does not: the last symbol is the end of the chain that begins last. */
static uint64_t count_by_gnu_hash(const struct symbols *s, uint64_t at)
{
	struct {
		uint32_t buckets, first, bloom_words, bloom_shift;
	} head;
	struct table buckets = { 0 };
	uint64_t last = 0, chains;
	uint32_t hash;

	if (!symbols_bytes(s, at, &head, sizeof(head)))
		return 0;
	at += sizeof(head) + (uint64_t)head.bloom_words * sizeof(uint64_t);
	if (!table_read(s, at, (uint64_t)head.buckets * sizeof(uint32_t), &buckets))
		return 0;
	for (size_t i = 0; i < buckets.length / sizeof(uint32_t); i++) {
		uint32_t first;

		memcpy(&first, buckets.bytes + i * sizeof(first), sizeof(first));
		if (first > last)
			last = first;
	}
	chains = at + buckets.length;
	table_done(&buckets);
	if (last < head.first)
		return head.first; /* nothing is defined here: all symbols are imports, and first is behind them */
	/* A chain ends with a set lowest bit; a table can have no more entries than the file has bytes. */
	for (; last < s->file_length; last++) {
		if (!symbols_bytes(s, chains + (last - head.first) * sizeof(hash), &hash, sizeof(hash)))
			return 0;
		if (hash & 1)
			return last + 1;
	}
	return 0;
}

/* Linkers put the strings right behind the symbols: a last resort. */
static uint64_t count_by_neighbour(const struct tags *t)
{
	return t->strings > t->symbols ? (t->strings - t->symbols) / sizeof(Elf64_Sym) : 0;
}

static void read_symbols(struct symbols *s, const struct tags *t)
{
	struct dynamic *d = &s->dynamic;
	uint64_t count = t->hash ? count_by_hash(s, t->hash) : 0;

	if (count == 0 && t->gnu_hash)
		count = count_by_gnu_hash(s, t->gnu_hash);
	if (count == 0)
		count = count_by_neighbour(t);
	if (!t->symbols || !t->strings || count > ELF_MAX_TABLE / sizeof(Elf64_Sym) ||
	    !table_read(s, t->symbols, count * sizeof(Elf64_Sym), &d->symbols) ||
	    !table_read(s, t->strings, t->strings_length, &d->strings))
		return;
	table_end_with_nul(&d->strings);
	d->symbol_count = count;
	if (t->versions)
		table_read(s, t->versions, count * sizeof(Elf64_Half), &d->versions);
	if (t->soname)
		d->soname = table_string(&d->strings, t->soname);
}

void dynamic_read(struct symbols *s)
{
	struct tags t = { 0 };

	s->dynamic.soname = "";
	if (!read_tags(s, &t))
		return;
	read_symbols(s, &t);
	table_read(s, t.data, t.data_length, &s->dynamic.data);
	/* Some linkers count the calls as part of the data. */
	if (t.calls_kind == DT_RELA && !(t.calls >= t.data && t.calls - t.data < t.data_length))
		table_read(s, t.calls, t.calls_length, &s->dynamic.calls);
}
