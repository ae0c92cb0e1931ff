#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_memspy.h"
#include "memspy/cleanup.h"
#include "memspy/symbols.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

extern int the_variable_of_this_test;
extern __thread int the_thread_variable;
int the_variable_of_this_test = 7;
__thread int the_thread_variable;
static const char words[] = "words of the file itself";
static struct err e;

static struct symbols *opened(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct symbols *s;

	ck_assert_int_ge(fd, 0);
	ck_ok(symbols_open(&s, fd, &e), e);
	return s;
}

static char *whole_file(const char *path, size_t *ret_length)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = malloc((size_t)st.st_size);
	ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
	*ret_length = (size_t)st.st_size;
	return bytes;
}

struct loaded {
	const char *name;
	char path[512];
	raddr bias;
};

static int match(struct dl_phdr_info *info, size_t size, void *context)
{
	struct loaded *l = context;

	(void)size;
	if (!strstr(info->dlpi_name, l->name))
		return 0;
	snprintf(l->path, sizeof(l->path), "%s", *info->dlpi_name ? info->dlpi_name : "/proc/self/exe");
	l->bias = info->dlpi_addr;
	return 1; /* the first one, for "" the executable */
}

static struct loaded find_loaded(const char *name)
{
	struct loaded l = { .name = name };

	ck_assert_msg(dl_iterate_phdr(match, &l), "%s is not loaded", name);
	return l;
}

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

START_TEST(our_own_symbols_are_where_they_are)
{
	struct loaded us = find_loaded("");
	struct symbols *s = opened(us.path);
	char copy[sizeof(words)];
	uint64_t at, size;
	struct symbol y;

	ck_assert(symbols_find(s, "the_variable_of_this_test", &y));
	ck_assert_uint_eq(us.bias + y.value, address(&the_variable_of_this_test));
	ck_assert_uint_ge(y.size, sizeof(int)); /* a sanitizer puts a red zone behind it */
	ck_assert(y.is_data && !y.is_function);
	ck_assert(symbols_find(s, "main", &y));
	ck_assert(y.is_function && !y.is_data && !y.is_dynamic);
	ck_assert(symbols_find(s, "the_thread_variable", &y));
	ck_assert(y.is_tls);
	ck_assert(!symbols_find(s, "no_such_name_anywhere", &y));
	ck_assert(!symbols_find(s, "", &y));
	ck_assert(!symbols_find(s, "getppid", &y)); /* used, but not defined here */

	ck_assert(symbols_section(s, ".rodata", &at, &size));
	ck_assert_uint_ge(address(words), us.bias + at);
	ck_assert_uint_lt(address(words), us.bias + at + size);
	ck_assert(!symbols_section(s, ".no-such-section", &at, &size));
	ck_assert(symbols_bytes(s, address(words) - us.bias, copy, sizeof(copy)));
	ck_assert_str_eq(copy, words);
	ck_assert(!symbols_bytes(s, UINT64_MAX - 4, copy, 8));
	ck_assert(!symbols_bytes(s, 1ull << 40, copy, 1));
	ck_assert(!symbols_is_stripped(s));
	ck_assert_str_eq(symbols_soname(s), "");
	symbols_free(s);
}
END_TEST

START_TEST(the_default_version_of_a_dynamic_symbol_wins)
{
	static const char *const names[] = { "malloc", "free", "regexec", "realpath", "posix_spawn", "getppid" };
	struct loaded libc = find_loaded("/libc.so");
	void *handle = dlopen(libc.path, RTLD_LAZY | RTLD_NOLOAD);
	struct symbols *s = opened(libc.path);
	struct symbol y;

	ck_assert_ptr_nonnull(handle);
	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_msg(symbols_find(s, names[i], &y), "%s", names[i]);
		ck_assert(y.is_function && y.is_dynamic);
		ck_assert_msg(libc.bias + y.value == address(dlsym(handle, names[i])), "%s", names[i]);
	}
	/* What only resolves to a function must not pass for one. */
	ck_assert(symbols_find(s, "memcpy", &y));
	ck_assert(!y.is_function);
	ck_assert_str_eq(symbols_soname(s), "libc.so.6");
	ck_assert(symbols_is_position_independent(s));
	dlclose(handle);
	symbols_free(s);
}
END_TEST

/* The section headers give the count that PT_DYNAMIC does not: libc has both kinds of hash table, others one. */
static int check_every_symbol(struct dl_phdr_info *info, size_t size, void *context)
{
	size_t length, *found = context;
	struct symbols *s;
	char *bytes;
	const ElfW(Ehdr) *h;
	const ElfW(Shdr) *sections;

	(void)size;
	if (*info->dlpi_name != '/')
		return 0;
	s = opened(info->dlpi_name);
	bytes = whole_file(info->dlpi_name, &length);
	h = (ElfW(Ehdr) *)bytes;
	sections = (ElfW(Shdr) *)(bytes + h->e_shoff);
	for (unsigned i = 0; i < h->e_shnum; i++) {
		const ElfW(Sym) *y = (ElfW(Sym) *)(bytes + sections[i].sh_offset);
		const char *names = bytes + sections[sections[i].sh_link].sh_offset;

		if (sections[i].sh_type != SHT_DYNSYM)
			continue;
		for (size_t k = 1; k < sections[i].sh_size / sizeof(*y); k++) {
			struct symbol got;

			if (y[k].st_shndx == SHN_UNDEF || ELF64_ST_TYPE(y[k].st_info) == STT_SECTION)
				continue;
			ck_assert_msg(symbols_find(s, names + y[k].st_name, &got) && got.is_dynamic, "%s of %s",
				      names + y[k].st_name, info->dlpi_name);
			++*found;
		}
	}
	symbols_free(s);
	free(bytes);
	return 0;
}

START_TEST(every_dynamic_symbol_is_found)
{
	size_t found = 0;

	dl_iterate_phdr(check_every_symbol, &found);
	ck_assert_uint_gt(found, 1000); /* glibc alone has about 3000 */
}
END_TEST

static bool is_mapped_writable(raddr at)
{
	const struct map *map;
	struct maps *m;
	bool writable;

	ck_ok(maps_read(&m, getpid(), &e), e);
	map = maps_find(m, at);
	writable = map && map->writable;
	maps_free(m);
	return writable;
}

START_TEST(a_slot_holds_the_function_it_is_named_for)
{
	static const char *const names[] = { "getppid", "no_such_function", NULL };
	struct loaded us = find_loaded("");
	struct symbols *s = opened(us.path);
	struct got_slot *slots;
	size_t count;
	raddr bound;

	ck_assert_int_gt(getppid(), 0); /* bound by now, lazily or not */
	ck_ok(symbols_slots(s, names, &slots, &count, &e), e);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(slots[0].name, "getppid");
	memcpy(&bound, (void *)(uintptr_t)(us.bias + slots[0].address), sizeof(bound));
	ck_assert_uint_eq(bound, address(dlsym(RTLD_DEFAULT, "getppid")));
	free(slots);
	symbols_free(s);
}
END_TEST

struct relro_count {
	size_t slots;
};

static int check_relro(struct dl_phdr_info *info, size_t size, void *context)
{
	static const char *const names[] = { "malloc", "free", "calloc", "realloc", "mmap", "abort", "write", NULL };
	struct relro_count *total = context;
	struct got_slot *slots;
	struct symbols *s;
	size_t count;

	(void)size;
	if (*info->dlpi_name && *info->dlpi_name != '/')
		return 0; /* the vdso */
	s = opened(*info->dlpi_name ? info->dlpi_name : "/proc/self/exe");
	ck_ok(symbols_slots(s, names, &slots, &count, &e), e);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(is_mapped_writable(info->dlpi_addr + slots[i].address) == !slots[i].in_relro, "%s of %s",
			      slots[i].name, info->dlpi_name);
	total->slots += count;
	free(slots);
	symbols_free(s);
	return 0;
}

START_TEST(relro_is_what_the_loader_made_read_only)
{
	struct relro_count total = { 0 };

	dl_iterate_phdr(check_relro, &total);
	ck_assert_uint_ge(total.slots, 4);
}
END_TEST

/* ---- damage ---- */

static int memory_file(const char *bytes, size_t length)
{
	int fd = memfd_create("damaged", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	return fd;
}

/* Asks everything; the answers may be anything. Returns whether it opened at all. */
static bool ask_everything(int fd)
{
	static const char *const names[] = { "getppid", "malloc", "ck_assert_failed", NULL };
	struct got_slot *slots;
	struct symbols *s;
	struct symbol y;
	uint64_t at, size;
	size_t count;
	char word[8];

	if (symbols_open(&s, fd, &e) < 0) {
		ck_assert_str_ne(e.text, "");
		return false;
	}
	symbols_find(s, "main", &y);
	symbols_section(s, ".rodata", &at, &size);
	symbols_bytes(s, at, word, sizeof(word));
	symbols_is_stripped(s);
	(void)strlen(symbols_soname(s));
	if (symbols_slots(s, names, &slots, &count, &e) == 0)
		free(slots);
	symbols_free(s);
	return true;
}

START_TEST(a_file_cut_short_anywhere_is_survived)
{
	size_t length, step;
	char *bytes = whole_file("/proc/self/exe", &length);
	int fd = memory_file(bytes, length);

	ck_assert(ask_everything(fd));
	step = length / 100;
	for (size_t cut = length - 1; cut > step; cut -= step) {
		ck_assert_int_eq(ftruncate(fd, (off_t)cut), 0);
		ask_everything(fd);
	}
	for (size_t cut = 1024; cut > 0; cut -= 8) {
		ck_assert_int_eq(ftruncate(fd, (off_t)cut), 0);
		ask_everything(fd);
	}
	ck_assert_int_eq(ftruncate(fd, 63), 0);
	ck_assert(!ask_everything(fd));
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert(!ask_everything(fd));
	close(fd);
	free(bytes);
}
END_TEST

static uint32_t next_random(void)
{
	static uint32_t state = 1;

	return state = state * 1664525u + 1013904223u;
}

/* Where a wrong byte hurts: headers, PT_DYNAMIC and the tables it leads to, section headers; or anywhere. */
static size_t tender_spot(const char *bytes, size_t length, unsigned turn)
{
	ElfW(Ehdr) h;
	ElfW(Phdr) p;
	size_t from = 0, span = length;

	memcpy(&h, bytes, sizeof(h));
	switch (turn % 4) {
	case 0:
		span = sizeof(h) + h.e_phnum * sizeof(p);
		break;
	case 1:
		for (unsigned i = 0; i < h.e_phnum; i++) {
			memcpy(&p, bytes + h.e_phoff + i * sizeof(p), sizeof(p));
			if (p.p_type == PT_DYNAMIC) {
				from = p.p_offset;
				span = p.p_filesz;
			}
		}
		break;
	case 2:
		from = h.e_shoff;
		span = h.e_shnum * (size_t)h.e_shentsize;
		break;
	case 3:
		span = length < 8192 ? length : 8192;
	}
	return from + next_random() % span;
}

START_TEST(wrong_bytes_anywhere_are_survived)
{
	size_t length;
	char *bytes = whole_file("/proc/self/exe", &length);
	int fd = memory_file(bytes, length);

	for (unsigned turn = 0; turn < 1200; turn++) {
		size_t at = tender_spot(bytes, length, turn);
		char wrong = turn % 3 ? (char)next_random() : (char)0xff;

		ck_assert_int_eq(pwrite(fd, &wrong, 1, (off_t)at), 1);
		ask_everything(fd);
		if (turn % 8) /* now and then the damage stays */
			ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);
		if (turn % 64 == 0)
			ck_assert_int_eq(pwrite(fd, bytes, length, 0), (ssize_t)length);
	}
	close(fd);
	free(bytes);
}
END_TEST

START_TEST(without_section_headers_the_dynamic_symbols_remain)
{
	struct loaded libc = find_loaded("/libc.so");
	static const char *const names[] = { "malloc", NULL };
	struct got_slot *slots;
	struct symbol want, got;
	struct symbols *s = opened(libc.path);
	size_t length, count, want_count;
	char *bytes = whole_file(libc.path, &length);
	ElfW(Ehdr) *h = (ElfW(Ehdr) *)bytes;
	int fd;

	ck_assert(symbols_find(s, "malloc", &want));
	ck_ok(symbols_slots(s, names, &slots, &want_count, &e), e);
	free(slots);
	symbols_free(s);

	h->e_shoff = 0;
	h->e_shnum = h->e_shstrndx = 0;
	fd = memory_file(bytes, length);
	ck_ok(symbols_open(&s, fd, &e), e);
	ck_assert(symbols_find(s, "malloc", &got));
	ck_assert_uint_eq(got.value, want.value);
	ck_ok(symbols_slots(s, names, &slots, &count, &e), e);
	ck_assert_uint_eq(count, want_count);
	ck_assert_uint_ge(count, 1);
	ck_assert(symbols_is_stripped(s));
	free(slots);
	symbols_free(s);
	close(fd);
	free(bytes);
}
END_TEST

START_TEST(what_is_not_ours_to_read_is_refused_with_a_sentence)
{
	static const struct {
		const char *what;
		size_t at;
		unsigned char byte;
		const char *says;
	} cases[] = {
		{ "no magic", 0, 'M', "not an ELF file" },
		{ "32 bits", EI_CLASS, ELFCLASS32, "32-bit" },
		{ "another processor", 18, EM_386, "another kind of processor" },
		{ "an object file", 16, ET_REL, "neither an executable nor a shared object" },
	};
	size_t length;
	char *bytes = whole_file("/proc/self/exe", &length);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct symbols *s;
		char kept = bytes[cases[i].at];
		int fd;

		bytes[cases[i].at] = (char)cases[i].byte;
		fd = memory_file(bytes, length);
		ck_assert_int_eq(symbols_open(&s, fd, &e), -ENOEXEC);
		ck_assert_msg(strstr(e.text, cases[i].says), "%s: %s", cases[i].what, e.text);
		bytes[cases[i].at] = kept;
		close(fd);
	}
	free(bytes);
}
END_TEST

TESTS("symbols", our_own_symbols_are_where_they_are, the_default_version_of_a_dynamic_symbol_wins,
      every_dynamic_symbol_is_found,
      a_slot_holds_the_function_it_is_named_for, relro_is_what_the_loader_made_read_only,
      a_file_cut_short_anywhere_is_survived, wrong_bytes_anywhere_are_survived,
      without_section_headers_the_dynamic_symbols_remain, what_is_not_ours_to_read_is_refused_with_a_sentence)
