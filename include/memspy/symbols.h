/*
 * symbols: what an ELF file says about itself (libelf).
 *
 * Everything in the file is a claim and is bounds-checked by libelf and by us; a damaged file gives a fault,
 * never a crash. Addresses are the file's own: add the object's bias.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/maps.h"

struct symbols;

struct symbol {
	uint64_t value;
	uint64_t size;
	bool is_function, is_data, is_tls; /* none: also an indirect function, whose value is its resolver */
	bool is_dynamic; /* found in .dynsym: part of the interface */
};

/* A slot the loader fills with the address of a function of another object. */
struct got_slot {
	uint64_t address;  /* in the file's addresses */
	const char *name;  /* lent by the symbols */
	bool in_relro;	   /* read-only after start-up */
	bool is_jump_slot; /* JUMP_SLOT, else GLOB_DAT or an absolute 64-bit relocation */
};

/* Does not keep fd, but one of its own until symbols_free: tables are read when asked for, by one thread at a time. */
int symbols_open(struct symbols **ret, int fd, struct err *e);
void symbols_free(struct symbols *s);

/* false when there is none. Dynamic symbols win over local ones of the same name; the default version wins. */
bool symbols_find(const struct symbols *s, const char *name, struct symbol *ret);
bool symbols_section(const struct symbols *s, const char *name, uint64_t *ret_address, uint64_t *ret_size);
bool symbols_is_position_independent(const struct symbols *s);
bool symbols_is_stripped(const struct symbols *s); /* no .symtab */
const char *symbols_soname(const struct symbols *s); /* "" when there is none */
/* Bytes of the file at one of its addresses (file-backed part only); false when not all are there. */
bool symbols_bytes(const struct symbols *s, uint64_t address, void *to, size_t length);
/* Slots of undefined functions by these names, NULL-terminated list. *ret is to be freed. */
int symbols_slots(const struct symbols *s, const char *const names[], struct got_slot **ret, size_t *ret_count, struct err *e);
