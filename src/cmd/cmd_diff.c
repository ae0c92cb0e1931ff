#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "memspy/diff.h"
#include "memspy/terminal.h"
#include "fault_private.h"
#include "put_private.h"

/* What is compared: the names of views and groupings as report has them. */
static const struct {
	const char *name;
	enum report_view view;
} views[] = { { "live", VIEW_LIVE }, { "allocated", VIEW_ALLOCATED }, { "peak", VIEW_PEAK }, { "leaks", VIEW_LEAKS },
	      { "temporary", VIEW_TEMPORARY } };

static void diff_freep(struct diff **d)
{
	diff_free(*d);
}

/*
 * "FILE" or "FILE@MOMENT"; "@MOMENT" is of the file before it. A file that is called so is meant itself. *ret_path, which the
 * caller frees, is what ret->path points at.
 */
static int read_side(struct diff_side *ret, char **ret_path, const char *text, const char *file_before, struct err *e)
{
	const char *at = strrchr(text, '@');

	*ret = (struct diff_side){ 0 };
	if (!at || access(text, F_OK) == 0) {
		*ret_path = strdup(text);
	} else if (at == text && !file_before) {
		return args_wrong(e, "%.80s: a moment of which file? write FILE%.80s", text, text);
	} else {
		*ret_path = at == text ? strdup(file_before) : strndup(text, (size_t)(at - text));
		if (moment_parse(&ret->at, at + 1, e) < 0)
			return err_add(e, COMMAND_USAGE, "%.80s", text);
	}
	ret->path = *ret_path;
	return *ret_path ? 0 : err_set(e, ENOMEM, "out of memory");
}

static void read_choices(const struct args *a, struct diff_ask *ask)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (args_is(a, "view", views[i].name))
			ask->view = views[i].view;
	for (int i = 0; i < BY_COUNT; i++)
		if (args_is(a, "by", rows_by_names[i]))
			ask->by = (enum rows_by)i;
}

static int tell(const struct args *a, const struct diff *d, struct err *e)
{
	const struct diff_look look = {
		.most_rows = args_flag(a, "all") ? 0 : (size_t)args_number(a, "rows"), .width = put_width(a),
	};
	_cleanup_(buf_done) struct buf text = { 0 };
	int r = 0;

	if (args_is(a, "format", "json"))
		r = diff_json(d, &text, e);
	else if (args_is(a, "format", "pprof"))
		r = diff_pprof(d, &text, e);
	else if (args_is(a, "format", "html"))
		r = diff_html(d, &text, e);
	else
		diff_table(d, &look, &text);
	if (r < 0)
		return r;
	if (text.failed)
		return err_set(e, ENOMEM, "out of memory for a difference");
	return put_output(a, &text, e);
}

/* More than the limit, beyond doubt: that is the error. What cannot be told is said and is none. */
static int judge(const struct diff *d, const struct diff_limit *limit, struct err *e)
{
	enum diff_verdict verdict = diff_judge(d, limit, e);

	if (verdict == DIFF_MORE)
		return -EDOM;
	fflush(stdout);
	fault_say(NULL, "%s", e->text);
	return 0;
}

static int run(const struct args *a, struct err *e)
{
	_cleanup_(diff_freep) struct diff *d = NULL;
	_cleanup_(freep) char *before = NULL;
	_cleanup_(freep) char *after = NULL;
	struct diff_limit limit = { 0 };
	struct diff_ask ask = { 0 };
	int r = 0;

	if (args_given(a, "fail-on-growth") && diff_limit_parse(&limit, args_text(a, "fail-on-growth"), e) < 0)
		return err_add(e, COMMAND_USAGE, "--fail-on-growth");
	if (args_is(a, "format", "pprof") && !args_given(a, "output") && terminal_is(STDOUT_FILENO))
		return args_wrong(e, "pprof is not for a terminal; write it to a file with -o");
	r = read_side(&ask.before, &before, args_at(a, 0), NULL, e);
	if (r == 0)
		r = read_side(&ask.after, &after, args_at(a, 1), before, e);
	if (r != 0)
		return r;
	read_choices(a, &ask);
	r = diff_new(&d, &ask, e);
	if (r == 0)
		r = tell(a, d, e);
	return r == 0 && args_given(a, "fail-on-growth") ? judge(d, &limit, e) : r;
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "BEFORE AFTER",
	.min_args = 2,
	.max_args = 2,
	.does = "show what changed between two recordings, or two moments of one",
	.about = "BEFORE and AFTER are recordings, or moments of one: FILE@30, FILE@5m (since the start), FILE@-10 (before the end), FILE@90%; "
		 "@MOMENT alone is of the same file. Without a moment the end of the recording is meant.\n\n"
		 "Rows are matched by what they are called: by line, file and line. A line that moved is gone in one place and new in another; "
		 "--by function sees through that. Each change has its 95 % interval; where that holds 0 a ? says so.\n\n"
		 "With --fail-on-growth the exit code is 1 if the sum grew by more than the limit beyond doubt: if the lower end of the interval is above "
		 "it. Where that cannot be told a sentence says so, and the exit code is 0.",
	.options = (const struct command_option[]){
		{ .name = "view", .kind = OPTION_CHOICE, .argument = "VIEW", .choices = "live|allocated|peak|leaks|temporary", .fallback = "live",
		  .does = "which bytes: live, allocated, peak, leaks or temporary" },
		{ .name = "by", .kind = OPTION_CHOICE, .argument = "WHAT", .choices = "line|function|file|module|stack", .fallback = "line",
		  .does = "what a row is: line, function, file, module or stack" },
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "table|json|html|pprof", .fallback = "table",
		  .does = "for people, for programs, for a browser (a flame graph coloured by change), or for go tool pprof" },
		{ .name = "fail-on-growth", .kind = OPTION_STRING, .argument = "LIMIT", .does = "exit with 1 if it grew by more (5%, 10M)" },
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .argument = "FILE", .does = "write to a file instead of stdout" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "overwrite the output file" },
		{ .name = "rows", .letter = 'n', .kind = OPTION_NUMBER, .argument = "N", .fallback = "20", .min = 1, .max = 1000000,
		  .does = "how many rows the table has" },
		{ .name = "all", .kind = OPTION_FLAG, .does = "all rows" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy diff before.json after.json", "which lines hold more, and which less" },
		{ "memspy diff heap.json@10 @-0", "what happened since the tenth second" },
		{ "memspy diff before.json after.json --format html -o diff.html", "where it grew, as a flame graph" },
		{ "memspy diff main.json branch.json --by function --fail-on-growth 5%", "in CI" },
		{ 0 },
	},
	.run = run,
};
