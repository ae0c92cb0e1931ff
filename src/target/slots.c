#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "symbols_private.h"

#if defined(__aarch64__)
enum { RELOCATION_CALL = R_AARCH64_JUMP_SLOT, RELOCATION_GOT = R_AARCH64_GLOB_DAT, RELOCATION_WORD = R_AARCH64_ABS64 };
#else
enum { RELOCATION_CALL = R_X86_64_JUMP_SLOT, RELOCATION_GOT = R_X86_64_GLOB_DAT, RELOCATION_WORD = R_X86_64_64 };
#endif

struct slots {
	struct got_slot *slots;
	size_t count, room;
};

static bool is_slot(const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);

	return rela->r_addend == 0 && rela->r_offset % sizeof(uint64_t) == 0 &&
	       (type == RELOCATION_CALL || type == RELOCATION_GOT || type == RELOCATION_WORD);
}

/* NULL: none of the functions asked for. Undefined functions have no type in objects of some linkers. */
static const char *wanted(const struct dynamic *d, const Elf64_Rela *rela, const char *const names[])
{
	uint64_t i = ELF64_R_SYM(rela->r_info);
	const char *name;
	unsigned type;
	Elf64_Sym y;

	if (i == 0 || i >= d->symbol_count)
		return NULL;
	memcpy(&y, d->symbols.bytes + i * sizeof(y), sizeof(y));
	type = ELF64_ST_TYPE(y.st_info);
	if (type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC)
		return NULL;
	name = table_string(&d->strings, y.st_name);
	for (size_t k = 0; names[k]; k++)
		if (strcmp(names[k], name) == 0)
			return name;
	return NULL;
}

static bool is_writable(const struct symbols *s, uint64_t address)
{
	for (size_t i = 0; i < s->segment_count; i++) {
		const Elf64_Phdr *p = &s->segments[i];

		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) && address >= p->p_vaddr &&
		    p->p_memsz >= sizeof(uint64_t) && address - p->p_vaddr <= p->p_memsz - sizeof(uint64_t))
			return true;
	}
	return false;
}

/* The loader protects whole pages: those that begin and end within the range. */
static bool is_relro(const struct symbols *s, uint64_t address)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < s->segment_count; i++) {
		const Elf64_Phdr *p = &s->segments[i];

		if (p->p_type == PT_GNU_RELRO && address >= p->p_vaddr / page * page &&
		    address < (p->p_vaddr + p->p_memsz) / page * page)
			return true;
	}
	return false;
}

static int append(struct slots *to, const struct got_slot *slot, struct err *e)
{
	if (to->count == to->room) {
		struct got_slot *grown;

		to->room = to->room ? 2 * to->room : 32;
		grown = reallocarray(to->slots, to->room, sizeof(*grown));
		if (!grown)
			return err_set(e, ENOMEM, "no memory for %zu slots", to->room);
		to->slots = grown;
	}
	to->slots[to->count++] = *slot;
	return 0;
}

static int collect(const struct symbols *s, const struct table *relocations, const char *const names[],
		   struct slots *to, struct err *e)
{
	for (size_t i = 0; i < relocations->length / sizeof(Elf64_Rela); i++) {
		struct got_slot slot;
		Elf64_Rela rela;
		int r;

		memcpy(&rela, relocations->bytes + i * sizeof(rela), sizeof(rela));
		if (!is_slot(&rela) || !is_writable(s, rela.r_offset))
			continue;
		slot.name = wanted(&s->dynamic, &rela, names);
		if (!slot.name)
			continue;
		slot.address = rela.r_offset;
		slot.in_relro = is_relro(s, rela.r_offset);
		slot.is_jump_slot = ELF64_R_TYPE(rela.r_info) == RELOCATION_CALL;
		r = append(to, &slot, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int symbols_slots(const struct symbols *s, const char *const names[], struct got_slot **ret, size_t *ret_count,
		  struct err *e)
{
	struct slots found = { 0 };
	int r;

	r = collect(s, &s->dynamic.calls, names, &found, e);
	if (r == 0)
		r = collect(s, &s->dynamic.data, names, &found, e);
	if (r < 0) {
		free(found.slots);
		return r;
	}
	*ret = found.slots;
	*ret_count = found.count;
	return 0;
}
