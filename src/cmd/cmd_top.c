#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/follow.h"
#include "memspy/source.h"
#include "memspy/stage.h"
#include "fault_private.h"
#include "session_args_private.h"
#include "signals_private.h"
#include "top_private.h"

static int index_of(const struct args *a, const char *option, const char *const names[], int count)
{
	for (int i = 0; i < count; i++)
		if (args_is(a, option, names[i]))
			return i;
	return 0;
}

static int find_pids(const struct args *a, pid_t **ret, size_t *ret_count, struct err *e)
{
	size_t count;
	const pid_t *pids = args_pids(a, &count);

	if (args_given(a, "name") && args_flag(a, "follow-fork"))
		return args_wrong(e, "--name looks for those that come itself; --follow-fork goes with --pid");
	if (args_given(a, "name") && count)
		return args_wrong(e, "--pid names processes, --name looks for them; write one of them");
	if (args_given(a, "name"))
		return *args_text(a, "name") ? top_find(args_text(a, "name"), ret, ret_count, e) :
					       args_wrong(e, "--name is empty: which processes?");
	if (count == 0)
		return args_wrong(e, "top of what? write --pid N, or --name TEXT");
	*ret = calloc(count, sizeof(**ret));
	if (!*ret)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = pids[i];
	*ret_count = count;
	return 0;
}

/* Of several, those that can be looked at; what is in the way of the others is said. */
static int add_all(struct top *t, const pid_t *pids, size_t count, bool has_options, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		r = top_add(t, pids[i], has_options, e);
		if (r != 0 && count > 1)
			fault_say(NULL, "%s", e->text);
	}
	if (t->count == 0 && count > 1)
		return err_set(e, ESRCH, "none of the %zu processes can be looked at", count);
	return t->count ? 0 : r;
}

static int source(void *own, pid_t pid, const char *file, int first, int count, struct buf *to, struct err *e)
{
	(void)own;
	return source_lines(pid, file, first, count, to, e);
}

static int thread_name(void *own, pid_t pid, pid_t thread, struct buf *to)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[64], name[32];

	(void)own;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, thread);
	f = fopen(path, "re");
	if (!f || !fgets(name, sizeof(name), f))
		return -ESRCH;
	name[strcspn(name, "\n")] = '\0';
	buf_puts(to, name);
	return 0;
}

static int make_screen(const struct args *a, struct top *t, struct err *e)
{
	const struct screen_options options = {
		.by = (enum rows_by)index_of(a, "by", rows_by_names, BY_STACK),
		.sort = (enum board_sort)index_of(a, "sort", board_sort_names, SORT_COUNT),
		.own_code = args_flag(a, "own-code"), .filter = args_text(a, "filter"),
		.interval_s = t->options.interval_s, .source = source, .thread = thread_name,
	};

	int r = screen_new(&t->screen, &options, e);

	return r == -EINVAL ? err_add(e, COMMAND_USAGE, "--filter") : r;
}

static bool wants_lines(const struct args *a)
{
	return args_flag(a, "plain") || args_given(a, "format") || args_given(a, "count") || !isatty(STDOUT_FILENO) ||
	       !isatty(STDIN_FILENO);
}

static int look(const struct args *a, struct top *t, struct err *e)
{
	struct err why = { "" };
	int r;

	if (!wants_lines(a)) {
		r = stage_open(&why);
		if (r == 0)
			return top_on_stage(t, e);
		fault_say(NULL, "%s: plain lines instead", why.text);
	}
	t->is_json = args_is(a, "format", "json");
	t->rows = (size_t)args_number(a, "rows");
	t->blocks = args_given(a, "count") ? (size_t)args_number(a, "count") : 0;
	t->look = screen_look_of(t->screen);
	return top_plain(t, e);
}

static const char *how_it_goes_on(const struct feed *f)
{
	if (!f->stays)
		return "was detached; it keeps running";
	return f->is_ours ? "stays attached: somebody else looks at it, or records" : "stays attached: memspy detach lets it go";
}

/* What was attached is detached, and it is said what goes on. */
static void leave(struct top *t, bool talk)
{
	for (size_t i = 0; i < t->count; i++) {
		struct feed *f = &t->feeds[i];
		struct buf said = { 0 };
		struct err e = { "" };

		if (f->writer)
			fault_say(NULL, "%s",
				feed_write_end(f, &said, &e) < 0 ? e.text : said.data ? said.data : "");
		if (feed_close(f, &e) < 0)
			fault_say(NULL, "%d: %s", f->pid, e.text);
		else if (talk && !f->is_gone)
			fprintf(stderr, "memspy: %d %s\n", f->pid, how_it_goes_on(f));
		buf_done(&said);
	}
	free(t->feeds);
	free(t->refused);
	screen_free(t->screen);
}

static int begin(const struct args *a, struct top *t, struct err *e)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;
	int r = make_screen(a, t, e);

	if (r == 0)
		r = find_pids(a, &pids, &count, e);
	if (r == 0 && count > 1 && args_given(a, "output"))
		r = args_wrong(e, "-o is one file and one recording has one process; with %zu of them press w", count);
	if (r == 0)
		r = add_all(t, pids, count, session_args_given(a) != NULL, e);
	if (r == 0 && t->follow)
		r = top_family(t, e);
	if (r == 0 && args_given(a, "output"))
		r = feed_write(&t->feeds[0], args_text(a, "output"), args_flag(a, "force"), e);
	return r;
}

static int run(const struct args *a, struct err *e)
{
	struct top t = { .name = args_text(a, "name") };
	int r = session_args(a, &t.options, e);

	if (r)
		return r;
	t.follow = args_flag(a, "follow-fork");
	t.options.places = t.follow ? MOST_FOLLOWED : 0;
	t.signals = signals_catch(e);
	if (t.signals < 0)
		return t.signals;
	r = begin(a, &t, e);
	if (r == 0)
		r = look(a, &t, e);
	leave(&t, r == 0 && !wants_lines(a));
	return r;
}

const struct command cmd_top = {
	.name = "top",
	.does = "watch live which lines hold the memory, and which grow",
	.about = "Attaches, shows the rows with most live memory anew at every interval, and detaches at the end, also when it is "
		 "killed. A process that memspy attach has attached stays attached. ? shows the keys: sort, filter, group, mark a "
		 "baseline, the callers of a row with their source, write a recording.\n\n"
		 "Where there is no terminal, and with --plain, a block of lines is printed at every interval; --format json prints "
		 "an object a line. Several processes are one screen: tab goes to the next, 0 lists them.",
	.options = (const struct command_option[]){
		{ .name = "name", .kind = OPTION_STRING, .does = "all Pythons with this in their title or command line, also those that come later" },
		{ .name = "interval", .letter = 'i', .kind = OPTION_DURATION, .fallback = "1", .min = 0.05, .max = 3600,
		  .does = "time between two looks" },
		{ .name = "by", .kind = OPTION_CHOICE, .choices = "line|function|file|module|thread", .argument = "WHAT",
		  .fallback = "line", .does = "what a row is: line, function, file, module or thread" },
		{ .name = "sort", .kind = OPTION_CHOICE, .choices = "live|total|grown|growth|allocated|blocks|age|name",
		  .argument = "COLUMN", .fallback = "live",
		  .does = "by live, total, grown (since start), growth (per minute), allocated (per second), blocks, age or name" },
		{ .name = "filter", .kind = OPTION_STRING, .argument = "REGEX", .does = "only rows whose function, file or line match" },
		{ .name = "own-code", .kind = OPTION_FLAG, .does = "tell memory of the standard library by who called it" },
		{ .name = "plain", .kind = OPTION_FLAG, .does = "lines, also on a terminal" },
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "plain|json", .fallback = "plain",
		  .does = "lines for people, or an object a line" },
		{ .name = "rows", .letter = 'n', .kind = OPTION_NUMBER, .fallback = "20", .min = 1, .max = 1000000,
		  .does = "how many rows a block of lines has" },
		{ .name = "count", .letter = 'c', .kind = OPTION_NUMBER, .min = 1, .max = 1000000000,
		  .does = "so many blocks of lines, then leave" },
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH, .does = "record into a file from the beginning; w in the screen begins later" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "replace the file if it exists" },
		SESSION_OPTIONS,
		FOLLOW_OPTION,
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy top --pid 4711", "the lines that hold most, until q" },
		{ "memspy top --follow-fork --pid 4711", "a server and its workers, as they come" },
		{ "memspy top --name gunicorn", "all workers; tab goes from one to the next" },
		{ "memspy top --pid 4711 --plain --interval 60 >> memory.log", "a block a minute, for a log" },
		{ "memspy top --pid 4711 --format json --count 2 --interval 10 | jq -c '.rows[0]'", "what holds most, for a script" },
		{ 0 },
	},
	.needs = TAKES_PIDS,
	.run = run,
};
