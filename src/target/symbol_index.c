#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "symbols_private.h"

enum { HIDDEN_VERSION = 0x8000 }; /* name@VERSION, not name@@VERSION */

/* How good a definition is; of two with one name the better one counts, of equals the first. */
enum rank { RANK_LOCAL, RANK_GLOBAL, RANK_OLD_VERSION, RANK_DYNAMIC };

struct symbol_entry {
	const char *name;
	enum rank rank;
	struct symbol symbol;
	UT_hash_handle hh;
};

struct symbol_index {
	struct symbol_entry *by_name; /* uthash: of those in entries */
	struct symbol_entry *entries;
	size_t count, room;
};

void symbol_index_free(struct symbol_index *index)
{
	if (!index)
		return;
	HASH_CLEAR(hh, index->by_name);
	free(index->entries);
	free(index);
}

static bool is_definition(const Elf64_Sym *y, const char *name)
{
	unsigned type = ELF64_ST_TYPE(y->st_info);

	return y->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE && *name;
}

static void add(struct symbol_index *index, const char *name, const Elf64_Sym *y, enum rank rank)
{
	unsigned type = ELF64_ST_TYPE(y->st_info);
	struct symbol_entry *entry;

	if (!is_definition(y, name))
		return;
	HASH_FIND_STR(index->by_name, name, entry);
	if (entry && entry->rank >= rank)
		return;
	if (!entry) {
		entry = &index->entries[index->count++];
		entry->name = name;
		HASH_ADD_KEYPTR(hh, index->by_name, entry->name, strlen(entry->name), entry);
	}
	entry->rank = rank;
	entry->symbol = (struct symbol){
		.value = y->st_value,
		.size = y->st_size,
		.is_function = type == STT_FUNC,
		.is_data = type == STT_OBJECT || type == STT_COMMON,
		.is_tls = type == STT_TLS,
		.is_dynamic = rank >= RANK_OLD_VERSION,
	};
}

static void add_dynamic(struct symbol_index *index, const struct dynamic *d)
{
	for (size_t i = 1; i < d->symbol_count; i++) {
		Elf64_Half version = 0;
		Elf64_Sym y;

		memcpy(&y, d->symbols.bytes + i * sizeof(y), sizeof(y));
		if (d->versions.length)
			memcpy(&version, d->versions.bytes + i * sizeof(version), sizeof(version));
		add(index, table_string(&d->strings, y.st_name), &y,
		    version & HIDDEN_VERSION ? RANK_OLD_VERSION : RANK_DYNAMIC);
	}
}

/* The section of a kind, or with a number; its bytes through libelf, which keeps them. */
static Elf_Data *section_data(Elf_Scn *section)
{
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || header.sh_size > ELF_MAX_TABLE)
		return NULL;
	return elf_rawdata(section, NULL);
}

static Elf_Scn *find_symtab(Elf *elf, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, ret) && ret->sh_type == SHT_SYMTAB)
			return section;
	return NULL;
}

static void add_symtab(struct symbol_index *index, const Elf_Data *symbols, const Elf_Data *strings)
{
	struct table names = { strings->d_buf, strings->d_size };

	table_end_with_nul(&names);
	for (size_t i = 1; i < symbols->d_size / sizeof(Elf64_Sym); i++) {
		Elf64_Sym y;

		memcpy(&y, (const char *)symbols->d_buf + i * sizeof(y), sizeof(y));
		add(index, table_string(&names, y.st_name), &y,
		    ELF64_ST_BIND(y.st_info) == STB_LOCAL ? RANK_LOCAL : RANK_GLOBAL);
	}
}

struct symbol_index *symbol_index_new(const struct symbols *s)
{
	struct symbol_index *index = calloc(1, sizeof(*index));
	Elf_Data *symbols = NULL, *strings = NULL;
	GElf_Shdr header;
	Elf_Scn *symtab;

	if (!index)
		return NULL;
	symtab = find_symtab(s->elf, &header);
	if (symtab) {
		symbols = section_data(symtab);
		strings = section_data(elf_getscn(s->elf, header.sh_link));
	}
	if (!symbols || !strings || !symbols->d_buf || !strings->d_buf)
		symbols = NULL;
	index->room = s->dynamic.symbol_count + (symbols ? symbols->d_size / sizeof(Elf64_Sym) : 0) + 1;
	index->entries = calloc(index->room, sizeof(*index->entries));
	if (!index->entries) {
		free(index);
		return NULL;
	}
	add_dynamic(index, &s->dynamic);
	if (symbols)
		add_symtab(index, symbols, strings);
	return index;
}

bool symbol_index_find(const struct symbol_index *index, const char *name, struct symbol *ret)
{
	struct symbol_entry *entry;

	HASH_FIND_STR(index->by_name, name, entry);
	if (entry)
		*ret = entry->symbol;
	return entry != NULL;
}
