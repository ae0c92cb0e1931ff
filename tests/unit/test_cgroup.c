#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_memspy.h"
#include "memspy/cgroup.h"

static char base[] = "/tmp/memspy-test-XXXXXX";

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", base, folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s%s/%s", base, folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* A tree of groups of both versions under /tmp; the lines of mountinfo that show it. */
static const char *tree(void)
{
	static char mounts[1024];

	ck_assert_ptr_nonnull(mkdtemp(base));
	put("/v1", "memory.limit_in_bytes", "9223372036854771712\n");
	put("/v1/pod", "memory.limit_in_bytes", "1000000\n");
	put("/v1/pod/app", "memory.limit_in_bytes", "2000000\n");
	put("/v1/pod/app", "memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n");
	put("/v2", "cgroup.procs", "");
	put("/v2/pod", "memory.max", "max\n");
	put("/v2/pod", "memory.events", "low 0\nhigh 0\nmax 9\noom 7\noom_kill 5\noom_group_kill 0\n");
	put("/v2/pod/app", "memory.max", "3000000\n");
	put("/v2/pod/app", "memory.events", "oom_group_kill 4\noom_kill 2\n");
	snprintf(mounts, sizeof(mounts),
		 "22 1 0:21 / /proc rw - proc proc rw\n"
		 "30 1 0:31 / %s/cpu rw - cgroup cgroup rw,cpu\n"
		 "31 1 0:31 / %s/v1 rw shared:9 - cgroup cgroup rw,memory,oddmemory\n"
		 "32 1 0:32 / %s/v2 rw - cgroup2 cgroup2 rw\n", base, base, base);
	return mounts;
}

static void cut_down(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", base);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(the_least_limit_around_it_counts_and_its_own_kills)
{
	static const struct {
		const char *what, *groups;
		uint64_t limit, kills;
		bool counts;
	} cases[] = {
		{ "version 1", "5:cpu,memory,pids:/pod/app\n1:cpu:/other\n", 1000000, 3, true },
		{ "version 1 at the top", "4:memory:/\n", 0, 0, false },
		{ "version 2", "0::/pod/app\n", 3000000, 2, true },
		{ "version 2, no limit", "0::/pod\n", 0, 5, true },
		{ "both: version 1 has the memory", "0::/pod\n4:memory:/pod/app\n", 1000000, 3, true },
		{ "both: it is not version 1 that has it", "4:oddmemory:/pod\n0::/pod/app\n", 3000000, 2, true },
		{ "gone", "0::/pod/app/gone\n", 3000000, 0, false },
	};
	const char *mounts = tree();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cgroup *c = cgroup_parse(mounts, cases[i].groups);
		uint64_t kills = 0;

		ck_assert_msg(c != NULL, "%s", cases[i].what);
		ck_assert_msg(cgroup_limit(c) == cases[i].limit, "%s: %llu", cases[i].what,
			      (unsigned long long)cgroup_limit(c));
		ck_assert_msg(cgroup_kills(c, &kills) == cases[i].counts && kills == cases[i].kills, "%s: %llu", cases[i].what,
			      (unsigned long long)kills);
		cgroup_free(c);
	}
	cut_down();
}
END_TEST

START_TEST(a_mount_that_shows_a_part_shows_it_at_its_top)
{
	char mounts[512];
	struct cgroup *c;

	tree();
	snprintf(mounts, sizeof(mounts), "32 1 0:32 /docker/pod %s/v2/pod rw - cgroup2 cgroup2 rw\n", base);
	c = cgroup_parse(mounts, "0::/docker/pod/app\n");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(cgroup_limit(c), 3000000);
	cgroup_free(c);
	ck_assert_ptr_null(cgroup_parse(mounts, "0::/docker/podium/app\n"));
	ck_assert_ptr_null(cgroup_parse(mounts, "0::/other\n"));
	cut_down();
}
END_TEST

START_TEST(what_cannot_be_seen_is_not_known)
{
	static const char *const groups[] = { "", "\n", "0::/../other\n", "4:memory\n", "::\n", ":", "4:cpu:/pod\n", "0:\n:/x" };
	const char *mounts = tree();

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		ck_assert_msg(!cgroup_parse(mounts, groups[i]), "%s", groups[i]);
	ck_assert_ptr_null(cgroup_parse("", "0::/pod\n"));
	ck_assert_ptr_null(cgroup_parse("32 1 0:32 / /sys\n32 1 0:32 / - cgroup2\n - \n", "0::/pod\n"));
	ck_assert_ptr_null(cgroup_find(0x7ffffff0));
	cut_down();
}
END_TEST

TESTS("cgroup", the_least_limit_around_it_counts_and_its_own_kills, a_mount_that_shows_a_part_shows_it_at_its_top,
      what_cannot_be_seen_is_not_known)
