#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "memspy/recording.h"
#include "memspy/report.h"

static int index_of(const struct args *a, const char *option, const char *const names[], int count)
{
	for (int i = 0; i < count; i++)
		if (args_is(a, option, names[i]))
			return i;
	return 0;
}

static unsigned width_of_output(bool is_file)
{
	struct winsize size;

	return !is_file && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int tell(const struct args *a, const struct report *r, struct buf *to, struct err *e)
{
	const struct report_look look = {
		.most_rows = args_flag(a, "all") ? 0 : (size_t)args_number(a, "rows"),
		.width = width_of_output(args_given(a, "output")),
	};
	int code = 0;

	if (args_is(a, "format", "json"))
		report_json(r, to);
	else if (args_is(a, "format", "collapsed"))
		code = report_collapsed(r, to, e);
	else
		report_table(r, &look, to);
	if (code == 0 && to->failed)
		code = err_set(e, ENOMEM, "out of memory for a report");
	return code;
}

/* All or nothing: half a report is not left behind. */
static int put(const char *path, bool force, const struct buf *text, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	int r = recording_create(path, force, &fd, e);

	for (size_t done = 0; r == 0 && done < text->length;) {
		ssize_t n = write(fd, text->data + done, text->length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = err_sys(e, n < 0 ? errno : EIO, "cannot write %s", path);
			unlink(path);
			break;
		}
		done += (size_t)n;
	}
	return r;
}

static void report_freep(struct report **r)
{
	report_free(*r);
}

static int run(const struct args *a, struct err *e)
{
	_cleanup_(report_freep) struct report *report = NULL;
	_cleanup_(buf_done) struct buf text = { 0 };
	int r;

	r = report_new(&report, args_at(a, 0), (enum report_view)index_of(a, "view", report_view_names, VIEW_COUNT),
		       (enum rows_by)index_of(a, "by", rows_by_names, BY_COUNT), e);
	if (r == 0)
		r = tell(a, report, &text, e);
	if (r < 0)
		return r;
	if (args_given(a, "output"))
		return put(args_text(a, "output"), args_flag(a, "force"), &text, e);
	fwrite(text.data ? text.data : "", 1, text.length, stdout);
	return 0;
}

const struct command cmd_report = {
	.name = "report",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.does = "show what a recording says: which lines hold the memory",
	.about = "The view leaks shows what was live at the end and when nine tenths of the recording had passed, too: the most "
		 "that can have stayed. A cache that is always full shows up as well; whether it should be that large is yours to say.\n\n"
		 "Figures are estimates with their 95 % interval, unless every allocation was counted.",
	.options = (const struct command_option[]){
		{ .name = "view", .kind = OPTION_CHOICE, .choices = "live|allocated|peak|leaks", .fallback = "live",
		  .does = "which bytes: live at the end, ever allocated, live at the peak, or live for long" },
		{ .name = "by", .kind = OPTION_CHOICE, .choices = "line|function|file|stack", .fallback = "line",
		  .does = "what a row is" },
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "table|json|collapsed", .fallback = "table",
		  .does = "for people, for programs, or for flame graph tools" },
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .argument = "FILE", .does = "write to a file instead of stdout" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "overwrite the output file" },
		{ .name = "rows", .letter = 'n', .kind = OPTION_NUMBER, .argument = "N", .fallback = "20", .min = 1, .max = 1000000,
		  .does = "how many rows the table has" },
		{ .name = "all", .kind = OPTION_FLAG, .does = "all rows" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy report heap.json", "what is live, by line" },
		{ "memspy report heap.json --view leaks --by stack", "what stayed, and who asked for it" },
		{ "memspy report heap.json --format collapsed | flamegraph.pl --countname bytes", "a flame graph" },
		{ 0 },
	},
	.run = run,
};
