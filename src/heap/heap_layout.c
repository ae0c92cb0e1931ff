/*
 * heap_layout: how a table is divided.
 *
 * Untouched pages cost nothing, so the parts are generous: at 16 MiB, 64 Ki live samples (32 GiB of small blocks at
 * 512 KiB each), 16 Ki sites, 64 Ki stack nodes, 16 Ki code objects, 4 MiB of names.
 */
#include <errno.h>

#include "heap_private.h"

enum { UNIT = 1 << 20 }; /* everything scales with the largest power of two of MiB below the table's size */

static uint64_t place(struct probe_section *s, uint64_t at, uint32_t count, uint64_t each)
{
	*s = (struct probe_section){ .offset = at, .count = count };
	return (at + count * each + 4095) & ~(uint64_t)4095;
}

int heap_layout(struct probe_layout *ret, uint64_t table_bytes, struct err *e)
{
	uint32_t k = 1;
	uint64_t at = 4096;

	if (table_bytes < UNIT || table_bytes > (1ull << 32))
		return err_set(e, EINVAL, "a table is between 1 MiB and 4 GiB");
	while ((uint64_t)k * 2 * UNIT <= table_bytes)
		k *= 2;
	at = place(&ret->live, at, k * 4096, sizeof(struct probe_live));	/* 128 KiB of each MiB */
	at = place(&ret->sites, at, k * 1024, sizeof(struct probe_site));	/* 256 */
	at = place(&ret->site_index, at, k * 2048, sizeof(uint32_t));		/* 8 */
	at = place(&ret->nodes, at, k * 4096, sizeof(struct probe_node));	/* 64 */
	at = place(&ret->node_index, at, k * 8192, sizeof(uint32_t));		/* 32 */
	at = place(&ret->codes, at, k * 1024, sizeof(struct probe_code));	/* 64 */
	at = place(&ret->code_index, at, k * 2048, sizeof(uint32_t));		/* 8 */
	at = place(&ret->text_index, at, k * 4096, sizeof(uint32_t));		/* 16 */
	at = place(&ret->text, at, k * 256 * 1024, 1);				/* 256 */
	return at <= table_bytes ? 0 : err_set(e, EINVAL, "the table's parts do not fit in it");
}
