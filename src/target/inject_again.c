/*
 * inject_again: a probe that an earlier session left behind.
 *
 * Its table is a memfd by our name in the maps; what the table says about the probe is a claim, and holds only if the
 * code found there is the very code we carry. Another memspy's probe is left alone: it is passive without a lease.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "inject_private.h"
#include "memspy/claim.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"

static bool is_table(const struct map *map)
{
	return map->shared && map->offset == 0 && strstr(map->path, "memfd:" TABLE_NAME);
}

/* The code must be ours to the byte; the data has changed since. */
static bool is_our_code(const struct entering *in, const struct image *image, raddr base, struct err *e)
{
	_cleanup_(freep) unsigned char *want = NULL, *have = malloc(image->code_used);

	if (!have || image_relocated(image, base, &want, e))
		return false;
	return !remote_read(in->remote, base, have, image->code_used, e) && !memcmp(have, want, image->code_used);
}

static bool is_sealed(int fd, uint64_t bytes)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct stat st;

	return (fcntl(fd, F_GET_SEALS) & seals) == seals && fstat(fd, &st) == 0 && (uint64_t)st.st_size == bytes;
}

static int open_table(const struct entering *in, const struct map *map, uint64_t bytes)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", in->pid, (unsigned long)map->start,
		 (unsigned long)map->end);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && !is_sealed(fd, bytes)) { /* it could be cut off under our hands */
		close(fd);
		fd = -1;
	}
	return fd;
}

struct fresh {
	const struct injected *probe;
	raddr table;
	int fd;
};

static int lay_over(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	struct fresh *f = own;
	raddr name_at = f->probe->base + f->probe->image.entry.config + offsetof(struct probe_config, entering);

	return inject_make_table(in, t, name_at, f->table, &f->table, &f->fd, e);
}

/* Who is not root may not open what is mapped, but may have the target lay a fresh table over the old one. So may a
 * child of a fork, whose table is its parent's. */
static int replace_table(const struct entering *in, raddr at, uint64_t bytes, struct injected *i, raddr *ret_table, int *ret_fd,
			 struct err *e)
{
	struct entering again = *in;
	struct fresh f = { .probe = i, .table = at, .fd = -1 };
	int r = gadgets_find(&again.gadgets, in->maps, in->remote, e);

	again.table_bytes = bytes;
	if (!r)
		r = inject_some_thread(&again, lay_over, &f, i, e);
	if (r && f.fd >= 0)
		close(f.fd);
	if (r)
		return r;
	*ret_table = f.table;
	*ret_fd = f.fd;
	return 0;
}

struct claim {
	struct probe_header h;
	unsigned tables;	 /* in the memfd */
	bool inherited;		 /* its parent's: the process is a child of a fork */
	struct probe_header own; /* where it counts itself: h, or in a place of its parent's; all 0: nowhere */
};

/* The probe knows its table; an older one may still be mapped, which had too few places. */
static bool is_in_use(const struct entering *in, const struct map *map, const struct injected *i, uint64_t *ret_table,
		      struct err *e)
{
	raddr at = i->base + i->image.entry.config + offsetof(struct probe_config, table);

	return !remote_read_u64(in->remote, at, ret_table, e) &&
	       (!*ret_table || (*ret_table >= map->start && *ret_table < map->end));
}

static bool is_claim_of_ours(const struct entering *in, const struct map *map, struct claim *c, struct injected *i, struct err *e)
{
	const struct probe_header *h = &c->h;
	const raddr pages = h->image + i->image.entry.private_pages;
	uint64_t bytes = map->end - map->start, table, magic, stamp;

	i->base = h->image;
	if (h->magic != PROBE_MAGIC || h->abi != PROBE_ABI || h->table_bytes != bytes || h->image & 4095 ||
	    h->image_bytes != i->image.span || h->config != h->image + i->image.entry.config ||
	    !is_our_code(in, &i->image, i->base, e) || !is_in_use(in, map, i, &table, e) ||
	    remote_read_u64(in->remote, pages + offsetof(struct probe_private, magic), &magic, e) ||
	    remote_read_u64(in->remote, pages + offsetof(struct probe_private, stamp), &stamp, e))
		return false;
	c->tables = h->tables && h->tables <= PROBE_TABLES && bytes % h->tables == 0 ? (unsigned)h->tables : 1;
	c->inherited = h->session && (magic != PROBE_PRIVATE_MAGIC || stamp);
	if (!c->inherited)
		c->own = *h;
	else if (stamp && (remote_read(in->remote, table, &c->own, sizeof(c->own), e) || c->own.stamp != stamp))
		c->own.armed = 0;
	return true;
}

static int is_free(const struct probe_header *h, struct err *e)
{
	if (h->armed && clock_cycles() < h->lease_cycles && kill((pid_t)h->owner_pid, 0) == 0)
		return claim_refused((int)h->owner_pid, e);
	return 0;
}

/* It has too few places and is left where it is, for a thread may be in there: without its pages. */
static void empty(int fd, uint64_t bytes)
{
	struct probe_header *h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (h == MAP_FAILED)
		return;
	__atomic_store_n(&h->armed, 0, __ATOMIC_RELEASE);
	madvise((char *)h + 4096, bytes - 4096, MADV_REMOVE);
	munmap(h, bytes);
}

/* The fresh table says whose it is, as the old one did: hooks may still lead here, should we die now. */
static void sign(struct probe_header *t, const struct probe_header *old)
{
	memcpy((char *)t + sizeof(t->magic), (const char *)old + sizeof(t->magic),
	       offsetof(struct probe_header, layout) - sizeof(t->magic));
	__atomic_store_n(&t->magic, old->magic, __ATOMIC_RELEASE);
}

/* Over the old one, or elsewhere if it is to be larger: the probe is told where when it is armed. */
static int make_fresh(const struct entering *in, const struct map *map, const struct claim *c, struct injected *i,
		      int *ret_fd, struct err *e)
{
	bool larger = in->tables > c->tables;
	uint64_t bytes = larger ? in->table_bytes : map->end - map->start;
	int r = is_free(&c->own, e);

	if (!r)
		r = replace_table(in, larger ? 0 : map->start, bytes, i, &i->table, ret_fd, e);
	if (!r)
		r = inject_finish_table(i, *ret_fd, bytes, e);
	if (r)
		return r;
	i->tables = larger ? in->tables : c->tables;
	sign(i->view, &c->h);
	((struct probe_header *)i->view)->table_bytes = bytes;
	((struct probe_header *)i->view)->tables = i->tables;
	return 0;
}

static int use(const struct entering *in, const struct map *map, struct injected *i, struct err *e)
{
	_cleanup_(closep) int fd = -1, fresh = -1;
	struct claim c = { .tables = 1 };
	int r = remote_read(in->remote, map->start, &c.h, sizeof(c.h), e);

	if (r)
		return r;
	if (!is_claim_of_ours(in, map, &c, i, e))
		return READ_TORN;
	i->table = map->start;
	i->tables = c.tables;
	if (!c.inherited)
		fd = open_table(in, map, map->end - map->start);
	if (fd >= 0 && in->tables <= c.tables)
		r = inject_view(i, fd, map->end - map->start, e);
	else if (fd < 0 || !(r = claim_file(fd, e)))
		r = make_fresh(in, map, &c, i, &fresh, e);
	if (r)
		return r;
	if (fd >= 0 && fresh >= 0)
		empty(fd, map->end - map->start);
	i->near = near_found(in, i->base + i->image.entry.config);
	i->way = c.h.inject_way == INJECT_DLOPEN ? INJECT_DLOPEN : INJECT_MAP;
	i->reused = true;
	return 0;
}

int inject_again(const struct entering *in, struct injected *ret, struct err *e)
{
	for (size_t i = 0; i < maps_count(in->maps); i++) {
		int r;

		if (!is_table(maps_at(in->maps, i)))
			continue;
		r = use(in, maps_at(in->maps, i), ret, e);
		if (r != READ_TORN)
			return r;
	}
	return READ_TORN;
}

/* By us, nameless; or by the loader, from our memfd. The second half may be executable still. */
static bool may_be_image(const struct map *map, const struct image *image)
{
	uint64_t bytes = map->end - map->start;

	return map->executable && !map->writable && !map->shared && map->offset == 0 &&
	       (map->path[0] ? strstr(map->path, "memfd:" PROBE_NAME) != NULL : bytes == image->code_bytes ||
		bytes == image->span);
}

/* Without a table it was never armed, and no hook leads there. But somebody may be on the way in still, sent by a memspy
 * that was killed: that one needs it as it is. */
static bool is_left_alone(const struct entering *in, const struct image *image, raddr base)
{
	raddr config = base + image->entry.config;
	struct probe_entering sent;
	struct err ignored;
	uint64_t table;

	return !remote_read_u64(in->remote, config + offsetof(struct probe_config, table), &table, &ignored) && !table &&
	       !remote_read(in->remote, config + offsetof(struct probe_config, entering), &sent, sizeof(sent), &ignored) &&
	       (!sent.start || sent.done);
}

raddr inject_orphan(const struct entering *in, const struct image *image)
{
	for (size_t i = 0; i < maps_count(in->maps); i++) {
		const struct map *map = maps_at(in->maps, i);
		struct err ignored;

		if (may_be_image(map, image) && is_left_alone(in, image, map->start) &&
		    is_our_code(in, image, map->start, &ignored))
			return map->start;
	}
	return 0;
}

/*
 * Whoever made it was killed before the table said whose it is: no hook leads there, or it would be signed. Should its maker
 * be alive after all, the target still finds a table of the right size there.
 */
raddr inject_spare_table(const struct entering *in)
{
	for (size_t i = 0; i < maps_count(in->maps); i++) {
		const struct map *map = maps_at(in->maps, i);
		struct err ignored;
		uint64_t magic = 0; /* and where nothing can be read, because it was not sized yet */

		if (!is_table(map) || map->end - map->start != in->table_bytes)
			continue;
		remote_read_u64(in->remote, map->start + offsetof(struct probe_header, magic), &magic, &ignored);
		if (!magic)
			return map->start;
	}
	return 0;
}
