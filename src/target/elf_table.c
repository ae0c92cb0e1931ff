/*
 * elf_table: pieces of an ELF file by their address: what it says of lengths and places is a claim.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols_private.h"

void table_done(struct table *t)
{
	free(t->bytes);
	*t = (struct table){ 0 };
}

/* Where an address lies in the file, and that length bytes of its segment follow there. */
static bool file_offset(const struct symbols *s, uint64_t address, uint64_t length, uint64_t *ret)
{
	for (size_t i = 0; i < s->segment_count; i++) {
		const Elf64_Phdr *p = &s->segments[i];
		uint64_t into = address - p->p_vaddr;

		if (p->p_type != PT_LOAD || address < p->p_vaddr || into > p->p_filesz || length > p->p_filesz - into)
			continue;
		if (p->p_offset > s->file_length || into > s->file_length - p->p_offset)
			return false;
		*ret = p->p_offset + into;
		return length <= s->file_length - *ret;
	}
	return false;
}

bool symbols_bytes(const struct symbols *s, uint64_t address, void *to, size_t length)
{
	uint64_t offset;
	char *next = to;

	if (!file_offset(s, address, length, &offset))
		return false;
	while (length) {
		ssize_t n = pread(s->fd, next, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		next += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return true;
}

bool table_read(const struct symbols *s, uint64_t address, uint64_t length, struct table *ret)
{
	struct table t = { .length = length };
	uint64_t offset;

	if (length == 0)
		return true;
	if (length > ELF_MAX_TABLE || !file_offset(s, address, length, &offset))
		return false;
	t.bytes = malloc(length);
	if (!t.bytes || !symbols_bytes(s, address, t.bytes, length)) {
		free(t.bytes);
		return false;
	}
	*ret = t;
	return true;
}

const char *table_string(const struct table *t, uint64_t offset)
{
	return offset < t->length ? t->bytes + offset : "";
}

void table_end_with_nul(struct table *t)
{
	while (t->length && t->bytes[t->length - 1] != '\0')
		t->length--;
}
