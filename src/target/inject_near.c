/*
 * inject_near: which functions of the probe the target is led to, and the page beside the interpreter with some of them.
 *
 * Processors guess jumps across 4 GiB late (docs/decisions/0017). An interpreter that is a program of its own lies that far
 * from libc, and so from the probe: then a page near it takes the code that nearly every allocation goes through. It is
 * written once, from outside, before a table leads there, and never changed: a thread may be in it from then on.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "inject_private.h"
#include "memspy/cleanup.h"

static bool is_far(raddr a, raddr b)
{
	return (a ^ b) >> 32 != 0;
}

raddr near_place(const struct entering *in)
{
	raddr at;

	if (!in->beside || !is_far(in->beside, in->gadgets.syscall_ret))
		return 0;
	at = maps_gap(in->maps, PROBE_NEAR_BYTES, in->beside);
	return is_far(at, in->beside) ? 0 : at;
}

int near_map(const struct entering *in, struct tracee *t, raddr config, raddr *at, struct err *e)
{
	const raddr note = config + offsetof(struct probe_config, near);
	int64_t got, ignored;
	int r;

	if (!*at)
		return 0;
	r = remote_write_u64(in->remote, note, *at, e);
	if (!r)
		r = tracee_syscall(t, SYS_mmap,
				   (uint64_t[6]){ *at, PROBE_NEAR_BYTES, PROT_READ | PROT_EXEC,
						  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0 },
				   &got, e);
	if (r || (raddr)got == *at)
		return r;
	*at = 0;
	if (got > 0) /* before Linux 4.17 it is anywhere */
		r = tracee_syscall(t, SYS_munmap, (uint64_t[6]){ (raddr)got, PROBE_NEAR_BYTES }, &ignored, e);
	return r ? r : remote_write_u64(in->remote, note, 0, e);
}

/* The kernel may have joined it with a neighbour, and the target may have given it a name. */
raddr near_found(const struct entering *in, raddr config)
{
	const struct map *map;
	struct err ignored;
	uint64_t at;

	if (remote_read_u64(in->remote, config + offsetof(struct probe_config, near), &at, &ignored) || !at || at % 4096)
		return 0;
	map = maps_find(in->maps, at);
	return map && map->end - at >= PROBE_NEAR_BYTES && map->executable && !map->shared && map->path[0] != '/' ? at : 0;
}

/* Is the section as near.c means it, whatever a compiler made of its order? */
static bool is_whole(const struct probe_entry *entry)
{
	const uint64_t first = entry->near + sizeof(struct probe_near);

	for (unsigned k = 0; k < PROBE_TABLE_HOOKS; k++)
		if (entry->near_hooks[k] && (entry->near_hooks[k] < first || entry->near_hooks[k] >= entry->near_end))
			return false;
	return entry->near_end > first && entry->near_end - entry->near <= PROBE_NEAR_BYTES;
}

/* The page as it is to be. What no hook there leads to stays 0: it may be another one's each time. */
static int near_bytes(const struct injected *i, const struct probe_config *config, unsigned char **ret, size_t *ret_bytes)
{
	const struct probe_entry *entry = &i->image.entry;
	_cleanup_(freep) unsigned char *image = NULL, *page = NULL;
	const raddr pages = i->base + entry->private_pages;
	struct probe_near words = {
		.left = pages + offsetof(struct probe_private, left),
		.python_realloc = pages + offsetof(struct probe_private, python_realloc),
		.small_limit = config->small_limit,
	};
	struct err ignored;

	*ret_bytes = entry->near_end - entry->near;
	page = malloc(PROBE_NEAR_BYTES);
	if (!page || !is_whole(entry) || image_relocated(&i->image, i->base, &image, &ignored))
		return READ_TORN;
	for (unsigned k = 0; k < PROBE_TABLE_HOOKS; k++) {
		if (!entry->near_hooks[k])
			continue;
		words.original[k] = config->original[HOOK_MEM_MALLOC + k];
		words.hooks[k] = i->base + entry->hooks[HOOK_MEM_MALLOC + k];
		if (!words.original[k])
			return READ_TORN;
	}
	memcpy(page, image + entry->near, *ret_bytes);
	memcpy(page, &words, sizeof(words));
	*ret = TAKE(page);
	return 0;
}

void injected_near(struct injected *i, struct remote *remote, const struct probe_config *config)
{
	_cleanup_(freep) unsigned char *want = NULL;
	unsigned char have[PROBE_NEAR_BYTES];
	static const unsigned char nothing[PROBE_NEAR_BYTES];
	struct err ignored;
	size_t bytes;

	i->near_is_used = false;
	if (!i->near || near_bytes(i, config, &want, &bytes) || remote_read(remote, i->near, have, bytes, &ignored))
		return;
	if (!memcmp(have, nothing, bytes) && remote_write(remote, i->near, want, bytes, &ignored))
		return;
	i->near_is_used = !remote_read(remote, i->near, have, bytes, &ignored) && !memcmp(have, want, bytes);
}

/* 0: that hook has none there. */
static raddr in_near(const struct injected *i, enum probe_hook hook)
{
	const struct probe_entry *entry = &i->image.entry;

	if (!i->near || hook < HOOK_MEM_MALLOC || !entry->near_hooks[hook - HOOK_MEM_MALLOC])
		return 0;
	return i->near + (entry->near_hooks[hook - HOOK_MEM_MALLOC] - entry->near);
}

raddr injected_hook(const struct injected *i, enum probe_hook hook)
{
	return i->near_is_used && in_near(i, hook) ? in_near(i, hook) : i->base + i->image.entry.hooks[hook];
}

bool injected_leads(const struct injected *i, enum probe_hook hook, uint64_t word)
{
	return word && (word == i->base + i->image.entry.hooks[hook] || word == in_near(i, hook));
}

bool injected_is_in_image(const struct injected *i, uint64_t word)
{
	return word - i->base < i->image.span;
}

bool injected_holds(const struct injected *i, uint64_t word)
{
	return injected_is_in_image(i, word) || (i->near && word - i->near < PROBE_NEAR_BYTES);
}

void injected_free_threaded(struct injected *i)
{
	memcpy(&i->image.entry.hooks[HOOK_MEM_MALLOC], i->image.entry.free_threaded, sizeof(i->image.entry.free_threaded));
}
