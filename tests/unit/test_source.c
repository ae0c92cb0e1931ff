/* Source is read as the process sees it, and nothing else is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_memspy.h"
#include "memspy/source.h"

static struct err e;
static struct buf text;
static char folder[64];

static void put(const char *name, const char *content)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	ck_assert(f && fputs(content, f) >= 0 && fclose(f) == 0);
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/memspy-source-%d", getpid());
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	buf_reset(&text);
}

static void end(void)
{
	char command[128];

	buf_done(&text);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static int lines(pid_t pid, const char *name, int first, int count)
{
	buf_reset(&text);
	e.text[0] = '\0';
	return source_lines(pid, name, first, count, &text, &e);
}

START_TEST(lines_are_counted_from_one)
{
	static const struct {
		const char *content;
		int first, count;
		const char *is;
	} cases[] = {
		{ "a\nb\nc\n", 1, 2, "a\nb\n" },   { "a\nb\nc\n", 3, 5, "c\n" }, { "a\nb\nc", 3, 1, "c\n" },
		{ "a\nb\n", 4, 2, "" },		   { "", 1, 9, "" },		 { "\n\nx\n", 2, 2, "\nx\n" },
		{ "a\r\nb\n", 1, 1, "a\r\n" },
	};
	char path[128];

	begin();
	snprintf(path, sizeof(path), "%s/a.py", folder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("a.py", cases[i].content);
		ck_ok(lines(getpid(), path, cases[i].first, cases[i].count), e);
		ck_assert_str_eq(text.data ? text.data : "", cases[i].is);
	}
	end();
}
END_TEST

START_TEST(a_relative_name_is_of_its_current_directory)
{
	begin();
	put("a.py", "here\n");
	ck_assert_int_eq(chdir(folder), 0);
	ck_ok(lines(getpid(), "a.py", 1, 1), e);
	ck_assert_str_eq(text.data, "here\n");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_lt(lines(getpid(), "a.py", 1, 1), 0);
	end();
}
END_TEST

START_TEST(what_is_no_ordinary_file_is_refused_at_once)
{
	static const char *const names[] = { "fifo", "/dev/zero", "/dev/tty", "folder", "missing", "<frozen importlib._bootstrap>", "",
					     "socket\n" };
	char path[128];

	begin();
	snprintf(path, sizeof(path), "%s/fifo", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/folder", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", names[i][0] == '/' ? "" : folder, names[i]);
		ck_assert_msg(lines(getpid(), path, 1, 1) < 0, "%s was read", path);
		ck_assert_msg(e.text[0], "%s has no sentence", path);
	}
	end();
}
END_TEST

START_TEST(a_file_without_end_is_not_read_to_its_end)
{
	char path[128];
	int fd;

	begin();
	put("huge.py", "first\n");
	snprintf(path, sizeof(path), "%s/huge.py", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 1ll << 40), 0); /* a hole, one line of a terabyte */
	close(fd);
	ck_ok(lines(getpid(), path, 1, 3), e);
	ck_assert_str_eq(text.data, "first\n");
	ck_assert_uint_lt(text.length, 10000);
	end();
}
END_TEST

/* A process whose root is the folder. */
static pid_t jailed(void)
{
	int pipes[2];
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		if (chroot(folder) == 0 && chdir("/") == 0 && write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1) {
		waitpid(child, NULL, 0);
		child = -1;
	}
	close(pipes[0]);
	return child;
}

START_TEST(no_link_leads_out_of_its_root)
{
	static const struct {
		const char *name, *to;
		const char *is; /* NULL: refused */
	} cases[] = {
		{ "inside", "/a.py", "inside\n" }, { "up", "../../../../a.py", "inside\n" }, { "out", "/etc/passwd", NULL },
		{ "far", "../../../../../../etc/passwd", NULL }, { "magic", "/proc/self/root/etc/passwd", NULL },
	};
	char path[128];
	pid_t child;

	begin();
	put("a.py", "inside\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, cases[i].name);
		ck_assert_int_eq(symlink(cases[i].to, path), 0);
	}
	child = jailed();
	if (child < 0)
		fprintf(stderr, "skipped: links out of a root: chroot is not allowed here\n");
	for (size_t i = 0; child > 0 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r;

		snprintf(path, sizeof(path), "/%s", cases[i].name);
		r = lines(child, path, 1, 1);
		ck_assert_msg((r == 0) == (cases[i].is != NULL), "%s: %d %s", path, r, text.data ? text.data : "");
		if (cases[i].is)
			ck_assert_str_eq(text.data, cases[i].is);
	}
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		ck_assert_int_lt(lines(child, "/a.py", 1, 1), 0);
	}
	end();
}
END_TEST

TESTS("source", lines_are_counted_from_one, a_relative_name_is_of_its_current_directory, what_is_no_ordinary_file_is_refused_at_once,
      a_file_without_end_is_not_read_to_its_end, no_link_leads_out_of_its_root)
