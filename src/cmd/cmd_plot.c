#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "memspy/plot.h"
#include "memspy/terminal.h"
#include "put_private.h"

static void plot_freep(struct plot **p)
{
	plot_free(*p);
}

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text), end = strlen(with);

	return length > end && strcasecmp(text + length - end, with) == 0;
}

static int read_window(const struct args *a, struct plot_ask *ask, struct err *e)
{
	if (args_given(a, "from") && moment_parse(&ask->from, args_text(a, "from"), e) < 0)
		return err_add(e, COMMAND_USAGE, "--from");
	if (args_given(a, "to") && moment_parse(&ask->to, args_text(a, "to"), e) < 0)
		return err_add(e, COMMAND_USAGE, "--to");
	return 0;
}

static int read_ask(const struct args *a, struct plot_ask *ret, const char *paths[], struct err *e)
{
	bool together = args_flag(a, "sum") || args_flag(a, "stack");

	if (args_flag(a, "sum") && args_flag(a, "stack"))
		return args_wrong(e, "--sum is one process of all, --stack is one upon the other: choose one");
	if (together && (args_given(a, "top") || args_given(a, "function")))
		return args_wrong(e, "--%s shows one process; --sum and --stack show all as one",
				  args_given(a, "top") ? "top" : "function");
	if (args_given(a, "top") && args_count(a) > 1)
		return args_wrong(e, "--top shows the lines of one recording; there are %zu", args_count(a));
	for (size_t i = 0; i < args_count(a); i++)
		paths[i] = args_at(a, i);
	*ret = (struct plot_ask){
		.paths = paths,
		.path_count = args_count(a),
		.many = args_flag(a, "sum") ? PLOT_SUM : args_flag(a, "stack") ? PLOT_STACK : PLOT_EACH,
		.function = args_text(a, "function"),
		.lines = args_given(a, "top") ? (size_t)args_number(a, "top") : 0,
		.slope = args_flag(a, "slope"),
		.wall = args_flag(a, "wall"),
	};
	return read_window(a, ret, e);
}

static enum plot_theme theme_of(const struct args *a)
{
	for (int i = 0; i < PLOT_THEME_COUNT; i++)
		if (args_is(a, "theme", plot_theme_names[i]))
			return (enum plot_theme)i;
	return PLOT_AUTO;
}

/* What is asked for, or what is there: a terminal's size, less the line of the prompt. */
static struct plot_look look_of(const struct args *a, bool terminal)
{
	struct plot_look look = {
		.width = (unsigned)args_number(a, "width"), .height = (unsigned)args_number(a, "height"), .theme = theme_of(a),
		.colour = terminal_has_colour(STDOUT_FILENO), .unicode = terminal_has_unicode(),
	};
	struct winsize size;

	if (!terminal || !terminal_is(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return look;
	if (!look.width)
		look.width = size.ws_col;
	if (!look.height && size.ws_row)
		look.height = size.ws_row > 31 ? 30 : size.ws_row - 1;
	return look;
}

static int run(const struct args *a, struct err *e)
{
	const char *paths[PLOT_FILES_MOST], *out = args_text(a, "output");
	_cleanup_(plot_freep) struct plot *plot = NULL;
	_cleanup_(buf_done) struct buf text = { 0 };
	const struct plot_look look = look_of(a, !out);
	struct plot_ask ask;
	int r;

	if (out && !ends(out, ".svg") && !ends(out, ".png"))
		return args_wrong(e, "-o: a picture is an .svg or a .png; \"%.80s\" ends in neither", out);
	if (out && ((look.width && look.width < 320) || (look.height && look.height < 200)))
		return args_wrong(e, "a picture has 320 by 200 pixels at least");
	r = read_ask(a, &ask, paths, e);
	if (r == 0)
		r = plot_new(&plot, &ask, e);
	if (r != 0)
		return r;
	r = !out ? plot_terminal(plot, &look, &text, e) : ends(out, ".png") ? plot_png(plot, &look, &text, e) : plot_svg(plot, &look, &text, e);
	return r < 0 ? r : put_output(a, &text, e);
}

const struct command cmd_plot = {
	.name = "plot",
	.args = "FILE...",
	.min_args = 1,
	.max_args = PLOT_FILES_MOST,
	.does = "draw memory over time, as a picture or in the terminal",
	.about = "RSS, and the heap with its 95 % interval, of one or several recordings; mprof's .dat files are read as well, with their "
		 "function spans and children. Processes that ran at the same time are placed by the clock; others begin at 0, each for "
		 "itself, to be compared.\n\n"
		 "With -o the name says what is written: .svg (light or dark as the reader's system has it) or .png. Without, the chart is drawn "
		 "here: in Braille dots where there is UTF-8, in letters elsewhere.",
	.options = (const struct command_option[]){
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .argument = "FILE", .does = "write a picture, .svg or .png" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "overwrite the picture" },
		{ .name = "top", .kind = OPTION_NUMBER, .argument = "N", .min = 1, .max = PLOT_LINES_MOST,
		  .does = "the N lines with most bytes, one upon the other under the heap" },
		{ .name = "function", .kind = OPTION_STRING, .argument = "NAME",
		  .does = "when a function had live bytes, and how many, its callees included" },
		{ .name = "from", .kind = OPTION_STRING, .argument = "MOMENT",
		  .does = "draw from there on: 30, 5m (since the start), -10 (before the end), 90%" },
		{ .name = "to", .kind = OPTION_STRING, .argument = "MOMENT", .does = "and up to there" },
		{ .name = "slope", .kind = OPTION_FLAG, .does = "a straight line through RSS and heap, and how much it rises in a minute" },
		{ .name = "stack", .kind = OPTION_FLAG, .does = "RSS of several processes, one upon the other" },
		{ .name = "sum", .kind = OPTION_FLAG, .does = "RSS and heap of several processes, summed" },
		{ .name = "wall", .kind = OPTION_FLAG, .does = "the time of day instead of seconds" },
		{ .name = "theme", .kind = OPTION_CHOICE, .choices = "auto|light|dark", .fallback = "auto",
		  .does = "of a picture; auto follows the reader's system, a .png is light then" },
		{ .name = "width", .kind = OPTION_NUMBER, .argument = "N", .min = 40, .max = 10000, .does = "pixels, or columns of the terminal" },
		{ .name = "height", .kind = OPTION_NUMBER, .argument = "N", .min = 10, .max = 10000, .does = "pixels, or rows of the terminal" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy plot heap.json", "in the terminal" },
		{ "memspy plot heap.json --top 5 --slope -o heap.svg", "which lines grow, and how fast the whole" },
		{ "memspy plot heap.json --from -1m --slope", "the last minute" },
		{ "memspy plot before.json after.json -o both.png", "two runs, side by side" },
		{ "memspy plot worker-*.json --stack --wall -o workers.svg", "all workers of a service, by the clock" },
		{ "memspy plot mprofile_20260101120000.dat", "what mprof recorded" },
		{ 0 },
	},
	.run = run,
};
