#include <string.h>

#include "check_memspy.h"
#include "memspy/command.h"

#define PYTHONS "; pgrep -a python shows those of Python"

static int run_nothing(const struct args *a, struct err *e)
{
	(void)a;
	(void)e;
	return 0;
}

static const struct command_option options[] = {
	{ .name = "duration", .letter = 'd', .kind = OPTION_DURATION, .min = 0.1, .max = 86400, .does = "how long" },
	{ .name = "interval", .kind = OPTION_DURATION, .fallback = "1", .does = "how often" },
	{ .name = "sample-bytes", .kind = OPTION_SIZE, .fallback = "512K", .min = 1024, .does = "how coarse" },
	{ .name = "count", .kind = OPTION_NUMBER, .min = 1, .max = 10, .does = "how many" },
	{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .does = "where to" },
	{ .name = "way", .kind = OPTION_CHOICE, .choices = "auto|dlopen|map", .fallback = "auto", .does = "how" },
	{ .name = "domains", .kind = OPTION_LIST, .choices = "malloc|mem|obj", .fallback = "malloc,obj", .does = "which" },
	{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "overwrite" },
	{ 0 },
};

static const struct command record = { .name = "record", .options = options, .needs = TAKES_PID | TAKES_PROGRAM,
				       .does = "record", .run = run_nothing };
static const struct command detach = { .name = "detach", .needs = NEEDS_PID, .does = "detach", .run = run_nothing };
static const struct command report = { .name = "report", .args = "FILE", .min_args = 1, .max_args = 1, .does = "report",
				       .run = run_nothing };

static const struct command top = { .name = "top", .needs = TAKES_PIDS, .does = "top", .run = run_nothing };

const struct command *const commands[] = { &record, &detach, &report, &top, NULL };

enum { MOST_WORDS = 12 };

static int parse(struct args **ret, const struct command *c, const char *const words[], struct err *e)
{
	char *argv[MOST_WORDS + 1] = { NULL };
	bool help = false;
	int argc = 0, r;

	for (; words[argc]; argc++)
		argv[argc] = (char *)words[argc];
	*ret = NULL;
	r = args_parse(ret, &help, c, argc, argv, e);
	return help ? 1000 : r;
}

static const struct {
	const struct command *command;
	const char *words[MOST_WORDS];
	const char *sentence;
} wrong[] = {
	{ &record, { "record", "--duration", "6O" }, "--duration: \"6O\" is not a time; write seconds (60) or 5m, 2h" },
	{ &record, { "record", "-d", "" }, "--duration: \"\" is not a time; write seconds (60) or 5m, 2h" },
	{ &record, { "record", "--duration=-5" }, "--duration: \"-5\" is not a time; write seconds (60) or 5m, 2h" },
	{ &record, { "record", "--duration", "0.01" }, "--duration: 0.01 is too little; the least is 0.1" },
	{ &record, { "record", "--duration", "2d" }, "--duration: 2d is too much; the most is 86400" },
	{ &record, { "record", "--sample-bytes", "1" }, "--sample-bytes: 1 is too little; the least is 1K" },
	{ &record, { "record", "--sample-bytes", "1Q" },
	  "--sample-bytes: \"1Q\" is not a size; write bytes (4096) or 512K, 16M, 1G" },
	{ &record, { "record", "--count", "11" }, "--count: 11 is too much; the most is 10" },
	{ &record, { "record", "--count", "x" }, "--count: \"x\" is not a number; write a whole one" },
	{ &record, { "record", "--pid", "0" }, "--pid: 0 is too little; the least is 1" PYTHONS },
	{ &record, { "record", "--pid", "-1" }, "--pid: -1 is too little; the least is 1" PYTHONS },
	{ &record, { "record", "--pid", "4194305" }, "--pid: 4194305 is too much; the most is 4194304" PYTHONS },
	{ &record, { "record", "--pid", "47x" }, "--pid: \"47x\" is not a number" PYTHONS },
	{ &record, { "record", "--pid" }, "--pid needs a value; write --pid N" },
	{ &record, { "record", "-p" }, "--pid needs a value; write --pid N" },
	{ &record, { "record", "--force=yes" }, "--force takes no value" },
	{ &record, { "record", "--output", "" }, "--output: the name of the file is empty; write one, such as heap.json" },
	{ &record, { "record", "--way", "door" }, "--way: \"door\" is not one of auto, dlopen or map" },
	{ &record, { "record", "--way", "dlopen|map" }, "--way: \"dlopen|map\" is not one of auto, dlopen or map" },
	{ &record, { "record", "--way", "" }, "--way: \"\" is not one of auto, dlopen or map" },
	{ &record, { "record", "--domains", "malloc,heap" }, "--domains: \"heap\" is none of malloc, mem or obj" },
	{ &record, { "record", "--domains", "malloc," }, "--domains: \"\" is none of malloc, mem or obj" },
	{ &record, { "record", "--intervall", "2" }, "there is no option --intervall; did you mean --interval?" },
	{ &record, { "record", "--colour" }, "there is no option --colour; memspy help record lists them" },
	{ &record, { "record", "-x" }, "there is no option -x; memspy help record lists them" },
	{ &record, { "record", "-fx" }, "there is no option -x; memspy help record lists them" },
	{ &record, { "record", "python3" }, "what is \"python3\"? a program to start stands behind --" },
	{ &record, { "record", "--" }, "there is no program behind --; write it there: -- python3 app.py" },
	{ &detach, { "detach" }, "needs --pid N: which process? pgrep -a python shows those of Python" },
	{ &detach, { "detach", "--pid", "4", "5" }, "what is \"5\"? a process is written --pid 5" },
	{ &report, { "report" }, "needs FILE; memspy help report shows how to write it" },
	{ &report, { "report", "a", "b" }, "what is \"b\"? memspy help report shows how to write it" },
	{ &report, { "report", "--pid", "4" }, "there is no option --pid; memspy help report lists them" },
};

START_TEST(what_makes_no_sense_is_refused_in_one_sentence)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = { "" };
		struct args *a;
		int r = parse(&a, wrong[i].command, wrong[i].words, &e);

		ck_assert_msg(r == COMMAND_USAGE, "%s: %d", wrong[i].sentence, r);
		ck_assert_str_eq(e.text, wrong[i].sentence);
		ck_assert_ptr_null(a);
	}
}
END_TEST

START_TEST(defaults_hold_until_something_is_written)
{
	struct err e = { "" };
	struct args *a;

	ck_ok(parse(&a, &record, (const char *const[]){ "record", NULL }, &e), e);
	ck_assert_uint_eq(args_size(a, "sample-bytes"), 512 << 10);
	ck_assert_double_eq(args_seconds(a, "interval"), 1);
	ck_assert(args_is(a, "way", "auto"));
	ck_assert_uint_eq(args_list(a, "domains"), 5);
	ck_assert(!args_flag(a, "force"));
	ck_assert(!args_given(a, "interval"));
	ck_assert_ptr_null(args_text(a, "output"));
	ck_assert_ptr_null(args_program(a));
	ck_assert_int_eq(args_pid(a), 0);
	args_free(a);
}
END_TEST

START_TEST(what_is_written_wins_in_any_order_and_form)
{
	static const char *const words[] = { "record", "-fo", "x.json", "--pid=4711", "--way", "map", "--domains=mem",
					     "--sample-bytes", "1M", "-d5m", NULL };
	struct err e = { "" };
	struct args *a;

	ck_ok(parse(&a, &record, words, &e), e);
	ck_assert_int_eq(args_pid(a), 4711);
	ck_assert_uint_eq(args_size(a, "sample-bytes"), 1 << 20);
	ck_assert_double_eq(args_seconds(a, "duration"), 300);
	ck_assert(args_is(a, "way", "map"));
	ck_assert_uint_eq(args_list(a, "domains"), 2);
	ck_assert(args_flag(a, "force") && args_given(a, "duration"));
	ck_assert_str_eq(args_text(a, "output"), "x.json");
	args_free(a);
}
END_TEST

START_TEST(what_stands_behind_two_dashes_is_the_programs_own)
{
	static const char *const words[] = { "record", "-o", "x", "--", "python3", "-f", "--pid", "--", "app.py", NULL };
	struct err e = { "" };
	struct args *a;

	ck_ok(parse(&a, &record, words, &e), e);
	ck_assert(!args_flag(a, "force"));
	ck_assert_int_eq(args_pid(a), 0);
	for (size_t i = 0; i < 6; i++) {
		const char *want = words[4 + i], *got = args_program(a)[i];

		ck_assert((!want && !got) || strcmp(want, got) == 0);
	}
	args_free(a);
}
END_TEST

START_TEST(a_file_may_begin_with_a_dash_behind_two_dashes)
{
	struct err e = { "" };
	struct args *a;

	ck_ok(parse(&a, &report, (const char *const[]){ "report", "--", "-x", NULL }, &e), e);
	ck_assert_uint_eq(args_count(a), 1);
	ck_assert_str_eq(args_at(a, 0), "-x");
	args_free(a);
}
END_TEST

START_TEST(help_comes_before_what_is_missing)
{
	struct err e = { "" };
	struct args *a;

	ck_assert_int_eq(parse(&a, &detach, (const char *const[]){ "detach", "--help", NULL }, &e), 1000);
	ck_assert_int_eq(parse(&a, &report, (const char *const[]){ "report", "-h", NULL }, &e), 1000);
	ck_assert_ptr_null(a);
}
END_TEST

START_TEST(help_tells_every_option_and_its_default)
{
	struct buf text = { 0 };

	help_command(&text, &record);
	for (const struct command_option *o = options; o->name; o++)
		ck_assert_ptr_nonnull(strstr(text.data, o->does));
	ck_assert_ptr_nonnull(strstr(text.data, "--pid N"));
	ck_assert_ptr_nonnull(strstr(text.data, "(default: 512K)"));
	ck_assert_ptr_nonnull(strstr(text.data, "auto|dlopen|map"));
	buf_done(&text);
}
END_TEST

START_TEST(the_nearest_name_is_suggested_and_nothing_far)
{
	static const char *const names[] = { "record", "report", "attach", "detach", "top", NULL };

	ck_assert_str_eq(suggest("recrod", names), "record");
	ck_assert_str_eq(suggest("rec", names), "record");
	ck_assert_str_eq(suggest("atach", names), "attach");
	ck_assert_ptr_null(suggest("frobnicate", names));
	ck_assert_ptr_null(suggest("", names));
	ck_assert_ptr_null(suggest("a-word-that-is-far-longer-than-any-name-of-a-command", names));
}
END_TEST

START_TEST(several_processes_are_kept_in_order_each_once)
{
	struct args *a;
	struct err e = { "" };
	size_t count;
	const pid_t *pids;

	ck_ok(parse(&a, &top, (const char *const[]){ "top", "--pid", "7", "-p", "5", "--pid=7", NULL }, &e), e);
	pids = args_pids(a, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(pids[0], 7);
	ck_assert_int_eq(pids[1], 5);
	args_free(a);
	ck_ok(parse(&a, &top, (const char *const[]){ "top", NULL }, &e), e);
	args_pids(a, &count);
	ck_assert_uint_eq(count, 0);
	args_free(a);
	ck_assert_int_eq(parse(&a, &top, (const char *const[]){ "top", "--pid", "0", NULL }, &e), COMMAND_USAGE);
}
END_TEST

TESTS("options", several_processes_are_kept_in_order_each_once, what_makes_no_sense_is_refused_in_one_sentence, defaults_hold_until_something_is_written,
      what_is_written_wins_in_any_order_and_form, what_stands_behind_two_dashes_is_the_programs_own,
      a_file_may_begin_with_a_dash_behind_two_dashes, help_comes_before_what_is_missing,
      help_tells_every_option_and_its_default, the_nearest_name_is_suggested_and_nothing_far)
