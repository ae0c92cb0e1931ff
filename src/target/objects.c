#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps_private.h"
#include "memspy/cleanup.h"

enum { MAX_SEGMENTS = 256 }; /* real objects have about a dozen */

/* Where an object says that it lies. */
struct span {
	raddr bias;
	raddr end;
};

static bool is_same_file(const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->device_major == b->device_major && a->device_minor == b->device_minor;
}

static bool is_native(const Elf64_Ehdr *h)
{
	return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB && (h->e_type == ET_DYN || h->e_type == ET_EXEC) &&
	       h->e_phentsize == sizeof(Elf64_Phdr) && h->e_phnum > 0 && h->e_phnum <= MAX_SEGMENTS;
}

/* The program headers say which address file offset 0 was meant for, and how far the object reaches. */
static bool measure(const Elf64_Ehdr *h, const Elf64_Phdr *segments, raddr start, struct span *ret)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t end = 0;
	bool found = false;

	for (size_t i = 0; i < h->e_phnum; i++) {
		const Elf64_Phdr *s = &segments[i];
		uint64_t segment_end;

		if (s->p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(s->p_vaddr, s->p_memsz, &segment_end))
			return false;
		if (!found && s->p_offset < page) {
			ret->bias = start - (s->p_vaddr - s->p_offset);
			found = true;
		}
		if (segment_end > end)
			end = segment_end;
	}
	if (!found || (h->e_type == ET_EXEC && ret->bias != 0))
		return false;
	ret->end = (ret->bias + end + page - 1) / page * page;
	return ret->end > start;
}

/* Reading a mapped device can do things to it. */
static bool may_hold_elf(const struct map *map)
{
	if (strncmp(map->path, "/dev/", 5) == 0 && strncmp(map->path, "/dev/shm/", 9) != 0)
		return false;
	return map->offset == 0 && map->inode != 0 && (map->readable || map->executable);
}

/* 0 and *ret; READ_TORN when no ELF object of ours begins here. */
static int look(struct remote *r, const struct map *map, struct span *ret, struct err *e)
{
	Elf64_Phdr segments[MAX_SEGMENTS];
	Elf64_Ehdr header;
	size_t length = map->end - map->start, bytes;
	int answer;

	if (length < sizeof(header))
		return READ_TORN;
	answer = remote_read(r, map->start, &header, sizeof(header), e);
	if (answer)
		return answer;
	if (!is_native(&header))
		return READ_TORN;
	bytes = header.e_phnum * sizeof(segments[0]);
	if (header.e_phoff > length || length - header.e_phoff < bytes)
		return READ_TORN;
	answer = remote_read(r, map->start + header.e_phoff, segments, bytes, e);
	if (answer)
		return answer;
	return measure(&header, segments, map->start, ret) ? 0 : READ_TORN;
}

/*
 * Takes the mappings behind the first that belong to it, within what the headers say: of the same file, or
 * anonymous right behind (.bss; what somebody made anonymous). Returns whether one may be executed.
 */
static bool extend(const struct maps *m, size_t i, const struct span *span, struct object *o)
{
	const struct map *first = maps_at(m, i), *next;
	bool executable = first->executable;

	o->end = first->end;
	while ((next = maps_at(m, ++i)) && next->start < span->end) {
		bool same = next->inode && is_same_file(next, first);
		bool behind = next->inode == 0 && next->start == o->end;

		if (!same && !behind)
			break;
		executable |= same && next->executable;
		o->end = next->end < span->end ? next->end : span->end;
	}
	return executable;
}

static int append(struct object **list, size_t *count, const struct object *o, struct err *e)
{
	/* Doubled whenever the count is a power of two. */
	if ((*count & (*count - 1)) == 0) {
		struct object *grown = reallocarray(*list, *count ? 2 * *count : 1, sizeof(*grown));

		if (!grown)
			return err_set(e, ENOMEM, "no memory for %zu loaded objects", *count);
		*list = grown;
	}
	(*list)[(*count)++] = *o;
	return 0;
}

int maps_objects(const struct maps *m, struct remote *r, struct object **ret, size_t *ret_count, struct err *e)
{
	_cleanup_(freep) struct object *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < maps_count(m); i++) {
		const struct map *map = maps_at(m, i);
		struct object o = { .path = map->path, .first = map, .start = map->start };
		struct span span;
		int answer;

		/* A small object may have a second segment with offset 0: it lies within the first one's span. */
		if (!may_hold_elf(map) || (count && map->start < list[count - 1].end))
			continue;
		answer = look(r, map, &span, e);
		if (answer == READ_TORN)
			continue;
		if (answer)
			return answer;
		o.bias = span.bias;
		if (!extend(m, i, &span, &o))
			continue;
		answer = append(&list, &count, &o, e);
		if (answer < 0)
			return answer;
	}
	*ret = TAKE(list);
	*ret_count = count;
	return 0;
}
