/*
 * The table of commands, in the order of help. A new command: one file cmd_NAME.c and one line in each list.
 */
#include "memspy/command.h"

extern const struct command cmd_record, cmd_top, cmd_report, cmd_diff, cmd_plot, cmd_attach, cmd_status, cmd_detach, cmd_dump, cmd_doctor,
	cmd_help, cmd_daemon;

const struct command *const commands[] = {
	&cmd_record,
	&cmd_top,
	&cmd_report,
	&cmd_diff,
	&cmd_plot,
	&cmd_attach,
	&cmd_status,
	&cmd_detach,
	&cmd_dump,
	&cmd_doctor,
	&cmd_help,
	&cmd_daemon,
	NULL,
};
