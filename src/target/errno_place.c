/*
 * errno_place: where a thread keeps errno.
 *
 * A function called in a thread's name may change it. libc's __errno_location is three instructions: load the offset
 * from a GOT word, add the thread pointer, return. They are read, not run.
 */
#include <string.h>

#include "inject_private.h"
#include "memspy/cleanup.h"
#include "memspy/symbols.h"

int errno_offset(const struct entering *in, const struct object *libc, const struct symbols *symbols, int64_t *ret)
{
	/* [endbr64] mov rel32(%rip), %rax; add %fs:0, %rax; ret */
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const unsigned char add[] = { 0x64, 0x48, 0x03, 0x04, 0x25, 0, 0, 0, 0, 0xc3 };
	unsigned char code[24];
	struct symbol found;
	struct err ignored;
	int32_t relative;
	size_t at = 0;

	if (!symbols_find(symbols, "__errno_location", &found) ||
	    remote_read(in->remote, libc->bias + found.value, code, sizeof(code), &ignored))
		return READ_TORN;
	if (!memcmp(code, endbr, sizeof(endbr)))
		at = sizeof(endbr);
	if (code[at] != 0x48 || code[at + 1] != 0x8b || code[at + 2] != 0x05 || memcmp(code + at + 7, add, sizeof(add)))
		return READ_TORN;
	memcpy(&relative, code + at + 3, sizeof(relative));
	return remote_read_u64(in->remote, libc->bias + found.value + at + 7 + (uint64_t)(int64_t)relative, (uint64_t *)ret,
			       &ignored);
}
