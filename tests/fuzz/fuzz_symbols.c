/* ELF files of the target, and the one that claims to be our probe. */
#include "fuzz.h"
#include "memspy/cleanup.h"
#include "memspy/image.h"
#include "memspy/symbols.h"

static void look_at(const struct symbols *s)
{
	static const char *const names[] = { "malloc", "free", "mmap", "memspy_probe_entry", "", NULL };
	struct got_slot *slots = NULL;
	struct symbol symbol;
	struct err e;
	uint64_t address, size;
	char some[64];
	size_t count;

	for (int i = 0; names[i]; i++)
		if (symbols_find(s, names[i], &symbol))
			symbols_bytes(s, symbol.value, some, sizeof(some));
	if (symbols_section(s, ".dynstr", &address, &size))
		symbols_bytes(s, address, some, size < sizeof(some) ? size : sizeof(some));
	symbols_is_position_independent(s);
	symbols_is_stripped(s);
	if (strlen(symbols_soname(s)) > 1 << 24)
		abort();
	if (!symbols_slots(s, names, &slots, &count, &e))
		for (size_t i = 0; i < count; i++)
			if (!slots[i].name)
				abort();
	free(slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	_cleanup_(closep) int fd = fuzz_file(bytes, length);
	unsigned char *relocated = NULL;
	struct symbols *s = NULL;
	struct image image;
	struct err e;

	if (!symbols_open(&s, fd, &e)) {
		look_at(s);
		symbols_free(s);
	}
	if (!image_read(&image, bytes, length, &e) && !image_relocated(&image, 0x7f0000000000, &relocated, &e))
		free(relocated);
	return 0;
}
