#include "memspy/image.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"

extern const unsigned char probe_image[];
extern const size_t probe_image_bytes;

enum { PAGE = 4096, SPAN_MAX = 16 << 20 };

#if defined(__x86_64__)
enum { RELATIVE = R_X86_64_RELATIVE };
#else
enum { RELATIVE = R_AARCH64_RELATIVE };
#endif

static size_t page_up(size_t n)
{
	return (n + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static const Elf64_Phdr *segments(const struct image *image, size_t *ret_count)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)image->file;

	if (image->file_bytes < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_type != ET_DYN ||
	    h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff % 8 || h->e_phoff > image->file_bytes ||
	    h->e_phnum > (image->file_bytes - h->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	*ret_count = h->e_phnum;
	return (const Elf64_Phdr *)(image->file + h->e_phoff);
}

/* The loaded image, not yet relocated. */
static int loaded(const struct image *image, unsigned char *to)
{
	size_t count;
	const Elf64_Phdr *p = segments(image, &count);

	for (size_t i = 0; p && i < count; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_filesz > image->file_bytes || p[i].p_offset > image->file_bytes - p[i].p_filesz ||
		    p[i].p_filesz > p[i].p_memsz || p[i].p_memsz > image->span || p[i].p_vaddr > image->span - p[i].p_memsz)
			return -EINVAL;
		memcpy(to + p[i].p_vaddr, image->file + p[i].p_offset, p[i].p_filesz);
	}
	return p ? 0 : -EINVAL;
}

/* Where the code ends and how long it all is. */
static bool measure(struct image *image)
{
	size_t count;
	const Elf64_Phdr *p = segments(image, &count);
	size_t code = 0, end = 0;

	for (size_t i = 0; p && i < count; i++) {
		size_t last;

		if (p[i].p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(p[i].p_vaddr, p[i].p_memsz, &last) || last > SPAN_MAX)
			return false;
		if (p[i].p_flags & PF_X) {
			code = page_up(last);
			image->code_used = last;
		}
		if (last > end) {
			end = last;
			image->data_used = p[i].p_vaddr + p[i].p_filesz;
		}
	}
	image->code_bytes = code;
	image->span = page_up(end);
	return code && code < image->span;
}

static const Elf64_Dyn *dynamic(const struct image *image, const unsigned char *at, size_t *ret_count)
{
	size_t count;
	const Elf64_Phdr *p = segments(image, &count);

	for (size_t i = 0; p && i < count; i++)
		if (p[i].p_type == PT_DYNAMIC && p[i].p_vaddr % 8 == 0 && p[i].p_vaddr <= image->span &&
		    p[i].p_memsz <= image->span - p[i].p_vaddr) {
			*ret_count = p[i].p_memsz / sizeof(Elf64_Dyn);
			return (const Elf64_Dyn *)(at + p[i].p_vaddr);
		}
	return NULL;
}

static uint64_t tag(const Elf64_Dyn *d, size_t count, int64_t which)
{
	for (size_t i = 0; i < count && d[i].d_tag != DT_NULL; i++)
		if (d[i].d_tag == which)
			return d[i].d_un.d_val;
	return 0;
}

static int relocate(const struct image *image, unsigned char *at, raddr base, struct err *e)
{
	size_t count;
	const Elf64_Dyn *d = dynamic(image, at, &count);
	const Elf64_Rela *rela;
	size_t first, relas;

	if (!d)
		return err_set(e, EINVAL, "the probe has no dynamic section");
	first = tag(d, count, DT_RELA);
	relas = tag(d, count, DT_RELASZ) / sizeof(*rela);
	if (first % 8 || first > image->span || relas > (image->span - first) / sizeof(*rela))
		return err_set(e, EINVAL, "the probe's relocations lie outside of it");
	rela = (const Elf64_Rela *)(at + first);
	for (size_t i = 0; i < relas; i++) {
		uint64_t value = base + (uint64_t)rela[i].r_addend;

		if (ELF64_R_TYPE(rela[i].r_info) != RELATIVE || rela[i].r_offset > image->span - 8)
			return err_set(e, EINVAL, "the probe has a relocation that only a loader can do");
		memcpy(at + rela[i].r_offset, &value, sizeof(value));
	}
	return 0;
}

/* The one visible symbol is found by its magic in the data: no symbol table is needed. */
static int find_entry(struct image *image, struct err *e)
{
	_cleanup_(freep) unsigned char *at = NULL;
	int r = image_relocated(image, 0, &at, e);

	if (r)
		return r;
	for (size_t i = image->code_bytes; i + sizeof(image->entry) <= image->span; i += 8) {
		memcpy(&image->entry, at + i, sizeof(image->entry));
		if (image->entry.magic == PROBE_MAGIC && image->entry.abi == PROBE_ABI &&
		    image->entry.hook_count == HOOK_COUNT && image->entry.config_bytes == sizeof(struct probe_config) &&
		    image->entry.private_bytes == sizeof(struct probe_private))
			return 0;
	}
	return err_set(e, EINVAL, "the probe inside this memspy is not the one it was built for");
}

int image_read(struct image *ret, const unsigned char *file, size_t bytes, struct err *e)
{
	struct image image = { .file = file, .file_bytes = bytes };
	int r;

	if (!measure(&image))
		return err_set(e, EINVAL, "the probe is not an ELF object of two segments");
	r = find_entry(&image, e);
	if (r)
		return r;
	*ret = image;
	return 0;
}

int image_own(struct image *ret, struct err *e)
{
	return image_read(ret, probe_image, probe_image_bytes, e);
}

int image_relocated(const struct image *image, raddr base, unsigned char **ret, struct err *e)
{
	_cleanup_(freep) unsigned char *at = calloc(1, image->span);
	int r;

	if (!at)
		return err_set(e, ENOMEM, "out of memory");
	if (loaded(image, at))
		return err_set(e, EINVAL, "the probe's segments lie outside of it");
	r = relocate(image, at, base, e);
	if (r)
		return r;
	*ret = TAKE(at);
	return 0;
}
