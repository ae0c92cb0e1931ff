#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memspy/command.h"

static int run(const struct args *a, struct err *e)
{
	const struct command *c = args_count(a) ? command_find(args_at(a, 0)) : NULL;
	struct buf text = { 0 };

	if (args_count(a) && !c)
		return args_wrong(e, "there is no command \"%.40s\"; memspy help lists them", args_at(a, 0));
	if (args_flag(a, "man"))
		help_man(&text);
	else if (c)
		help_command(&text, c);
	else
		help_all(&text);
	if (text.failed)
		return err_set(e, ENOMEM, "out of memory");
	fputs(text.data, stdout);
	buf_done(&text);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.max_args = 1,
	.does = "show what memspy can do, or one command with its options",
	.options = (const struct command_option[]){
		{ .name = "man", .kind = OPTION_FLAG, .does = "print everything as a man page" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy help record", "options and examples of record" },
		{ 0 },
	},
	.run = run,
};
