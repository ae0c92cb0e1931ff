#include "memspy/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "symbols_private.h"

#if defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#else
enum { OUR_MACHINE = EM_X86_64 };
#endif

static void symbols_freep(struct symbols **s)
{
	symbols_free(*s);
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	symbol_index_free(s->index);
	dynamic_done(&s->dynamic);
	if (s->elf)
		elf_end(s->elf);
	closep(&s->fd);
	free(s);
}

/* ---- opening ---- */

static int read_headers(struct symbols *s, struct err *e)
{
	size_t count;
	int class;

	if (elf_kind(s->elf) != ELF_K_ELF || !gelf_getehdr(s->elf, &s->header))
		return err_set(e, ENOEXEC, "not an ELF file");
	class = gelf_getclass(s->elf);
	if (class != ELFCLASS64)
		return err_set(e, ENOEXEC, "a 32-bit ELF file: memspy reads 64-bit ones");
	if (s->header.e_machine != OUR_MACHINE || s->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return err_set(e, ENOEXEC, "an ELF file for another kind of processor (%u)", s->header.e_machine);
	if (s->header.e_type != ET_DYN && s->header.e_type != ET_EXEC)
		return err_set(e, ENOEXEC, "neither an executable nor a shared object");
	if (elf_getphdrnum(s->elf, &count) < 0)
		return err_set(e, ENOEXEC, "damaged program headers: %s", elf_errmsg(-1));
	if (count > ELF_MAX_SEGMENTS)
		return err_set(e, ENOEXEC, "%zu program headers: that is no loadable object", count);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(s->elf, (int)i, &p))
			return err_set(e, ENOEXEC, "damaged program headers: %s", elf_errmsg(-1));
		s->segments[s->segment_count++] = p;
	}
	return 0;
}

int symbols_open(struct symbols **ret, int fd, struct err *e)
{
	_cleanup_(symbols_freep) struct symbols *s = calloc(1, sizeof(*s));
	struct stat st;
	int r;

	if (!s)
		return err_set(e, ENOMEM, "no memory for an ELF file");
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return err_sys(e, errno, "cannot look at an ELF file");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ENOEXEC, "not an ordinary file");
	s->file_length = (uint64_t)st.st_size;
	elf_version(EV_CURRENT);
	s->elf = elf_begin(s->fd, ELF_C_READ, NULL); /* not mapped */
	if (!s->elf)
		return err_set(e, ENOEXEC, "not an ELF file: %s", elf_errmsg(-1));
	r = read_headers(s, e);
	if (r < 0)
		return r;
	dynamic_read(s);
	*ret = TAKE(s);
	return 0;
}

/* ---- questions ---- */

bool symbols_find(const struct symbols *s, const char *name, struct symbol *ret)
{
	/* The index is a way to the same answer, so making it changes nothing that anybody can see. */
	if (!s->index)
		((struct symbols *)s)->index = symbol_index_new(s);
	return s->index && symbol_index_find(s->index, name, ret);
}

bool symbols_section(const struct symbols *s, const char *name, uint64_t *ret_address, uint64_t *ret_size)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(s->elf, &names) < 0)
		return false;
	while ((section = elf_nextscn(s->elf, section))) {
		GElf_Shdr header;
		const char *its_name;

		if (!gelf_getshdr(section, &header))
			continue;
		its_name = elf_strptr(s->elf, names, header.sh_name);
		if (!its_name || strcmp(its_name, name) != 0)
			continue;
		*ret_address = header.sh_addr;
		*ret_size = header.sh_size;
		return true;
	}
	return false;
}

bool symbols_is_position_independent(const struct symbols *s)
{
	return s->header.e_type == ET_DYN;
}

bool symbols_is_stripped(const struct symbols *s)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(s->elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			return false;
	return true;
}

const char *symbols_soname(const struct symbols *s)
{
	return s->dynamic.soname;
}
