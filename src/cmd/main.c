/*
 * main: finds the command, runs it, and says what went wrong, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/command.h"
#include "fault_private.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_GONE = 3, MOST_COMMANDS = 64 };

/* A descriptor 0, 1 or 2 that is closed would become the next file we open, and our talk would go into it. */
static void keep_standard_files(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= 2)
		fd = open("/dev/null", O_RDWR);
	if (fd > 2)
		close(fd);
}

static int unknown_command(const char *name)
{
	const char *names[MOST_COMMANDS + 1] = { NULL };
	const char *near;
	size_t count = 0;

	for (size_t i = 0; commands[i] && count < MOST_COMMANDS; i++)
		if (!(commands[i]->needs & HIDDEN))
			names[count++] = commands[i]->name;
	near = suggest(name, names);
	if (near)
		fault_say(NULL, "there is no command \"%.40s\"; did you mean memspy %s?", name, near);
	else
		fault_say(NULL, "there is no command \"%.40s\"; memspy help lists them", name);
	return EXIT_USAGE;
}

static int show(void (*help)(struct buf *to), FILE *to)
{
	struct buf text = { 0 };

	help(&text);
	fputs(text.data ? text.data : "", to);
	buf_done(&text);
	return to == stderr ? EXIT_USAGE : EXIT_DONE;
}

static int show_command(const struct command *c)
{
	struct buf text = { 0 };

	help_command(&text, c);
	fputs(text.data ? text.data : "", stdout);
	buf_done(&text);
	return EXIT_DONE;
}

static int exit_code(const struct command *c, int r, const struct err *e)
{
	if (r == 0)
		return EXIT_DONE;
	fault_say(r == COMMAND_USAGE ? c->name : NULL, "%s", e->text[0] ? e->text : strerror(r < 0 ? -r : ECANCELED));
	return r == COMMAND_USAGE ? EXIT_USAGE : r == COMMAND_GONE ? EXIT_GONE : EXIT_FAILED;
}

static int run_command(const struct command *c, int argc, char *argv[])
{
	struct err e = { "" };
	struct args *args = NULL;
	bool help = false;
	int r = args_parse(&args, &help, c, argc, argv, &e);

	if (help)
		return show_command(c);
	if (r == 0)
		r = c->run(args, &e);
	args_free(args);
	return exit_code(c, r, &e);
}

int main(int argc, char *argv[])
{
	const struct command *c;
	int code;

	keep_standard_files();
	setlocale(LC_CTYPE, "");
	if (argc < 2)
		return show(help_all, stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		code = show(help_all, stdout);
	else if (strcmp(argv[1], "--version") == 0)
		code = printf("memspy %s\n", MEMSPY_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
	else if ((c = command_find(argv[1])))
		code = run_command(c, argc - 1, argv + 1);
	else
		return unknown_command(argv[1]);

	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE) {
		fault_say(NULL, "cannot write the output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return code;
}
