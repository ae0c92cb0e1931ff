#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array_remote.h"

static struct err e;

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

START_TEST(a_read_is_whole_or_torn)
{
	static const struct {
		const char *what;
		raddr at;
		size_t length;
		int answer;
	} cases[] = {
		{ "all of it", 0x1000, 16, 0 },
		{ "the last byte", 0x100f, 1, 0 },
		{ "nothing at all, anywhere", 0xdead, 0, 0 },
		{ "one byte past the end", 0x1000, 17, READ_TORN },
		{ "one byte before", 0xfff, 2, READ_TORN },
		{ "round the end of the world", UINT64_MAX - 3, 8, READ_TORN },
	};
	struct array a = { 0x1000, "0123456789abcdef", 16, 0 };
	struct remote *r = array_remote(&a);
	char to[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(remote_read(r, cases[i].at, to, cases[i].length, &e) == cases[i].answer, "%s",
			      cases[i].what);
	a.at = UINT64_MAX - 3; /* and a reader that would go round is not even asked */
	ck_assert_int_eq(remote_read(r, UINT64_MAX - 3, to, 8, &e), READ_TORN);
	remote_free(r);
}
END_TEST

START_TEST(a_string_ends_at_nul_or_at_the_room)
{
	char page[8192] = { 0 };
	struct array a = { 0x7000, page, sizeof(page), 0 };
	struct remote *r = array_remote(&a);
	char to[16];

	memcpy(page + 4090, "across pages", 13);
	ck_ok(remote_read_string(r, 0x7000 + 4090, to, sizeof(to), &e), e);
	ck_assert_str_eq(to, "across pages");
	ck_ok(remote_read_string(r, 0x7000 + 4090, to, 7, &e), e);
	ck_assert_str_eq(to, "across");

	/* It ends right before what is not mapped: the page behind must not be asked for. */
	memcpy(page + sizeof(page) - 4, "end", 4);
	ck_ok(remote_read_string(r, 0x7000 + sizeof(page) - 4, to, sizeof(to), &e), e);
	ck_assert_str_eq(to, "end");
	page[sizeof(page) - 1] = '!';
	ck_assert_int_eq(remote_read_string(r, 0x7000 + sizeof(page) - 4, to, sizeof(to), &e), READ_TORN);
	ck_assert_str_eq(to, "");
	remote_free(r);
}
END_TEST

START_TEST(pieces_are_read_up_to_the_first_that_fails)
{
	struct array a = { 0x1000, "01234567", 8, 0 };
	struct remote *r = array_remote(&a);
	char x[4] = "", y[4] = "";
	struct remote_piece pieces[] = { { 0x1000, x, 2 }, { 0x1006, y, 2 }, { 0x1007, y, 2 } };

	ck_ok(remote_readv(r, pieces, 2, &e), e);
	ck_assert_str_eq(x, "01");
	ck_assert_str_eq(y, "67");
	ck_assert_int_eq(remote_readv(r, pieces, 3, &e), READ_TORN);
	a.answer = READ_GONE;
	ck_assert_int_eq(remote_readv(r, pieces, 2, &e), READ_GONE);
	remote_free(r);
}
END_TEST

START_TEST(an_array_cannot_be_written)
{
	struct array a = { 0x1000, "01234567", 8, 0 };
	struct remote *r = array_remote(&a);

	ck_assert_int_eq(remote_write_u64(r, 0x1000, 1, &e), -ENOTSUP);
	ck_assert_str_ne(e.text, "");
	remote_free(r);
}
END_TEST

START_TEST(a_live_process_is_read_and_written_where_it_is_mapped)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *three = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct remote_piece pieces[2];
	struct remote *r;
	char to[16], other[4];
	uint64_t word;

	ck_assert_ptr_ne(three, MAP_FAILED);
	ck_ok(remote_new_live(&r, getpid(), &e), e);
	ck_ok(remote_write_u64(r, address(three), 0x1122334455667788, &e), e);
	ck_ok(remote_read_u64(r, address(three), &word, &e), e);
	ck_assert_uint_eq(word, 0x1122334455667788);
	ck_assert_uint_eq(*(volatile uint64_t *)three, word);

	/* A guard page between: forbidden to process_vm_readv, not to us. */
	strcpy(three + page, "guarded");
	ck_assert_int_eq(mprotect(three + page, page, PROT_NONE), 0);
	pieces[0] = (struct remote_piece){ address(three), other, 4 };
	pieces[1] = (struct remote_piece){ address(three) + page, to, 8 };
	ck_ok(remote_readv(r, pieces, 2, &e), e);
	ck_assert_str_eq(to, "guarded");

	munmap(three + 2 * page, page);
	ck_assert_int_eq(remote_read(r, address(three) + 2 * page, to, 1, &e), READ_TORN);
	ck_assert_int_eq(remote_read(r, address(three) + 2 * page - 4, to, 8, &e), READ_TORN);
	ck_assert_int_eq(remote_write_u64(r, address(three) + 2 * page, 1, &e), READ_TORN);
	ck_assert_int_eq(remote_read(r, 0, to, 8, &e), READ_TORN);
	ck_assert_int_eq(remote_read(r, 1ull << 63, to, 8, &e), READ_TORN);
	munmap(three, 2 * page);
	remote_free(r);
}
END_TEST

START_TEST(many_pieces_take_one_way_and_arrive)
{
	enum { N = 200 };
	uint32_t from[N], to[N] = { 0 };
	struct remote_piece pieces[N];
	struct remote *r;

	for (uint32_t i = 0; i < N; i++) {
		from[i] = i * 7 + 1;
		pieces[i] = (struct remote_piece){ address(&from[i]), &to[i], sizeof(to[i]) };
	}
	ck_ok(remote_new_live(&r, getpid(), &e), e);
	ck_ok(remote_readv(r, pieces, N, &e), e);
	ck_assert_mem_eq(from, to, sizeof(from));
	remote_free(r);
}
END_TEST

START_TEST(a_dead_process_is_gone_and_not_torn)
{
	static uint64_t word = 42;
	uint64_t to[2];
	struct remote_piece pieces[] = { { address(&word), &to[0], 8 }, { address(&word), &to[1], 8 } };
	struct remote *r;
	pid_t child = fork();
	uint64_t got;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	ck_ok(remote_new_live(&r, child, &e), e);
	ck_ok(remote_read_u64(r, address(&word), &got, &e), e);
	ck_assert_uint_eq(got, 42);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	errno = EIO; /* left over from elsewhere: the kernel says "gone" with 0 bytes and no errno */
	ck_assert_int_eq(remote_read_u64(r, address(&word), &got, &e), READ_GONE);
	ck_assert_int_eq(remote_readv(r, pieces, 2, &e), READ_GONE);
	ck_assert_int_eq(remote_write_u64(r, address(&word), 1, &e), READ_GONE);
	remote_free(r);
	ck_assert_int_eq(remote_new_live(&r, child, &e), -ESRCH);
}
END_TEST

TESTS("remote", a_read_is_whole_or_torn, a_string_ends_at_nul_or_at_the_room,
      pieces_are_read_up_to_the_first_that_fails, an_array_cannot_be_written,
      a_live_process_is_read_and_written_where_it_is_mapped, many_pieces_take_one_way_and_arrive, a_dead_process_is_gone_and_not_torn)
