#include "fault_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "memspy/terminal.h"
#include "wrap_private.h"

enum { NARROW = 40, INDENT = sizeof("memspy: ") - 1 };

void fault_say(const char *command, const char *format, ...)
{
	struct buf plain = { 0 }, lines = { 0 };
	const unsigned width = terminal_columns(STDERR_FILENO);
	_cleanup_(freep) char *sentence = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) < 0)
		sentence = NULL;
	va_end(args);
	buf_printf(&plain, "memspy%s%s: ", command ? " " : "", command ? command : "");
	buf_plain(&plain, sentence ? sentence : "out of memory");
	if (width)
		wrap(&lines, plain.data ? plain.data : "", 0, width < NARROW ? 0 : INDENT, width);
	if (width && !lines.failed)
		fputs(lines.data, stderr);
	else
		fprintf(stderr, "%s\n", plain.data ? plain.data : "");
	buf_done(&plain);
	buf_done(&lines);
}
