/* probe_host: load, arm, read. */
#include "host_private.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/heap/heap_private.h"

struct host host;
unsigned host_tables = 1;
struct err e;

static struct injected probe;
static const struct probe_entry *entry;

/* ---- loading ---- */

static void read_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	unsigned char *file;

	ck_assert_msg(fd >= 0, "cannot open %s", path);
	ck_assert_int_eq(fstat(fd, &st), 0);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(file, MAP_FAILED);
	close(fd);
	ck_ok(image_read(&probe.image, file, (size_t)st.st_size, &e), e);
}

/* One memfd, two mappings: the target's and memspy's. */
static void make_table(uint64_t bytes)
{
	int fd = memfd_create("table", MFD_CLOEXEC);
	void *theirs;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(bytes * host_tables)), 0);
	theirs = mmap(NULL, bytes * host_tables, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	probe.view = mmap(NULL, bytes * host_tables, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(theirs, MAP_FAILED);
	ck_assert_ptr_ne(probe.view, MAP_FAILED);
	close(fd);
	probe.table = (raddr)theirs;
	probe.table_bytes = bytes;
	probe.view_bytes = bytes * host_tables;
	probe.tables = host_tables;
	host.header = theirs;
}

static void find_hooks(void)
{
	host.malloc = (void *(*)(size_t))entry->hooks[HOOK_MALLOC];
	host.calloc = (void *(*)(size_t, size_t))entry->hooks[HOOK_CALLOC];
	host.realloc = (void *(*)(void *, size_t))entry->hooks[HOOK_REALLOC];
	host.free = (void (*)(void *))entry->hooks[HOOK_FREE];
	host.mmap = (void *(*)(void *, size_t, int, int, int, int64_t))entry->hooks[HOOK_MMAP];
	host.munmap = (int (*)(void *, size_t))entry->hooks[HOOK_MUNMAP];
	host.mem_malloc = (void *(*)(void *, size_t))entry->hooks[HOOK_MEM_MALLOC];
	host.obj_malloc = (void *(*)(void *, size_t))entry->hooks[HOOK_OBJ_MALLOC];
	host.obj_calloc = (void *(*)(void *, size_t, size_t))entry->hooks[HOOK_OBJ_CALLOC];
	host.obj_realloc = (void *(*)(void *, void *, size_t))entry->hooks[HOOK_OBJ_REALLOC];
	host.obj_free = (void (*)(void *, void *))entry->hooks[HOOK_OBJ_FREE];
	host.config = (struct probe_config *)entry->config;
	host.pages = (struct probe_private *)entry->private_pages;
}

/* With the page beside the interpreter, which is far from us: what is in it must need nothing but its words. */
static void lead_through_the_page(void)
{
	enum { SOMEWHERE = 0x7fff0000, BYTES = PROBE_NEAR_BYTES };
	void *page = mmap((void *)SOMEWHERE, BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			  0);

	ck_assert_ptr_eq(page, (void *)SOMEWHERE);
	ck_assert_uint_gt(probe.base - (raddr)page, 4ull << 30);
	probe.near = (raddr)page;
	injected_near(&probe, host.remote, host.config);
	ck_assert(probe.near_is_used);
	host.mem_malloc = (void *(*)(void *, size_t))injected_hook(&probe, HOOK_MEM_MALLOC);
	host.obj_malloc = (void *(*)(void *, size_t))injected_hook(&probe, HOOK_OBJ_MALLOC);
	host.obj_calloc = (void *(*)(void *, size_t, size_t))injected_hook(&probe, HOOK_OBJ_CALLOC);
	host.obj_realloc = (void *(*)(void *, void *, size_t))injected_hook(&probe, HOOK_OBJ_REALLOC);
	ck_assert_uint_lt((raddr)host.obj_malloc - probe.near, BYTES);
	ck_assert_uint_lt((raddr)host.obj_realloc - probe.near, BYTES);
}

void host_wrapped(void)
{
	host.config->divert = 0;
	find_hooks();
}

void host_start(uint64_t sample_bytes, uint64_t table_bytes)
{
	const char *path = getenv("MEMSPY_PROBE");
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;

	ck_assert_msg(library != NULL, "%s", dlerror());
	ck_assert_int_eq(dlinfo(library, RTLD_DI_LINKMAP, &map), 0);
	entry = dlsym(library, "memspy_probe_entry");
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->magic, PROBE_MAGIC);
	read_image(path);
	probe.base = map->l_addr;
	make_table(table_bytes);
	find_hooks();
	if (host_tables > 1)
		ck_assert_int_eq(madvise(host.pages, sizeof(*host.pages), MADV_WIPEONFORK), 0);
	ck_ok(remote_new_live(&host.remote, getpid(), &e), e);
	ck_ok(heap_new(&host.heap, &probe, &e), e);
	host.random = 1;
	host_arm(sample_bytes);
	if (getenv("MEMSPY_NEAR"))
		lead_through_the_page();
}

/* ---- arming ---- */

static uint32_t tid_offset(void)
{
	for (uint32_t at = 0; at < 4096; at += 4)
		if (*(const uint32_t *)(thread_pointer() + at) == (uint32_t)gettid())
			return at;
	return 0;
}

void host_arm(uint64_t sample_bytes)
{
	struct heap_options o = {
		.sample_bytes = sample_bytes, .lease_ns = 3600000000000u, .max_depth = 64, .temporary_events = 1,
		.follow = host_tables > 1,
	};
	struct probe_config config = {
		.small_limit = SMALL, .divert = 1, .tid_offset = tid_offset(), .python = host_python(),
	};

	host_air(config.original);
	ck_ok(heap_arm(host.heap, host.remote, &config, &o, &e), e);
}

struct probe_slot *host_slot(void)
{
	uint64_t at = ((thread_pointer() >> 6) * 0x9e3779b97f4a7c15u) >> (64 - PROBE_SLOT_BITS);

	return &host.pages->slots[at];
}

bool host_filter_has(const void *p)
{
	return host.pages->filter[(((uint64_t)p >> 4) * 0x9e3779b97f4a7c15u) >> (64 - PROBE_FILTER_BITS)];
}

bool host_sieve_has(const void *p)
{
	return host.pages->sieve[(((uint64_t)p >> 4) * 0xbf58476d1ce4e5b9u) >> (64 - PROBE_SIEVE_BITS)];
}

void host_seed(uint64_t seed)
{
	uint64_t period = host.header->periods[host.header->period];

	host.random = seed * 0x9e3779b97f4a7c15u + 1;
	host.free(host.malloc(SIZE_MAX)); /* cannot be had: nothing but a claim of our slot */
	host_slot()->random = host.random ^ 0x5555;
	host.pages->random = host.random ^ 0xaaaa;
	host_slot()->left = period ? (int64_t)ceil(host_gap((double)period)) : 0;
	host.pages->left = period ? (int64_t)ceil(host_gap((double)period)) : 0;
}

/* ---- reading ---- */

static struct heap_copy take(void)
{
	struct heap_copy copy;

	ck_ok(heap_take(host.heap, &copy, &e), e);
	return copy;
}

static const struct estimate *tally_of(const struct heap_site *site, enum tally which)
{
	switch (which) {
	case LIVE: return &site->live;
	case ALLOC: return &site->alloc;
	case PEAK: return &site->peak;
	default: return &site->temporary;
	}
}

struct estimate host_estimate(enum tally which)
{
	struct heap_copy copy = take();
	struct estimate sum = { 0 };

	for (size_t i = 0; i < copy.site_count; i++)
		estimate_add(&sum, tally_of(&copy.sites[i], which));
	return sum;
}

struct estimate host_domain(enum tally which, enum domain domain)
{
	struct heap_copy copy = take();
	struct estimate sum = { 0 };

	for (size_t i = 0; i < copy.site_count; i++)
		if (copy.sites[i].domain == domain)
			estimate_add(&sum, tally_of(&copy.sites[i], which));
	return sum;
}

struct estimate host_line_estimate(enum tally which, unsigned line)
{
	struct heap_copy copy = take();
	struct estimate sum = { 0 };
	struct heap_node node;

	for (size_t i = 0; i < copy.site_count; i++)
		if (heap_node(host.heap, copy.sites[i].node, &node) && node.code && node.position == line)
			estimate_add(&sum, tally_of(&copy.sites[i], which));
	return sum;
}

struct losses host_lost(void)
{
	return take().lost;
}

/* All of them; in use are the first ones, until they are many. */
static const struct probe_live *entries(uint32_t *ret_count, uint32_t *ret_in_use)
{
	*ret_count = host.header->layout.live.count;
	*ret_in_use = host.header->live_wide || *ret_count < PROBE_LIVE_NARROW ? *ret_count : PROBE_LIVE_NARROW;
	return (const void *)((char *)host.header + host.header->layout.live.offset);
}

/* Written again here on purpose: the probe's own walk could share its fault. */
static bool can_be_found(const struct probe_live *map, uint32_t count, uint32_t at)
{
	uint64_t x = map[at].address >> 4;
	uint32_t home;

	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 29;
	for (home = (uint32_t)x & (count - 1); home != at; home = (home + 1) & (count - 1))
		if (!map[home].address)
			return false;
	return true;
}

void host_check_table(void)
{
	const struct probe_site *sites = (const void *)((char *)host.header + host.header->layout.sites.offset);
	uint32_t count, in_use, found = 0;
	const struct probe_live *map = entries(&count, &in_use);
	uint64_t *of_site = calloc(host.header->layout.sites.count, sizeof(*of_site));

	for (uint32_t i = 0; i < count; i++)
		if (map[i].address) {
			ck_assert_msg(i < in_use && can_be_found(map, in_use, i), "entry %u cannot be found", i);
			ck_assert_uint_lt(map[i].site, host.header->sites_used);
			of_site[map[i].site]++;
			found++;
		}
	ck_assert_uint_eq(found, host.header->live_count);
	for (uint32_t i = 0; i < host.header->sites_used; i++) {
		ck_assert_uint_eq(sites[i].live.n, of_site[i]);
		if (!host.header->thinned && !host.header->lost.full)
			ck_assert_uint_eq(sites[i].alloc.bytes - sites[i].freed_bytes, sites[i].live.bytes);
	}
	free(of_site);
}

int host_program(const char *name, const TTest *run)
{
	Suite *suite = suite_create(name);
	TCase *only = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(only, run);
	suite_add_tcase(suite, only);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return failed != 0;
}
