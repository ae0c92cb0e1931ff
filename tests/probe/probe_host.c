#include "probe_host.h"

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
	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	theirs = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	probe.view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(theirs, MAP_FAILED);
	ck_assert_ptr_ne(probe.view, MAP_FAILED);
	close(fd);
	probe.table = (raddr)theirs;
	probe.table_bytes = bytes;
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
	ck_ok(remote_new_live(&host.remote, getpid(), &e), e);
	ck_ok(heap_new(&host.heap, &probe, &e), e);
	host.random = 1;
	host_arm(sample_bytes);
}

/* ---- memory made of air ---- */

enum host_realloc host_realloc;

enum { CELL = 1024, SMALL = 512 };
static uint64_t region_bytes = 1ull << 40; /* less where there is less room, as under valgrind */

static char *libc_region, *arena_region;
static uint64_t libc_next, arena_next;

static char *reserve(void)
{
	char *p;

	while ((p = mmap(NULL, region_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) ==
		       MAP_FAILED && region_bytes > 1ull << 30)
		region_bytes /= 2;
	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

/* As far as anybody looks, a block has no more than a cell; one that could not be had is refused. */
static void *air_malloc(size_t n)
{
	if (n >> 46)
		return NULL;
	return libc_region + __atomic_fetch_add(&libc_next, CELL, __ATOMIC_RELAXED) % region_bytes;
}

static void *air_calloc(size_t count, size_t n)
{
	size_t size;

	return __builtin_mul_overflow(count, n, &size) ? NULL : air_malloc(size);
}

static void air_free(void *p)
{
	(void)p;
}

static void *air_realloc(void *p, size_t n)
{
	if (host_realloc == REALLOC_FAILS)
		return NULL;
	return host_realloc == REALLOC_IN_PLACE && p ? p : air_malloc(n);
}

static void *air_mmap(void *at, size_t n, int protection, int flags, int fd, int64_t offset)
{
	(void)at, (void)protection, (void)flags, (void)fd, (void)offset;
	return air_malloc(n);
}

static int air_munmap(void *p, size_t n)
{
	(void)p, (void)n;
	return 0;
}

/* ---- pymalloc, as far as others can tell: small ones from arenas, large ones from libc, through its (hooked) slots ---- */

static bool is_in_arena(const void *p)
{
	return (const char *)p >= arena_region && (const char *)p < arena_region + region_bytes;
}

static void *py_malloc(void *ctx, size_t n)
{
	(void)ctx;
	if (n > SMALL)
		return host.malloc(n);
	return arena_region + __atomic_fetch_add(&arena_next, SMALL, __ATOMIC_RELAXED) % region_bytes;
}

static void *py_calloc(void *ctx, size_t count, size_t n)
{
	size_t size;

	(void)ctx;
	if (__builtin_mul_overflow(count, n, &size))
		return NULL;
	return size > SMALL ? host.calloc(count, n) : py_malloc(ctx, size);
}

static void py_free(void *ctx, void *p)
{
	(void)ctx;
	if (p && !is_in_arena(p))
		host.free(p);
}

static void *py_realloc(void *ctx, void *p, size_t n)
{
	if (p && !is_in_arena(p))
		return host.realloc(p, n);
	if (p && host_realloc == REALLOC_IN_PLACE && n <= SMALL)
		return p;
	return py_malloc(ctx, n); /* pymalloc copies, and takes the old one back without asking anybody */
}

void host_use_libc(void)
{
	host.config->original[HOOK_MALLOC] = (uint64_t)malloc;
	host.config->original[HOOK_CALLOC] = (uint64_t)calloc;
	host.config->original[HOOK_REALLOC] = (uint64_t)realloc;
	host.config->original[HOOK_FREE] = (uint64_t)free;
}

/* ---- Python, as far as the probe can tell ---- */

static struct {
	uint64_t length;
	char chars[24];
} function_name = { 8, "function" }, file_name = { 7, "file.py" }, line_table = { 3, "abc" };
static uint64_t code_type;
static struct {
	const void *type, *filename, *name, *lines;
	uint64_t first_line;
} code = { &code_type, &file_name, &function_name, &line_table, 1 };
static struct {
	const void *previous, *code;
	int64_t position;
} frame = { NULL, &code, 0 };
static struct {
	uint64_t thread;
	const void *frame;
} thread_state;
static const void *current_thread = &thread_state;

static uint64_t thread_pointer(void)
{
	return (uint64_t)__builtin_thread_pointer();
}

void host_line(unsigned line)
{
	thread_state.thread = thread_pointer();
	thread_state.frame = line ? &frame : NULL;
	frame.position = line;
}

static struct probe_python a_python(void)
{
	struct probe_python py = {
		.way = PROBE_THREAD_CURRENT, .current = (uint64_t)&current_thread,
		.tstate_thread_id = 0, .tstate_frame = 8, .cframe_frame = PROBE_OWNER_NONE,
		.frame_previous = 0, .frame_code = 8, .frame_position = 16, .lasti_scale = 1,
		.frame_owner = PROBE_OWNER_NONE, .code_first_traceable = PROBE_OWNER_NONE,
		.object_type = 0, .code_type = (uint64_t)&code_type,
		.code_filename = 8, .code_name = 16, .code_line_table = 24, .code_first_line = 32,
		.bytes_length = 0, .bytes_data = 8,
	};

	py.string.state = PROBE_OWNER_NONE;
	py.string.ascii_data = 8;
	return py;
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
	};
	struct probe_config config = {
		.small_limit = SMALL, .divert = 1, .tid_offset = tid_offset(), .python = a_python(),
		.original = {
			[HOOK_MALLOC] = (uint64_t)air_malloc, [HOOK_CALLOC] = (uint64_t)air_calloc,
			[HOOK_REALLOC] = (uint64_t)air_realloc, [HOOK_FREE] = (uint64_t)air_free,
			[HOOK_MMAP] = (uint64_t)air_mmap, [HOOK_MUNMAP] = (uint64_t)air_munmap,
			[HOOK_MEM_MALLOC] = (uint64_t)py_malloc, [HOOK_MEM_CALLOC] = (uint64_t)py_calloc,
			[HOOK_MEM_REALLOC] = (uint64_t)py_realloc, [HOOK_MEM_FREE] = (uint64_t)py_free,
			[HOOK_OBJ_MALLOC] = (uint64_t)py_malloc, [HOOK_OBJ_CALLOC] = (uint64_t)py_calloc,
			[HOOK_OBJ_REALLOC] = (uint64_t)py_realloc, [HOOK_OBJ_FREE] = (uint64_t)py_free,
		},
	};

	if (!libc_region) {
		libc_region = reserve();
		arena_region = reserve();
	}
	ck_ok(heap_arm(host.heap, host.remote, &config, &o, &e), e);
}

struct probe_slot *host_slot(void)
{
	uint64_t at = ((thread_pointer() >> 6) * 0x9e3779b97f4a7c15u) >> (64 - PROBE_SLOT_BITS);

	return &host.pages->slots[at];
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

static const struct probe_live *entries(uint32_t *ret_count)
{
	*ret_count = host.header->layout.live.count;
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
	uint32_t count, found = 0;
	const struct probe_live *map = entries(&count);
	uint64_t *of_site = calloc(host.header->layout.sites.count, sizeof(*of_site));

	for (uint32_t i = 0; i < count; i++)
		if (map[i].address) {
			ck_assert_msg(can_be_found(map, count, i), "entry %u cannot be found", i);
			ck_assert_uint_lt(map[i].site, host.header->sites_used);
			of_site[map[i].site]++;
			found++;
		}
	ck_assert_uint_eq(found, host.header->live_count);
	for (uint32_t i = 0; i < host.header->sites_used; i++)
		ck_assert_uint_eq(sites[i].live.n, of_site[i]);
	free(of_site);
}

/* ---- mathematics ---- */

double host_uniform(void)
{
	uint64_t z = (host.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)(((z ^ (z >> 31)) >> 11) + 1) * 0x1p-53;
}

double host_gap(double mean)
{
	return -log(host_uniform()) * mean;
}

double expected_variance(double size, double period)
{
	double p = -expm1(-size / period);

	return size * size * (1 - p) / p;
}

void within_six_sigma(const char *what, double got, double want, double sigma, double rounding)
{
	ck_assert_msg(fabs(got - want) <= 6 * sigma + rounding, "%s: %.6g, should be %.6g ± %.3g (%.1f sigma away)", what, got,
		      want, sigma, sigma > 0 ? (got - want) / sigma : INFINITY);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double kolmogorov_smirnov(double *u, size_t n)
{
	double worst = 0;

	qsort(u, n, sizeof(*u), ascending);
	for (size_t i = 0; i < n; i++) {
		worst = fmax(worst, u[i] - (double)i / (double)n);
		worst = fmax(worst, (double)(i + 1) / (double)n - u[i]);
	}
	return worst * sqrt((double)n);
}
