#include "memspy/family.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "memspy/cleanup.h"
#include "memspy/remote.h"

struct family {
	struct injected probe; /* a view of its own */
	struct probe_header *header;
	uint64_t places;
};

int family_new(struct family **ret, const struct injected *probe, struct err *e)
{
	_cleanup_(freep) struct family *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return err_set(e, ENOMEM, "out of memory");
	r = injected_again(&f->probe, probe, e);
	if (r)
		return r;
	f->header = f->probe.view;
	f->places = (f->probe.tables >= PROBE_TABLES ? ~0ull : (1ull << f->probe.tables) - 1) & ~1ull;
	*ret = TAKE(f);
	return 0;
}

void family_free(struct family *f)
{
	if (!f)
		return;
	/* Children to come find none, and pass on. */
	__atomic_store_n(&f->header->places_free, 0, __ATOMIC_RELEASE);
	injected_done(&f->probe);
	free(f);
}

const struct injected *family_probe(const struct family *f)
{
	return &f->probe;
}

uint64_t family_taken(const struct family *f)
{
	return f->places & ~__atomic_load_n(&f->header->places_free, __ATOMIC_ACQUIRE);
}

static struct probe_header *place_at(const struct family *f, unsigned place)
{
	return (struct probe_header *)((char *)f->probe.view + place * f->probe.table_bytes);
}

pid_t family_taker(const struct family *f, unsigned place)
{
	const struct probe_header *h = place_at(f, place);
	uint32_t taker;

	if (!__atomic_load_n(&h->taken, __ATOMIC_ACQUIRE))
		return -1;
	taker = h->taker;
	return taker <= INT32_MAX ? (pid_t)taker : 0;
}

bool family_is_at(const struct family *f, unsigned place, pid_t pid)
{
	const struct injected *p = &f->probe;
	const raddr config = p->base + p->image.entry.config, pages = p->base + p->image.entry.private_pages;
	struct remote *remote = NULL;
	struct err ignored;
	uint64_t table, stamp;
	bool is = pid > 0 && !remote_new_live(&remote, pid, &ignored) &&
		  !remote_read_u64(remote, config + offsetof(struct probe_config, table), &table, &ignored) &&
		  table == p->table + place * p->table_bytes &&
		  !remote_read_u64(remote, pages + offsetof(struct probe_private, stamp), &stamp, &ignored) &&
		  stamp && stamp == place_at(f, place)->stamp;

	remote_free(remote);
	return is;
}

bool family_refused(const struct family *f, pid_t pid)
{
	const raddr pages = f->probe.base + f->probe.image.entry.private_pages;
	struct remote *remote = NULL;
	struct err ignored;
	uint64_t magic;
	bool is = !remote_new_live(&remote, pid, &ignored) &&
		  !remote_read_u64(remote, pages + offsetof(struct probe_private, magic), &magic, &ignored) &&
		  magic == PROBE_PRIVATE_PASSIVE;

	remote_free(remote);
	return is;
}

void family_give_back(struct family *f, unsigned place)
{
	madvise(place_at(f, place), f->probe.table_bytes, MADV_REMOVE);
	__atomic_fetch_or(&f->header->places_free, 1ull << place, __ATOMIC_RELEASE);
}

struct family_counts family_counts(const struct family *f)
{
	return (struct family_counts){
		.forks = __atomic_load_n(&f->header->forks, __ATOMIC_RELAXED),
		.refused = __atomic_load_n(&f->header->forks_refused, __ATOMIC_RELAXED),
	};
}
