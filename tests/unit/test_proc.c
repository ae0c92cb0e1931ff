#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/target/title.h"
#include "check_memspy.h"
#include "memspy/proc.h"

enum { NO_SUCH_PID = 0x7ffffff0 }; /* above the kernel's limit */
static struct err e;

/* A child that waits to be killed, after it has called `before`. */
static pid_t sleeping_child(void (*before)(void))
{
	int ready[2];
	pid_t child;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (before)
			before();
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void kill_but_leave_a_zombie(pid_t child)
{
	siginfo_t info;

	kill(child, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
}

START_TEST(a_pid_with_its_start_is_a_process)
{
	struct proc_id us, other;
	uint64_t now, start;
	struct timespec t;

	ck_ok(proc_identify(getpid(), &us, &e), e);
	ck_assert_int_eq(us.pid, getpid());
	ck_assert(proc_is_same(&us));
	other = us;
	other.start_ticks--;
	ck_assert(!proc_is_same(&other));

	clock_gettime(CLOCK_BOOTTIME, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	start = proc_start_ns(&us);
	ck_assert_uint_le(start, now);
	ck_assert_uint_lt(now - start, 300ull * 1000000000u);
}
END_TEST

START_TEST(there_is_a_sentence_for_nobody)
{
	static const pid_t nobody[] = { NO_SUCH_PID, 0, -1 };
	struct proc_status status;
	struct memory memory;
	struct proc_id id;
	size_t count;
	pid_t *tids;
	char *text;

	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		ck_assert_int_eq(proc_identify(nobody[i], &id, &e), -ESRCH);
		ck_assert_msg(strstr(e.text, "`ps -e` lists those there are"), "%s", e.text);
		ck_assert_int_eq(proc_status_read(nobody[i], &status, &e), -ESRCH);
		ck_assert_int_eq(proc_title(nobody[i], &text, &e), -ESRCH);
	}
	ck_assert_int_eq(proc_threads(NO_SUCH_PID, &tids, &count, &e), -ESRCH);
	ck_assert_int_eq(proc_memory(NO_SUCH_PID, true, &memory, &e), READ_GONE);
}
END_TEST

static void rename_to_confuse(void)
{
	prctl(PR_SET_NAME, "a) R 1 (\n)");
}

START_TEST(a_name_cannot_forge_a_line_of_stat)
{
	struct proc_status status;
	struct proc_id us, child_id;
	pid_t child;

	ck_ok(proc_identify(getpid(), &us, &e), e);
	child = sleeping_child(rename_to_confuse);
	ck_ok(proc_identify(child, &child_id, &e), e);
	ck_assert_uint_ge(child_id.start_ticks, us.start_ticks);
	ck_assert_uint_lt(child_id.start_ticks, us.start_ticks + 100000);
	for (int i = 0; i < 1000; i++) { /* until it has come to its sleep */
		ck_ok(proc_status_read(child, &status, &e), e);
		if (status.state == 'S')
			break;
		usleep(1000);
	}
	ck_assert_int_eq(status.state, 'S');
	ck_assert_int_eq(status.parent, getpid());
	ck_assert_str_eq(status.comm, "a) R 1 (\n)");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
END_TEST

START_TEST(a_zombie_is_no_longer_the_process)
{
	pid_t child = sleeping_child(NULL);
	struct memory memory;
	struct proc_id id;
	char *title;

	ck_ok(proc_identify(child, &id, &e), e);
	ck_assert(proc_is_same(&id));
	ck_ok(proc_memory(child, true, &memory, &e), e);
	kill_but_leave_a_zombie(child);
	ck_assert(!proc_is_same(&id));
	ck_assert_int_eq(proc_memory(child, false, &memory, &e), READ_GONE);
	ck_assert_int_eq(proc_memory(child, true, &memory, &e), READ_GONE);
	ck_ok(proc_title(child, &title, &e), e);
	ck_assert_str_eq(title, "[test_proc]");
	free(title);
	waitpid(child, NULL, 0);
	ck_assert(!proc_is_same(&id));
}
END_TEST

START_TEST(our_own_status)
{
	struct proc_status status;

	ck_ok(proc_status_read(getpid(), &status, &e), e);
	ck_assert_int_eq(status.state, 'R');
	ck_assert_uint_eq(status.uid, geteuid());
	ck_assert_int_eq(status.parent, getppid());
	ck_assert_uint_eq(status.threads, 1);
	ck_assert(!status.other_pid_namespace && !status.other_mount_namespace);
	ck_assert_str_eq(status.comm, "test_proc");
}
END_TEST

static pthread_barrier_t both;

static void *tell_tid(void *ret)
{
	*(pid_t *)ret = gettid();
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	return NULL;
}

START_TEST(all_threads_are_listed)
{
	pthread_t thread;
	pid_t tid, *tids;
	size_t count;

	pthread_barrier_init(&both, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell_tid, &tid), 0);
	pthread_barrier_wait(&both);
	ck_ok(proc_threads(getpid(), &tids, &count, &e), e);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(tids[0] + tids[1], getpid() + tid);
	free(tids);
	pthread_barrier_wait(&both);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(memory_that_is_touched_is_counted_by_its_kind)
{
	enum { SIZE = 16 << 20, SLACK = 2 << 20 };
	struct memory before, after, quick;
	char *anon, *shared;

	ck_ok(proc_memory(getpid(), true, &before, &e), e);
	anon = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(anon, 1, SIZE);
	memset(shared, 1, 2 * SIZE);
	ck_ok(proc_memory(getpid(), true, &after, &e), e);
	ck_ok(proc_memory(getpid(), false, &quick, &e), e);
	ck_assert(after.has_detail && !quick.has_detail);
	ck_assert_uint_ge(after.rss, before.rss + 3 * SIZE - SLACK);
	ck_assert_uint_le(after.rss, before.rss + 3 * SIZE + SLACK);
	ck_assert_uint_ge(quick.rss + SLACK, after.rss);
	ck_assert_uint_ge(after.rss_anon, before.rss_anon + SIZE - SLACK);
	ck_assert_uint_le(after.rss_anon, before.rss_anon + SIZE + SLACK);
	ck_assert_uint_ge(after.rss_shmem, before.rss_shmem + 2 * SIZE - SLACK);
	ck_assert_uint_ge(after.pss, before.pss + 3 * SIZE - SLACK);
	ck_assert_uint_gt(after.rss_file, 0);
	munmap(anon, SIZE);
	munmap(shared, 2 * SIZE);
}
END_TEST

START_TEST(a_title_says_what_runs)
{
#define ARGUMENTS(a) a, sizeof(a)
	static const struct {
		const char *cmdline;
		size_t length; /* with the last NUL, as the kernel has it */
		const char *title;
	} cases[] = {
		{ ARGUMENTS("python\0app.py"), "app.py" },
		{ ARGUMENTS("/usr/bin/python3.11\0-u\0/srv/shop/app.py\0--port\00080"), "app.py" },
		{ ARGUMENTS("python3\0-m\0http.server\08000"), "python3 -m http.server" },
		{ ARGUMENTS("python\0-Im\0http.server"), "python -m http.server" },
		{ ARGUMENTS("python\0-mhttp.server"), "python -m http.server" },
		{ ARGUMENTS("python\0-c\0import os\nos.abort()"), "python -c" },
		{ ARGUMENTS("python\0-X\0dev\0-Wignore\0-W\0error\0run.py"), "run.py" },
		{ ARGUMENTS("python\0--check-hash-based-pycs\0never\0run.py"), "run.py" },
		{ ARGUMENTS("python\0-"), "python -" },
		{ ARGUMENTS("python"), "python" },
		{ ARGUMENTS("python\0-m"), "python -m" },
		{ ARGUMENTS("python\0/opt/tool/__main__.py"), "tool/__main__.py" },
		{ ARGUMENTS("python\0__main__.py"), "__main__.py" },
		{ ARGUMENTS("/usr/bin/python3\0/usr/bin/gunicorn\0shop.wsgi"), "gunicorn" },
		{ ARGUMENTS("gunicorn: worker [shop.wsgi]\0\0\0\0\0\0"), "gunicorn: worker [shop.wsgi]" },
		{ ARGUMENTS("/usr/sbin/uwsgi\0--ini\0x.ini"), "uwsgi" },
		{ ARGUMENTS("pythonista\0x.py"), "pythonista" },
		{ ARGUMENTS("python\0bad\033[31mname\n.py"), "bad?[31mname?.py" },
		{ ARGUMENTS(""), "" },
		{ ARGUMENTS("\0\0\0"), "" },
		{ ARGUMENTS("a: 3456789012345678901234567890123456789012345678901234567890123456789012345\xc3\xa9 tail of it"),
		  "a: 3456789012345678901234567890123456789012345678901234567890123456789012345…" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf title = { 0 };

		title_from_cmdline(cases[i].cmdline, cases[i].length, &title);
		ck_assert_str_eq(title.data ? title.data : "", cases[i].title);
		buf_done(&title);
	}
}
END_TEST

START_TEST(a_thread_that_ended_has_a_state_of_its_own)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	for (int i = 0; i < 500 && proc_thread_state(pid, pid) != 'Z'; i++)
		usleep(1000);
	ck_assert_int_eq(proc_thread_state(pid, pid), 'Z');
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(proc_thread_state(pid, pid), 0);
	ck_assert_int_eq(proc_thread_state(getpid(), getpid()), 'R');
}
END_TEST

START_TEST(our_own_command_line_and_executable)
{
	char exe[512], small[5];
	char *cmdline;
	size_t length;

	ck_ok(proc_cmdline(getpid(), &cmdline, &length, &e), e);
	ck_assert_uint_gt(length, strlen("test_proc"));
	ck_assert_ptr_nonnull(strstr(cmdline, "test_proc"));
	ck_ok(proc_exe(getpid(), exe, sizeof(exe), &e), e);
	ck_assert_ptr_nonnull(strstr(exe, "test_proc"));
	ck_ok(proc_exe(getpid(), small, sizeof(small), &e), e);
	ck_assert_uint_eq(strlen(small), 4);
	free(cmdline);
}
END_TEST

TESTS("proc", a_pid_with_its_start_is_a_process, there_is_a_sentence_for_nobody, a_name_cannot_forge_a_line_of_stat,
      a_zombie_is_no_longer_the_process, our_own_status, all_threads_are_listed,
      memory_that_is_touched_is_counted_by_its_kind, a_title_says_what_runs, a_thread_that_ended_has_a_state_of_its_own,
      our_own_command_line_and_executable)
