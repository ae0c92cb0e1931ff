/*
 * Who is held goes first, no longer than we hold it, and not when we are killed. It takes the right to a real-time priority,
 * and a kernel with locks that lend one: without them nobody is boosted, and there is nothing to see (exit 77).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/target/boost.h"
#include "check_memspy.h"
#include "memspy/clock.h"

enum { PLAIN = 20, LIMIT_S = 30 };

/* As the kernel sees it now: 20 without a priority, negative with one that is real-time. */
static int priority_of(pid_t pid)
{
	char path[64], line[1024];
	const char *at;
	int priority = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	fclose(f);
	at = strrchr(line, ')');
	for (int field = 2; at && field < 18; field++)
		at = strchr(at + 1, ' ');
	ck_assert(at && sscanf(at, "%d", &priority) == 1);
	return priority;
}

static void becomes(pid_t pid, bool boosted)
{
	uint64_t until = clock_now_ns() + LIMIT_S * 1000000000ull;

	while ((priority_of(pid) < 0) != boosted) {
		ck_assert_msg(clock_now_ns() < until, "its priority stays %d", priority_of(pid));
		usleep(200);
	}
}

static pid_t somebody(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static bool go_first(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
}

/* A kernel may be built without them (CONFIG_FUTEX_PI), and a sandbox may not have them. */
static bool kernel_lends(void)
{
	uint32_t lock = 0;

	return syscall(SYS_futex, &lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0 || errno != ENOSYS;
}

static void forget_how_to_lend(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_LOCK_PI, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog all = { sizeof(rules) / sizeof(rules[0]), rules };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all), 0);
	ck_assert(!kernel_lends());
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(a_thread_goes_first_while_it_is_boosted_and_not_longer)
{
	pid_t pid = somebody();

	ck_assert(go_first());
	for (int i = 0; i < 20; i++) {
		struct boost *b = boost_begin(pid);

		ck_assert_ptr_nonnull(b);
		becomes(pid, true);
		boost_end(b);
		ck_assert_int_eq(priority_of(pid), PLAIN);
	}
	end(pid);
}
END_TEST

START_TEST(it_ends_by_itself)
{
	pid_t pid = somebody();
	struct boost *b;

	ck_assert(go_first());
	b = boost_begin(pid);
	becomes(pid, true);
	becomes(pid, false);
	boost_end(b);
	end(pid);
}
END_TEST

START_TEST(it_ends_with_who_boosted)
{
	pid_t pid = somebody(), who = fork();

	ck_assert_int_ge(who, 0);
	if (!who) {
		while (go_first() && boost_begin(pid)) /* each ends by itself */
			usleep(1000);
		_exit(1);
	}
	becomes(pid, true);
	end(who);
	ck_assert_int_eq(priority_of(pid), PLAIN);
	end(pid);
}
END_TEST

START_TEST(one_that_has_gone_is_no_trouble)
{
	pid_t pid = somebody();
	struct boost *b;

	ck_assert(go_first());
	b = boost_begin(pid);
	becomes(pid, true);
	end(pid);
	boost_end(b);
	boost_end(boost_begin(pid));
	boost_end(NULL);
}
END_TEST

/* That is said at once, not after the time that a lock may take; a busy machine may be too late for it now and then. */
START_TEST(a_kernel_that_cannot_lend_is_no_trouble)
{
	uint64_t until = clock_now_ns() + LIMIT_S * 1000000000ull;
	pid_t pid = somebody();
	struct boost *b;

	ck_assert(go_first());
	forget_how_to_lend();
	while ((b = boost_begin(pid))) {
		ck_assert_int_eq(priority_of(pid), PLAIN);
		boost_end(b);
		ck_assert_msg(clock_now_ns() < until, "it goes on to wait for a lock that there is not");
	}
	ck_assert_int_eq(priority_of(pid), PLAIN);
	end(pid);
}
END_TEST

static int skip(const char *why)
{
	printf("skipped: %s\n", why);
	return 77;
}

int main(void)
{
	const TTest *const tests[] = {
		a_thread_goes_first_while_it_is_boosted_and_not_longer, it_ends_by_itself, it_ends_with_who_boosted,
		one_that_has_gone_is_no_trouble, a_kernel_that_cannot_lend_is_no_trouble,
	};
	const struct sched_param plain = { 0 };

	if (!go_first())
		return skip("no right to a real-time priority here");
	if (!kernel_lends())
		return skip("this kernel has no locks that lend a priority (futex FUTEX_LOCK_PI: ENOSYS)");
	sched_setscheduler(0, SCHED_OTHER, &plain);
	if (setpriority(PRIO_PROCESS, 0, 0) < 0)
		return skip("run with nice, and no right to undo that: whose priority is whose cannot be told");
	return run_tests("boost", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
}
