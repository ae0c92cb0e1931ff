#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check_memspy.h"
#include "memspy/preflight.h"
#include "../../src/target/preflight_private.h"

enum { NO_SUCH_PID = 0x7ffffff0, NOBODY = 65534 };
static struct err e;
static int ready[2], never[2];

/* System calls that even strict seccomp allows, so that any child can use it. */
static void say_ready_and_wait(void)
{
	char byte;

	if (write(ready[1], "", 1) != 1 || read(never[0], &byte, 1) < 0)
		_exit(1);
	for (;;)
		pause();
}

static pid_t child_that(void (*prepares)(void))
{
	pid_t child;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(never), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (prepares)
			prepares();
		say_ready_and_wait();
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, __WALL), child);
}

static const struct preflight_check *found(const struct preflight *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->checks[i].name, name) == 0)
			return &p->checks[i];
	return NULL;
}

static void expect_refusal(pid_t pid, int code, const char *sentence)
{
	struct preflight p;

	ck_ok(preflight_run(pid, &p, &e), e);
	ck_assert_int_eq(preflight_refuse(&p, &e), -code);
	ck_assert_str_eq(e.text, sentence);
}

START_TEST(nobody_is_refused_with_a_way_to_find_somebody)
{
	struct preflight p;

	ck_ok(preflight_run(NO_SUCH_PID, &p, &e), e);
	ck_assert_uint_eq(p.count, 1);
	ck_assert_str_eq(p.checks[0].text, "no process 2147483632");
	ck_assert_str_eq(p.checks[0].remedy, "`ps -e` lists those there are");
	expect_refusal(NO_SUCH_PID, ESRCH, "no process 2147483632; `ps -e` lists those there are");
}
END_TEST

static void *wait_for_end(void *tid)
{
	*(pid_t *)tid = gettid();
	if (write(ready[1], "", 1) != 1)
		return NULL;
	return read(never[0], tid, 1) ? NULL : tid;
}

START_TEST(neither_we_nor_threads_nor_the_dead_will_do)
{
	char sentence[256], byte;
	pthread_t thread;
	siginfo_t info;
	pid_t tid, child;

	snprintf(sentence, sizeof(sentence), "cannot attach to %d: that is memspy itself; give the pid of a Python process",
		 getpid());
	expect_refusal(getpid(), EINVAL, sentence);

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(never), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, &tid), 0);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	snprintf(sentence, sizeof(sentence), "cannot attach to %d: it is a thread of process %d; give --pid %d", tid, getpid(),
		 getpid());
	expect_refusal(tid, EINVAL, sentence);
	close(never[1]);
	pthread_join(thread, NULL);

	child = child_that(NULL);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	snprintf(sentence, sizeof(sentence),
		 "cannot attach to %d: it has ended, and waits for its parent (pid %d) to notice; nothing is left of it to see",
		 child, getpid());
	expect_refusal(child, ESRCH, sentence);
	end(child);
}
END_TEST

START_TEST(a_child_of_ours_is_fine)
{
	pid_t child = child_that(NULL);
	struct preflight p;

	ck_ok(preflight_run(child, &p, &e), e);
	ck_ok(preflight_refuse(&p, &e), e);
	ck_assert_ptr_nonnull(found(&p, "permission"));
	ck_assert_int_eq(found(&p, "permission")->answer, PREFLIGHT_OK);
	for (size_t i = 0; i < p.count; i++) {
		if (strcmp(p.checks[i].name, "seccomp")) /* a container's filter is its children's, too */
			ck_assert_msg(p.checks[i].answer == PREFLIGHT_OK, "%s: %s", p.checks[i].name, p.checks[i].text);
		ck_assert_msg(strlen(p.checks[i].why) > 20, "%s says not why", p.checks[i].name);
	}
	ck_assert_ptr_nonnull(found(&p, "state"));
	end(child);
}
END_TEST

START_TEST(a_stopped_process_is_a_note_and_no_obstacle)
{
	pid_t child = child_that(NULL);
	struct preflight p;

	kill(child, SIGSTOP);
	ck_assert_int_eq(waitpid(child, NULL, WUNTRACED), child);
	ck_ok(preflight_run(child, &p, &e), e);
	ck_ok(preflight_refuse(&p, &e), e);
	ck_assert_ptr_nonnull(found(&p, "state"));
	ck_assert_int_eq(found(&p, "state")->answer, PREFLIGHT_NOTE);
	ck_assert_ptr_nonnull(strstr(found(&p, "state")->remedy, "kill -CONT"));
	end(child);
}
END_TEST

START_TEST(one_process_has_one_tracer)
{
	pid_t child = child_that(NULL);
	char sentence[256];

	ck_assert_int_eq(ptrace(PTRACE_SEIZE, child, NULL, NULL), 0);
	snprintf(sentence, sizeof(sentence),
		 "cannot attach to %d: another tracer is attached: test_preflight (pid %d); "
		 "detach it: one process can have one tracer",
		 child, getpid());
	expect_refusal(child, EBUSY, sentence);
	end(child);
}
END_TEST

/* It runs on our thread's state, where a sanitizer's hooks of read and write have no business: raw calls only. */
__attribute__((no_sanitize("address", "undefined"))) static int run_shared(void *unused)
{
	(void)unused;
	syscall(SYS_write, ready[1], "", 1);
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

START_TEST(a_child_in_our_memory_is_refused)
{
	enum { STACK = 256 << 10 };
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char sentence[256], byte;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(never), 0);
	child = clone(run_shared, stack + STACK, CLONE_VM | SIGCHLD, NULL);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	snprintf(sentence, sizeof(sentence),
		 "cannot attach to %d: its memory is its parent's (a child of vfork); "
		 "attach to %d, or wait until it has called exec",
		 child, getpid());
	expect_refusal(child, EBUSY, sentence);
	end(child);
}
END_TEST

static void turn_strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		_exit(1);
}

static void filter_nothing(void)
{
	struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	struct sock_fprog program = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(1);
}

START_TEST(strict_seccomp_is_refused_and_a_filter_is_noted)
{
	pid_t strict = child_that(turn_strict), filtered = child_that(filter_nothing);
	struct preflight p;

	ck_ok(preflight_run(strict, &p, &e), e);
	ck_assert_int_eq(preflight_refuse(&p, &e), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(e.text, "seccomp is strict"));
	ck_ok(preflight_run(filtered, &p, &e), e);
	ck_ok(preflight_refuse(&p, &e), e);
	ck_assert_ptr_nonnull(found(&p, "seccomp"));
	ck_assert_int_eq(found(&p, "seccomp")->answer, PREFLIGHT_NOTE);
	end(strict);
	end(filtered);
}
END_TEST

START_TEST(a_shadow_stack_is_refused_before_it_kills)
{
	static const struct {
		const char *what, *status;
		bool refused;
	} cases[] = {
		{ "switched on", "State:\tS (sleeping)\nx86_Thread_features:\tshstk \nx86_Thread_features_locked:\tshstk wrss \n", true },
		{ "switched on, with writes", "x86_Thread_features:\twrss shstk\n", true },
		{ "locked off", "x86_Thread_features:\t\nx86_Thread_features_locked:\tshstk wrss \n", false },
		{ "something longer", "x86_Thread_features:\tshstk2 noshstk\n", false },
		{ "a kernel without", "State:\tS (sleeping)\nSeccomp:\t0\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct preflight p = { .pid = 7 };
		struct facts f = { .pid = 7, .group = 7, .yama = -1, .ptrace_answer = ESRCH };

		proc_status_parse(cases[i].status, &f.status);
		preflight_judge(&f, &p);
		ck_assert_msg((preflight_refuse(&p, &e) == -ENOTSUP) == cases[i].refused, "%s", cases[i].what);
		if (cases[i].refused)
			ck_assert_str_eq(e.text, "cannot attach to 7: it runs with a shadow stack (CET), which would end it at the "
						 "first return that memspy lays down; start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off");
	}
}
END_TEST

START_TEST(yama_is_explained)
{
	static const struct {
		const char *what;
		int yama, open_answer;
		const char *sentence;
	} cases[] = {
		{ "0 allows", 0, 0, "" },
		{ "1 allows whom the kernel lets", 1, 0, "" },
		{ "1", 1, EACCES, "cannot attach to 7: Yama allows it to those who started it only (ptrace_scope 1); run it as root or "
				  "give it CAP_SYS_PTRACE" },
		{ "2", 2, EACCES, "cannot attach to 7: Yama allows it to CAP_SYS_PTRACE only (ptrace_scope 2); run it as root or give it "
				  "CAP_SYS_PTRACE" },
		{ "3", 3, EACCES, "cannot attach to 7: Yama forbids it to everyone (ptrace_scope 3); set kernel.yama.ptrace_scope to 2 or "
				  "less and reboot: until then it cannot be changed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct preflight p = { .pid = 7 };
		struct facts f = { .pid = 7, .group = 7, .yama = cases[i].yama, .open_answer = cases[i].open_answer,
				   .ptrace_answer = ESRCH };

		e.text[0] = '\0';
		preflight_judge(&f, &p);
		preflight_refuse(&p, &e);
		ck_assert_msg(!strcmp(e.text, cases[i].sentence), "%s: %s", cases[i].what, e.text);
	}
}
END_TEST

static void become_nobody(void)
{
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		_exit(1);
}

static void become_private(void)
{
	become_nobody();
	prctl(PR_SET_DUMPABLE, 0);
}

/* The sentence for an ordinary user, told by a child that has become one. */
static void refusal_as_nobody(pid_t pid, char *to, size_t room)
{
	int answer[2];
	pid_t child;
	ssize_t n;

	ck_assert_int_eq(pipe(answer), 0);
	child = fork();
	if (child == 0) {
		struct preflight p;

		become_nobody();
		e.text[0] = '\0';
		if (preflight_run(pid, &p, &e) == 0)
			preflight_refuse(&p, &e);
		_exit(write(answer[1], e.text, strlen(e.text) + 1) < 0);
	}
	n = read(answer[0], to, room);
	ck_assert_int_gt(n, 0);
	close(answer[0]);
	close(answer[1]);
	waitpid(child, NULL, 0);
}

START_TEST(who_may_not_is_told_why)
{
	pid_t roots, private;
	char said[512], want[512];

	if (geteuid() != 0)
		return; /* only root can become somebody else */
	roots = child_that(NULL);
	private = child_that(become_private);
	snprintf(want, sizeof(want),
		 "cannot attach to %d: it belongs to root and memspy runs as nobody; run it as root or give it CAP_SYS_PTRACE",
		 roots);
	refusal_as_nobody(roots, said, sizeof(said));
	ck_assert_str_eq(said, want);
	snprintf(want, sizeof(want),
		 "cannot attach to %d: it has made itself private (PR_SET_DUMPABLE); run it as root or give it CAP_SYS_PTRACE",
		 private);
	refusal_as_nobody(private, said, sizeof(said));
	ck_assert_str_eq(said, want);
	end(roots);
	end(private);
}
END_TEST

START_TEST(what_the_caller_finds_is_added_and_bounded)
{
	struct preflight p = { .pid = 7 };

	preflight_add(&p, "python", PREFLIGHT_OK, 0, "", "CPython %s", "3.12.1");
	ck_ok(preflight_refuse(&p, &e), e);
	preflight_add(&p, "python", PREFLIGHT_NO, ENOTSUP, "", "it is not Python");
	preflight_add(&p, "later", PREFLIGHT_NO, EPERM, "", "it is something else");
	ck_assert_int_eq(preflight_refuse(&p, &e), -ENOTSUP);
	ck_assert_str_eq(e.text, "cannot attach to 7: it is not Python");
	for (int i = 0; i < 100; i++)
		preflight_add(&p, "more", PREFLIGHT_NOTE, 0, "", "%d", i);
	ck_assert_uint_eq(p.count, PREFLIGHT_MAX);
}
END_TEST

TESTS("preflight", nobody_is_refused_with_a_way_to_find_somebody, neither_we_nor_threads_nor_the_dead_will_do,
      a_child_of_ours_is_fine, a_stopped_process_is_a_note_and_no_obstacle, one_process_has_one_tracer,
      a_child_in_our_memory_is_refused, strict_seccomp_is_refused_and_a_filter_is_noted,
      a_shadow_stack_is_refused_before_it_kills, yama_is_explained, who_may_not_is_told_why,
      what_the_caller_finds_is_added_and_bounded)
