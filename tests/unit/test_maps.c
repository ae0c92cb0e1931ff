#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array_remote.h"
#include "memspy/maps.h"

static struct err e;

static struct maps *parsed(const char *text)
{
	struct maps *m;

	ck_ok(maps_parse(&m, text, strlen(text), &e), e);
	return m;
}

START_TEST(a_line_is_taken_apart)
{
	static const struct {
		const char *line;
		struct map map;
	} cases[] = {
		{ "1000-3000 r-xp 00001000 fe:01 42                         /usr/lib/libc.so.6\n",
		  { 0x1000, 0x3000, 0x1000, 42, 0xfe, 1, true, false, true, false, "/usr/lib/libc.so.6" } },
		{ "1000-3000 rw-s 00000000 00:05 7 /my dir/a  file\n",
		  { 0x1000, 0x3000, 0, 7, 0, 5, true, true, false, true, "/my dir/a  file" } },
		{ "1000-3000 ---p 00000000 00:00 0 \n", { 0x1000, 0x3000, 0, 0, 0, 0, .path = "" } },
		{ "1000-3000 ---p 00000000 00:00 0", { 0x1000, 0x3000, 0, 0, 0, 0, .path = "" } },
		{ "7ffc0000-7ffd0000 rw-p 00000000 00:00 0          [stack]\n",
		  { 0x7ffc0000, 0x7ffd0000, 0, 0, 0, 0, true, true, false, false, "[stack]" } },
		{ "1000-3000 r--p 00000000 00:01 3 /memfd:probe (deleted)\n",
		  { 0x1000, 0x3000, 0, 3, 0, 1, true, false, false, false, "/memfd:probe" } },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n",
		  { 0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, 0, false, false, true, false, "[vsyscall]" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct maps *m = parsed(cases[i].line);
		const struct map *got = maps_at(m, 0), *want = &cases[i].map;

		ck_assert_uint_eq(maps_count(m), 1);
		ck_assert_str_eq(got->path, want->path);
		ck_assert_uint_eq(got->start, want->start);
		ck_assert_uint_eq(got->end, want->end);
		ck_assert_uint_eq(got->offset, want->offset);
		ck_assert_uint_eq(got->inode, want->inode);
		ck_assert_uint_eq(got->device_major, want->device_major);
		ck_assert_uint_eq(got->device_minor, want->device_minor);
		ck_assert_int_eq(got->readable, want->readable);
		ck_assert_int_eq(got->writable, want->writable);
		ck_assert_int_eq(got->executable, want->executable);
		ck_assert_int_eq(got->shared, want->shared);
		maps_free(m);
	}
}
END_TEST

START_TEST(nonsense_is_a_fault_with_its_line)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "1000-2000 r--p 0 0:0 0\nhello\n", "line 2 has no address range" },
		{ "3000-2000 r--p 0 0:0 0\n", "line 1 has no address range" },
		{ "1ffffffffffffffff-2000 r--p 0 0:0 0\n", "line 1 has no address range" },
		{ "1000-2000 r-", "line 1 has no permissions" },
		{ "1000-2000 r--p x 0:0 0\n", "line 1 has no offset" },
		{ "1000-2000 r--p 0 00 0\n", "line 1 has no device" },
		{ "1000-2000 r--p 0 0:0 -1\n", "line 1 has no inode" },
		{ "1000-2000 r--p 0 0:0", "line 1 has no device" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct maps *m;

		ck_assert_int_eq(maps_parse(&m, cases[i].text, strlen(cases[i].text), &e), -EINVAL);
		ck_assert_str_eq(e.text, cases[i].sentence);
	}
}
END_TEST

START_TEST(every_beginning_of_a_list_is_survived)
{
	static const char text[] = "1000-3000 r-xp 00001000 fe:01 42   /a b (deleted)\n"
				   "4000-5000 rw-p 00000000 00:00 0 \n\n"
				   "5000-6000 rw-p 00000000 00:00 0 [heap]\n";

	for (size_t length = 0; length < sizeof(text); length++) {
		struct maps *m = NULL;

		if (maps_parse(&m, text, length, &e) == 0)
			maps_free(m);
	}
}
END_TEST

START_TEST(what_is_told_twice_counts_once)
{
	struct maps *m = parsed("1000-3000 r--p 00000000 fe:01 42 /a\n"
				"2000-5000 r--p 00001000 fe:01 42 /a\n"
				"1000-2000 rw-p 00000000 00:00 0\n"
				"6000-7000 rw-p 00000000 00:00 0\n");

	ck_assert_uint_eq(maps_count(m), 3);
	ck_assert_uint_eq(maps_at(m, 1)->start, 0x3000);
	ck_assert_uint_eq(maps_at(m, 1)->offset, 0x2000);
	ck_assert_ptr_null(maps_at(m, 3));
	maps_free(m);
}
END_TEST

START_TEST(an_address_finds_its_mapping)
{
	struct maps *m = parsed("1000-3000 r--p 0 0:0 0\n3000-4000 r--p 0 0:0 0\n6000-7000 r--p 0 0:0 0\n");

	ck_assert_ptr_null(maps_find(m, 0xfff));
	ck_assert_ptr_eq(maps_find(m, 0x1000), maps_at(m, 0));
	ck_assert_ptr_eq(maps_find(m, 0x2fff), maps_at(m, 0));
	ck_assert_ptr_eq(maps_find(m, 0x3000), maps_at(m, 1));
	ck_assert_ptr_null(maps_find(m, 0x4000));
	ck_assert_ptr_eq(maps_find(m, 0x6fff), maps_at(m, 2));
	ck_assert_ptr_null(maps_find(m, 0x7000));
	maps_free(m);
}
END_TEST

START_TEST(a_gap_is_near_and_out_of_the_way)
{
	static const struct {
		const char *what, *text;
		size_t length;
		raddr near, gap;
	} cases[] = {
		{ "behind its neighbour, a page apart", "400000-500000 r--p 0 0:0 0\n", 0x2000, 0x400000, 0x3fd000 },
		{ "the nearer side", "400000-500000 r--p 0 0:0 0\n", 0x2000, 0x4ff000, 0x501000 },
		{ "where it was asked for", "400000-500000 r--p 0 0:0 0\n", 0x1000, 0x700123, 0x700000 },
		{ "not in a hole too small", "400000-500000 r--p 0 0:0 0\n502000-600000 r--p 0 0:0 0\n", 0x1000, 0x500000,
		  0x601000 },
		{ "in a hole that just fits", "10000-500000 r--p 0 0:0 0\n503000-600000 r--p 0 0:0 0\n", 1, 0x500000,
		  0x501000 },
		{ "never below 64 KiB", "20000-500000 r--p 0 0:0 0\n", 0x10000, 0, 0x501000 },
		{ "at 64 KiB if need be", "30000-7fffffffe000 r--p 0 0:0 0\n", 0x10000, 0, 0x10000 },
		{ "not in the way of brk", "10000-500000 r--p 0 0:0 0\n500000-600000 rw-p 0 0:0 0 [heap]\n", 0x1000,
		  0x500000, 0x40600000 },
		{ "not below the stack", "10000-10000000 r--p 0 0:0 0\n12000000-12100000 rw-p 0 0:0 0 [stack]\n", 0x1000,
		  0x11700000, 0x10eff000 },
		{ "beyond the stack, when there is no room for both",
		  "10000-10000000 r--p 0 0:0 0\n11000000-11100000 rw-p 0 0:0 0 [stack]\n", 0x1000, 0x11000000, 0x11101000 },
		{ "nothing, in a full house", "10000-7ffffffff000 r--p 0 0:0 0\n", 0x1000, 0x400000, 0 },
		{ "never above user space",
		  "10000-7ffffffff000 r--p 0 0:0 0\nffffffffff600000-ffffffffff601000 --xp 0 0:0 0 [vsyscall]\n", 0x1000,
		  0x7ffffffff000, 0 },
		{ "nothing for too much", "400000-500000 r--p 0 0:0 0\n", SIZE_MAX, 0x400000, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct maps *m = parsed(cases[i].text);
		raddr gap = maps_gap(m, cases[i].length, cases[i].near);

		ck_assert_msg(gap == cases[i].gap, "%s: %#llx", cases[i].what, (unsigned long long)gap);
		maps_free(m);
	}
}
END_TEST

START_TEST(the_file_behind_a_mapping_is_opened_even_when_deleted)
{
	char name[] = "/tmp/memspy-test-XXXXXX";
	int fd = mkstemp(name), got;
	struct stat want, st;
	struct maps *m;
	void *at;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert_int_eq(fstat(fd, &want), 0);
	for (int deleted = 0; deleted < 2; deleted++) {
		if (deleted && geteuid() != 0)
			break; /* only map_files leads there */
		if (deleted)
			unlink(name);
		ck_ok(maps_read(&m, getpid(), &e), e);
		ck_assert_str_eq(maps_find(m, (raddr)(uintptr_t)at)->path, name);
		ck_ok(maps_open(getpid(), maps_find(m, (raddr)(uintptr_t)at), &got, &e), e);
		ck_assert_int_eq(fstat(got, &st), 0);
		ck_assert_uint_eq(st.st_ino, want.st_ino);
		close(got);
		maps_free(m);
	}
	unlink(name);
}
END_TEST

START_TEST(another_file_of_the_same_name_is_not_the_mapped_one)
{
	char name[] = "/tmp/memspy-test-XXXXXX";
	struct maps *m;
	int fd = mkstemp(name);
	void *at;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_ok(maps_read(&m, getpid(), &e), e);
	unlink(name);
	ck_assert_int_ge(open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0644), 0);
	fd = -1;
	ck_assert(geteuid() != 0 || seteuid(65534) == 0); /* without root map_files stays shut */
	ck_assert_int_eq(maps_open(getpid(), maps_find(m, (raddr)(uintptr_t)at), &fd, &e), -ESTALE);
	ck_assert_int_eq(fd, -1);
	ck_assert(getuid() != 0 || seteuid(0) == 0);
	unlink(name);
	maps_free(m);
}
END_TEST

START_TEST(a_mapping_that_is_no_more_is_worth_another_try)
{
	struct map map = { .start = 0x1000, .end = 0x2000, .inode = 1, .device_major = 99, .path = "/bin/sh" };
	int fd = -1;

	ck_assert_int_eq(maps_open(getpid(), &map, &fd, &e), -EAGAIN);
	map.path = "/no/such/file"; /* as after a chroot */
	ck_assert_int_eq(maps_open(getpid(), &map, &fd, &e), -EAGAIN);
	map.path = "/dev/null"; /* and a device is not even opened */
	ck_assert_int_eq(maps_open(getpid(), &map, &fd, &e), -ENODEV);
	map.path = "";
	map.inode = 0;
	ck_assert_int_eq(maps_open(getpid(), &map, &fd, &e), -ENOENT);
	ck_assert_int_eq(fd, -1);
}
END_TEST

/* ---- objects ---- */

struct search {
	const struct object *objects;
	size_t count, seen;
};

static int compare_with_loader(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search *s = context;

	(void)size;
	for (int k = 0; k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[k];
		raddr at = info->dlpi_addr + p->p_vaddr;
		bool found = false;

		if (p->p_type != PT_LOAD || strstr(info->dlpi_name, "vdso"))
			continue;
		for (size_t i = 0; i < s->count; i++) {
			const struct object *o = &s->objects[i];

			if (at < o->start || at + p->p_memsz > o->end)
				continue;
			ck_assert_uint_eq(o->bias, info->dlpi_addr);
			found = true;
			s->seen++;
		}
		ck_assert_msg(found, "segment %d of %s", k, info->dlpi_name);
	}
	return 0;
}

START_TEST(our_own_objects_are_where_the_loader_put_them)
{
	struct search s = { 0 };
	struct object *objects;
	struct remote *r;
	struct maps *m;

	ck_ok(maps_read(&m, getpid(), &e), e);
	ck_ok(remote_new_live(&r, getpid(), &e), e);
	ck_ok(maps_objects(m, r, &objects, &s.count, &e), e);
	s.objects = objects;
	dl_iterate_phdr(compare_with_loader, &s);
	ck_assert_uint_ge(s.seen, 8); /* of us, libc and the loader, at the very least */
	for (size_t i = 0; i < s.count; i++)
		ck_assert_str_ne(s.objects[i].path, "[vdso]");
	free(objects);
	remote_free(r);
	maps_free(m);
}
END_TEST

struct image {
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[2];
};

static struct image plain_image(void)
{
	struct image i = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_DYN, .e_phoff = sizeof(i.header), .e_phnum = 2,
			    .e_phentsize = sizeof(i.segments[0]) },
		.segments = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 0x400, .p_memsz = 0x400 },
			      { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x400, .p_vaddr = 0x1400,
				.p_filesz = 0x100, .p_memsz = 0x2000 } },
	};

	return i;
}

/* The mappings of that image: its second segment has offset 0 too, .bss stands behind, then somebody else's. */
static size_t objects_of(const struct image *image, int answer, struct object *ret, int *ret_answer)
{
	static struct maps *m; /* the object points into it */
	struct array a = { 0x10000, image, sizeof(*image), answer };
	struct remote *r = array_remote(&a);
	struct object *objects = NULL;
	size_t count = 0;

	maps_free(m);
	m = parsed("10000-11000 r-xp 00000000 fe:01 42 /lib/tiny.so\n"
		   "11000-12000 rw-p 00000000 fe:01 42 /lib/tiny.so\n"
		   "12000-14000 rw-p 00000000 00:00 0\n"
		   "14000-15000 rw-p 00000000 00:00 0 other\n"
		   "20000-21000 r--p 00000000 fe:01 42 /lib/tiny.so\n");
	*ret_answer = maps_objects(m, r, &objects, &count, &e);
	if (count)
		*ret = objects[0];
	free(objects);
	remote_free(r);
	return count;
}

START_TEST(an_object_is_one_span)
{
	struct image image = plain_image();
	struct object o;
	int answer;

	ck_assert_uint_eq(objects_of(&image, 0, &o, &answer), 1);
	ck_assert_int_eq(answer, 0);
	ck_assert_str_eq(o.path, "/lib/tiny.so");
	ck_assert_uint_eq(o.start, 0x10000);
	ck_assert_uint_eq(o.bias, 0x10000);
	ck_assert_uint_eq(o.end, 0x14000);

	image.header.e_type = ET_EXEC;
	image.segments[0].p_vaddr = 0x10000;
	image.segments[1].p_vaddr = 0x11400;
	ck_assert_uint_eq(objects_of(&image, 0, &o, &answer), 1);
	ck_assert_uint_eq(o.bias, 0);
	ck_assert_uint_eq(o.end, 0x14000);
}
END_TEST

START_TEST(two_segments_with_the_first_page_are_one_object)
{
	struct image pages[2 * 4096 / sizeof(struct image) + 1] = { 0 };
	struct array a = { 0x10000, pages, 0x2000, 0 };
	struct remote *r = array_remote(&a);
	struct image image = plain_image();
	struct object *objects;
	struct maps *m;
	size_t count;

	memcpy(pages, &image, sizeof(image));
	memcpy((char *)pages + 0x1000, &image, sizeof(image));
	m = parsed("10000-11000 r--p 00000000 fe:01 42 /lib/tiny.so\n"
		   "11000-12000 r-xp 00000000 fe:01 42 /lib/tiny.so\n");
	ck_ok(maps_objects(m, r, &objects, &count, &e), e);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(objects[0].start, 0x10000);
	ck_assert_uint_eq(objects[0].end, 0x12000);
	free(objects);
	remote_free(r);
	maps_free(m);
}
END_TEST

START_TEST(a_header_that_lies_is_no_object)
{
	struct image image;
	struct object o;
	int answer;

#define WITH(field, value)                                                       \
	do {                                                                     \
		image = plain_image();                                           \
		image.field = value;                                             \
		ck_assert_uint_eq(objects_of(&image, 0, &o, &answer), 0);        \
		ck_assert_int_eq(answer, 0);                                     \
	} while (0)
	WITH(header.e_ident[0], 0);
	WITH(header.e_ident[EI_CLASS], ELFCLASS32);
	WITH(header.e_type, ET_REL);
	WITH(header.e_type, ET_EXEC); /* not at its own address */
	WITH(header.e_phnum, 0);
	WITH(header.e_phnum, 3); /* more than can be read */
	WITH(header.e_phnum, 0xffff);
	WITH(header.e_phentsize, 8);
	WITH(header.e_phoff, UINT64_MAX - 8);
	WITH(header.e_phoff, 0xff8);
	WITH(segments[0].p_type = image.segments[1].p_type, PT_NOTE);
	WITH(segments[1].p_memsz, UINT64_MAX);
#undef WITH
	image = plain_image();
	ck_assert_uint_eq(objects_of(&image, READ_GONE, &o, &answer), 0);
	ck_assert_int_eq(answer, READ_GONE);
}
END_TEST

TESTS("maps", a_line_is_taken_apart, nonsense_is_a_fault_with_its_line, every_beginning_of_a_list_is_survived,
      what_is_told_twice_counts_once, an_address_finds_its_mapping, a_gap_is_near_and_out_of_the_way,
      the_file_behind_a_mapping_is_opened_even_when_deleted, another_file_of_the_same_name_is_not_the_mapped_one,
      a_mapping_that_is_no_more_is_worth_another_try, our_own_objects_are_where_the_loader_put_them, an_object_is_one_span,
      two_segments_with_the_first_page_are_one_object, a_header_that_lies_is_no_object)
