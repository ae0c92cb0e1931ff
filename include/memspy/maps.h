/*
 * maps: what is mapped in a process, and from which files.
 *
 * A snapshot of /proc/PID/maps, sorted by address. The names are claims of the target's mount namespace:
 * open files with maps_open, which goes through map_files and so finds deleted and foreign ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/remote.h"

struct map {
	raddr start, end;
	uint64_t offset;
	uint64_t inode;
	uint32_t device_major, device_minor;
	bool readable, writable, executable, shared;
	const char *path; /* "" for anonymous memory; without the kernel's " (deleted)"; lent by the maps */
};

struct maps;

/* READ_GONE: no process, or none that has memory; *e says so. */
int maps_read(struct maps **ret, pid_t pid, struct err *e);
int maps_parse(struct maps **ret, const char *text, size_t length, struct err *e); /* the text of a maps file */
void maps_free(struct maps *m);

size_t maps_count(const struct maps *m);
const struct map *maps_at(const struct maps *m, size_t i);
const struct map *maps_find(const struct maps *m, raddr address); /* NULL: not mapped */
/* An unmapped range of length bytes, page aligned, as near to `near` as can be and within 2 GiB if possible; 0: none. */
raddr maps_gap(const struct maps *m, size_t length, raddr near);
/* Opens the file behind a mapping for reading, wherever the target is; -errno. -EAGAIN: it is mapped no more. */
int maps_open(pid_t pid, const struct map *map, int *ret_fd, struct err *e);

/*
 * A loaded ELF object: all mappings of one file that belong to one load. bias is what to add to the file's
 * addresses (0 for an executable at fixed addresses).
 */
struct object {
	const char *path; /* lent by the maps */
	const struct map *first; /* the mapping with file offset 0 */
	raddr start, end;
	raddr bias;
};

/* All ELF objects mapped with file offset 0 that are executable somewhere. *ret is an array, to be freed. */
int maps_objects(const struct maps *m, struct remote *r, struct object **ret, size_t *ret_count, struct err *e);
