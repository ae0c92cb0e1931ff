#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "memspy/format.h"
#include "memspy/listing.h"
#include "memspy/report.h"
#include "memspy/summary.h"
#include "memspy/text.h"
#include "put_private.h"
#include "report_fold_private.h"

static int index_of(const struct args *a, const char *option, const char *const names[], int count)
{
	for (int i = 0; i < count; i++)
		if (args_is(a, option, names[i]))
			return i;
	return 0;
}

#define FORMAT_CHOICE(name, does, binary) "|" #name
#define FORMAT_HELP(name, does, binary) ", " #name " " does

/* "-o heap.html" alone asks for a page, as it does of a compiler: the ending says the format unless --format does. */
static const char *format_of(const struct args *a)
{
	const char *ending = args_given(a, "output") && !args_given(a, "format") ? strrchr(args_text(a, "output"), '.') : NULL;

	return ending && report_format_find(ending + 1) ? ending + 1 : args_text(a, "format");
}

static bool format_is(const struct args *a, const char *name)
{
	return strcmp(format_of(a), name) == 0;
}

static bool is_summary(const struct args *a)
{
	return args_is(a, "view", "summary") || args_is(a, "view", "stats");
}

static size_t most_rows(const struct args *a)
{
	if (args_flag(a, "all"))
		return 0;
	if (args_given(a, "rows"))
		return (size_t)args_number(a, "rows");
	return format_is(a, "tree") ? 60 : is_summary(a) ? 5 : 20;
}

static struct report_look look_of(const struct args *a)
{
	return (struct report_look){
		.most_rows = most_rows(a),
		.width = put_width(a),
		.no_source = args_flag(a, "no-source"),
	};
}

/* What can be known to be wrong before the file is read. */
static int check(const struct args *a, struct err *e)
{
	const struct report_format *format = report_format_find(format_of(a));
	bool plain = format_is(a, "table") || format_is(a, "json");

	if (is_summary(a) && !plain)
		return args_wrong(e, "--view %s is written as table or json", args_text(a, "view"));
	if (args_given(a, "lines") && !plain)
		return args_wrong(e, "--lines is written as table or json");
	if (args_given(a, "lines") && (args_given(a, "view") || args_given(a, "by")))
		return args_wrong(e, "--lines shows a source file with all its figures; it goes without --view and --by");
	if (is_summary(a) && args_given(a, "from"))
		return args_wrong(e, "--view %s is of one moment: --to says which", args_text(a, "view"));
	if (args_given(a, "temporary-threshold") && !args_is(a, "view", "temporary"))
		return args_wrong(e, "--temporary-threshold is for --view temporary; add that, or leave it out");
	if (args_flag(a, "own-code") && (is_summary(a) || args_given(a, "lines")))
		return args_wrong(e, "--own-code is for reports of rows and stacks; leave it out, or ask for --view live");
	if (args_flag(a, "own-code") && format_is(a, "html"))
		return args_wrong(e, "--own-code: the page has a switch of its own for import frames; leave it out");
	if (format->binary && !args_given(a, "output") && isatty(STDOUT_FILENO))
		return args_wrong(e, "%s is not for a terminal; write it to a file with -o", format->name);
	return 0;
}

static int stretch(const struct args *a, struct moment *from, struct moment *to, struct err *e)
{
	if (args_given(a, "from") && moment_parse(from, args_text(a, "from"), e) < 0)
		return err_add(e, COMMAND_USAGE, "--from");
	if (args_given(a, "to") && moment_parse(to, args_text(a, "to"), e) < 0)
		return err_add(e, COMMAND_USAGE, "--to");
	return 0;
}

static void report_freep(struct report **r)
{
	report_free(*r);
}

static void summary_freep(struct summary **s)
{
	summary_free(*s);
}

static void listing_freep(struct listing **l)
{
	listing_free(*l);
}

/* "heap.json   live by line": above the tree. */
static int fold(const struct args *a, const struct report *r, struct err *e)
{
	_cleanup_(buf_done) struct buf title = { 0 };

	text_path(&title, args_at(a, 0), 60);
	buf_printf(&title, "   %s, by %s", args_text(a, "view"), args_text(a, "by"));
	return title.failed ? err_set(e, ENOMEM, "out of memory") : report_fold(r, title.data, e);
}

static bool wants_keys(const struct args *a)
{
	return format_is(a, "tree") && !args_given(a, "output") && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* What is told of the time between the ends of the stretch costs a look at every change. */
static bool is_of_ends(const struct args *a)
{
	static const char *const views[] = { "live", "allocated", "peak", "growth" };

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (args_is(a, "view", views[i]))
			return !format_is(a, "dhat");
	return false;
}

/* Rows, stacks, or the page of a summary. */
static int tell_report(const struct args *a, struct report_ask *what, struct buf *to, struct err *e)
{
	_cleanup_(report_freep) struct report *report = NULL;
	_cleanup_(summary_freep) struct summary *summary = NULL;
	const struct report_look look = look_of(a);
	int r;

	what->unread = format_is(a, "html");
	what->only_ends = is_of_ends(a);
	r = report_new(&report, args_at(a, 0), what, e);

	if (r == 0 && is_summary(a))
		r = summary_new(&summary, report, e);
	if (r < 0)
		return r;
	if (summary) {
		(format_is(a, "json") ? summary_json : summary_text)(summary, args_is(a, "view", "stats"), &look, to);
		return 0;
	}
	if (wants_keys(a)) {
		r = fold(a, report, e);
		if (r != -ENOTTY) /* a terminal that cannot: as if it were a file */
			return r;
	}
	return report_format_find(format_of(a))->write(report, &look, to, e);
}

static int tell_lines(const struct args *a, const struct report_ask *what, struct buf *to, struct err *e)
{
	_cleanup_(listing_freep) struct listing *listing = NULL;
	const struct listing_ask ask = { args_text(a, "lines"), what->from, what->to };
	int r = listing_new(&listing, args_at(a, 0), &ask, e);

	if (r < 0)
		return r;
	if (format_is(a, "json"))
		listing_json(listing, to);
	else
		listing_text(listing, args_flag(a, "all"), put_width(a), to);
	return 0;
}

static int run(const struct args *a, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	struct report_ask what = {
		.view = (enum report_view)index_of(a, "view", report_view_names, VIEW_COUNT), /* of a summary: live */
		.by = (enum rows_by)index_of(a, "by", rows_by_names, BY_COUNT),
		.own_code = args_flag(a, "own-code"),
		.temporary_seconds = args_given(a, "temporary-threshold") ? args_seconds(a, "temporary-threshold") : 0,
	};
	int r = check(a, e);

	if (r == 0)
		r = stretch(a, &what.from, &what.to, e);
	if (r == 0)
		r = args_given(a, "lines") ? tell_lines(a, &what, &text, e) : tell_report(a, &what, &text, e);
	if (r == 0 && text.failed)
		r = err_set(e, ENOMEM, "out of memory for a report");
	if (r)
		return r;
	return put_output(a, &text, e);
}

const struct command cmd_report = {
	.name = "report",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.does = "show what a recording says: which lines hold the memory",
	.about = "A view says which bytes, a grouping what a row is, a format how it is written; all formats of a view have the same sum, to "
		 "the byte. Figures are estimates with their 95 % interval, unless every allocation was counted. A moment is written "
		 "30 or 5m (since the start), -10 (before the end) or 90%.\n\n"
		 "leaks shows what was live at the end and when nine tenths of the recording had passed, too: the most that can have "
		 "stayed. certain is how much of that is surely the same blocks; age is at most so much, for half of it. A suspect "
		 "grew in the newer half beyond doubt, and most of it stays; a cache that still fills does the same. What is allocated "
		 "and freed between two looks is not in it.\n\n"
		 "On a terminal, --format tree is folded and unfolded with the arrow keys.",
	.options = (const struct command_option[]){
		{ .name = "view", .kind = OPTION_CHOICE, .argument = "VIEW", .fallback = "live",
		  .choices = "live|allocated|peak|leaks|temporary|growth|churn|lifetimes|summary|stats",
		  .does = "which bytes: live (not freed), allocated (since attach, or in a stretch), peak (live when the heap was "
			  "largest), leaks (live for long), temporary (freed at once), growth (more live than at --from), churn "
			  "(allocated per second), lifetimes (freed, by age); or a page of everything: summary, and stats with sizes, "
			  "allocators, threads and how far the sampling can be trusted" },
		{ .name = "by", .kind = OPTION_CHOICE, .choices = "line|function|file|module|thread|stack", .argument = "WHAT", .fallback = "line",
		  .does = "what a row is: line, function, file, module, thread or stack" },
		{ .name = "format", .kind = OPTION_CHOICE, .choices = &(REPORT_FORMATS(FORMAT_CHOICE))[1], .argument = "FORMAT",
		  .fallback = "table", .does = &(REPORT_FORMATS(FORMAT_HELP))[2] },
		{ .name = "lines", .kind = OPTION_STRING, .argument = "PATH[:FUNCTION]",
		  .does = "a source file, or a function of it, with live, peak, allocated, blocks and growth beside each line; the end "
			  "of the path is enough" },
		{ .name = "own-code", .kind = OPTION_FLAG,
		  .does = "tell memory of the import system and the standard library by who called it" },
		{ .name = "from", .kind = OPTION_STRING, .argument = "MOMENT", .does = "where a stretch begins" },
		{ .name = "to", .kind = OPTION_STRING, .argument = "MOMENT",
		  .does = "the moment looked at, or where a stretch ends; otherwise the last" },
		{ .name = "temporary-threshold", .kind = OPTION_DURATION, .min = 0.001, .max = 16.384,
		  .does = "of the view temporary: freed within that time (ages are known as 1, 2, 4 ms … 16 s); otherwise "
			  "freed by the same thread before its next sample" },
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .argument = "FILE", 
		  .does = "write to a file instead of stdout; a name that ends in .html, .svg, .csv or .json says the format, too" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "overwrite the output file" },
		{ .name = "rows", .letter = 'n', .kind = OPTION_NUMBER, .argument = "N", .min = 1, .max = 1000000,
		  .does = "how many rows a table has (otherwise 20), how many lines a tree (60), how long the lists of a summary (5)" },
		{ .name = "all", .kind = OPTION_FLAG, .does = "all rows; of --lines: all of the file" },
		{ .name = "no-source", .kind = OPTION_FLAG, .does = "html: leave out the lines of source that the figures stand on" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy report heap.json", "what is live, by line" },
		{ "memspy report heap.json --view summary", "all on a page, and whether to trust it" },
		{ "memspy report heap.json --view leaks --by stack", "what stayed, and who asked for it" },
		{ "memspy report heap.json --view growth --from 50% --by module", "which modules hold more than half-way through" },
		{ "memspy report heap.json --lines shop/cache.py:remember", "one function, line by line" },
		{ "memspy report heap.json --own-code", "which lines of mine hold it, json, re and others left out" },
		{ "memspy report heap.json --format tree --to -1m", "callers and what they called, a minute before the end" },
		{ "memspy report heap.json -o heap.svg", "a flame graph" },
		{ "memspy report heap.json --format pprof -o heap.pb.gz", "for go tool pprof -top heap.pb.gz" },
		{ "memspy report heap.json -o heap.html", "a page for any browser: timeline, flame graph, table, source" },
		{ 0 },
	},
	.run = run,
};
