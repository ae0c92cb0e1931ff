#include "memspy/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "heap_private.h"
#include "memspy/cleanup.h"

enum { TEXT_SHARED = 16 }; /* a text may be that of so many code objects, on average */

int heap_new(struct heap **ret, const struct injected *probe, struct err *e)
{
	_cleanup_(freep) struct heap *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return err_set(e, ENOMEM, "out of memory");
	h->probe = probe;
	h->header = probe->view;
	r = heap_layout(&h->layout, probe->table_bytes, e);
	if (r)
		return r;
	h->text_left = (uint64_t)h->layout.text.count * TEXT_SHARED;
	*ret = TAKE(h);
	return 0;
}

void heap_free(struct heap *h)
{
	if (!h)
		return;
	free(h->sites);
	for (int i = 0; i < 3; i++)
		buf_done(&h->text[i]);
	free(h);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* One entry as a whole: its version is even and the same before and after. */
static bool copy_site(const struct probe_site *from, struct probe_site *to)
{
	for (int tries = 0; tries < 8; tries++) {
		uint32_t before = __atomic_load_n(&from->version, __ATOMIC_ACQUIRE);

		memcpy(to, from, sizeof(*to));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && __atomic_load_n(&from->version, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

static struct estimate to_estimate(const struct probe_tally *t)
{
	/* A sum that passed below zero (a lost free, a scribbling target) is nothing, not 2^64. */
	const uint64_t limit = 1ull << 62;

	if (t->bytes > limit || t->n > limit)
		return (struct estimate){ 0 };
	return (struct estimate){
		.bytes = t->bytes,
		.blocks = (t->inverse + 2048) / 4096,
		.samples = t->n,
		.sure_bytes = t->sure_bytes < t->bytes ? t->sure_bytes : t->bytes,
		.variance = (double)t->variance * 256.0,
	};
}

static int site_room(struct heap *h, size_t count, struct err *e)
{
	struct heap_site *more;

	if (count <= h->site_room)
		return 0;
	more = realloc(h->sites, count * sizeof(*more));
	if (!more)
		return err_set(e, ENOMEM, "out of memory for %zu sites", count);
	h->sites = more;
	h->site_room = count;
	return 0;
}

static void take_site(struct heap *h, const struct probe_site *from, uint32_t peak_epoch, struct heap_copy *ret)
{
	struct heap_site *to = &h->sites[ret->site_count];
	struct probe_site site;

	if (!copy_site(from, &site)) {
		ret->lost.torn++;
		return;
	}
	if (!site.alloc.n)
		return;
	*to = (struct heap_site){
		.node = at_most(site.node, h->layout.nodes.count - 1),
		.thread = site.thread,
		.domain = site.domain < DOMAIN_COUNT ? site.domain : 0,
		.live = to_estimate(&site.live),
		.alloc = to_estimate(&site.alloc),
		/* Not touched since the peak: what is live was live then. */
		.peak = to_estimate(site.peak_epoch == peak_epoch ? &site.peak : &site.live),
		.temporary = to_estimate(&site.temporary),
	};
	memcpy(to->lifetimes, site.lifetimes, sizeof(to->lifetimes));
	ret->site_count++;
}

int heap_take(struct heap *h, struct heap_copy *ret, struct err *e)
{
	volatile struct probe_header *t = h->header;
	const struct probe_site *sites = heap_section(h, &h->layout.sites);
	uint32_t used = at_most(t->sites_used, h->layout.sites.count);
	uint32_t epoch = t->peak_epoch;
	int r = site_room(h, used, e);

	if (r)
		return r;
	*ret = (struct heap_copy){
		.sample_bytes = t->periods[t->period % PROBE_PERIODS],
		.peak_bytes = t->peak_bytes,
		.events = t->events,
		.objects_patched = t->objects_patched,
		.lost = {
			.contention = t->lost.contention, .full = t->lost.full, .merged = t->lost.merged,
			.text = t->lost.text, .frees = t->lost.frees, .truncated = t->lost.truncated,
		},
		.sites = h->sites,
	};
	for (uint32_t i = 0; i < used; i++)
		take_site(h, &sites[i], epoch, ret);
	ret->sites = h->sites;
	return 0;
}

uint64_t heap_table_bytes(const struct heap *h)
{
	size_t pages = h->probe->table_bytes / 4096;
	_cleanup_(freep) unsigned char *in = malloc(pages);
	uint64_t resident = 0;

	if (!in || mincore(h->probe->view, h->probe->table_bytes, in) < 0)
		return h->probe->table_bytes;
	for (size_t i = 0; i < pages; i++)
		resident += in[i] & 1;
	return resident * 4096 + h->probe->image.span + (h->probe->near ? PROBE_NEAR_BYTES : 0);
}

bool heap_node(const struct heap *h, uint32_t index, struct heap_node *ret)
{
	const struct probe_node *nodes = heap_section(h, &h->layout.nodes);
	struct probe_node n;

	if (index >= h->layout.nodes.count || index >= h->header->nodes_used)
		return false;
	memcpy(&n, &nodes[index], sizeof(n));
	if (n.parent >= index && index)
		return false; /* a walk up must end */
	if (n.code >= h->layout.codes.count && n.code != PROBE_CODE_TRUNCATED)
		n.code = PROBE_CODE_MERGED;
	*ret = (struct heap_node){ n.parent, n.code, n.position, n.copy };
	return true;
}

/* The characters of a text, copied; nothing when it does not lie within the section. */
static struct heap_text text_at(struct heap *h, uint32_t place, struct buf *to)
{
	const char *text = heap_section(h, &h->layout.text);
	uint64_t at = (uint64_t)place * 8, room = h->layout.text.count;
	struct probe_text t;

	buf_reset(to);
	if (!place || at + sizeof(t) > room)
		return (struct heap_text){ "", 0, 0 };
	memcpy(&t, text + at, sizeof(t));
	if (t.bytes > room - at - sizeof(t) || t.width > 4 || t.width == 3 || t.bytes > h->text_left)
		return (struct heap_text){ "", 0, 0 };
	h->text_left -= t.bytes;
	buf_add(to, text + at + sizeof(t), t.bytes);
	if (to->failed || !to->data)
		return (struct heap_text){ "", 0, 0 };
	return (struct heap_text){ to->data, t.bytes / (t.width ? t.width : 1), t.width };
}

bool heap_code(struct heap *h, uint32_t index, struct heap_code *ret)
{
	const struct probe_code *codes = heap_section(h, &h->layout.codes);
	struct probe_code c;

	if (!index || index >= h->layout.codes.count || index >= h->header->codes_used)
		return false;
	memcpy(&c, &codes[index], sizeof(c));
	*ret = (struct heap_code){
		.first_line = c.first_line,
		.address = c.address,
		.line_table_at = c.line_table,
		.filename = text_at(h, c.filename_text, &h->text[0]),
		.name = text_at(h, c.name_text, &h->text[1]),
		.line_table = text_at(h, c.line_table_text, &h->text[2]),
	};
	return true;
}
