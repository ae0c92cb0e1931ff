/*
 * symbols_private: an ELF file, opened.
 *
 * Two ways lead in. The program headers and PT_DYNAMIC are what the loader goes by, so the dynamic symbols and
 * relocations come from there; the section headers add .symtab and sections by name, where they are left. Whatever
 * is read is read with pread into memory of our own: a file that shrinks gives a short read, never a SIGBUS.
 */
#pragma once

#include <gelf.h>

#include "memspy/symbols.h"

enum {
	ELF_MAX_SEGMENTS = 256,
	ELF_MAX_TABLE = 256 << 20, /* bytes of one table: a file of holes may claim any size */
};

/* A piece of the file, copied. */
struct table {
	char *bytes;
	size_t length;
};

struct dynamic {
	struct table symbols;  /* Elf64_Sym */
	struct table strings;  /* ends with NUL, if it is not empty */
	struct table versions; /* Elf64_Half for each symbol; may be empty */
	struct table calls;    /* Elf64_Rela: DT_JMPREL */
	struct table data;     /* Elf64_Rela: DT_RELA */
	size_t symbol_count;
	const char *soname; /* "" when there is none; in strings */
};

struct symbol_entry;

struct symbols {
	int fd; /* a descriptor of our own */
	uint64_t file_length;
	Elf *elf;
	GElf_Ehdr header;
	Elf64_Phdr segments[ELF_MAX_SEGMENTS];
	size_t segment_count;
	struct dynamic dynamic;
	struct symbol_index *index; /* made by the first symbols_find */
};

void table_done(struct table *t);
/* length bytes of the file at an address; false when they are not all there. length 0 gives an empty table. */
bool table_read(const struct symbols *s, uint64_t address, uint64_t length, struct table *ret);
/* A string in a table that ends with NUL; "" for a bad offset. */
const char *table_string(const struct table *t, uint64_t offset);
/* Cuts off a last string without its NUL. */
void table_end_with_nul(struct table *t);

/* What PT_DYNAMIC leads to. A file without one has empty tables, a damaged one as much as could be read. */
void dynamic_read(struct symbols *s);
void dynamic_done(struct dynamic *d);

struct symbol_index *symbol_index_new(const struct symbols *s); /* NULL: no memory */
void symbol_index_free(struct symbol_index *index);
bool symbol_index_find(const struct symbol_index *index, const char *name, struct symbol *ret);
