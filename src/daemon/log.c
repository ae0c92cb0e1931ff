#include "memspy/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20 };

/* stderr of a background daemon is a file: for ever is long, so what is too long begins anew. */
static void bound(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > MOST_BYTES && ftruncate(STDERR_FILENO, 0) == 0)
		dprintf(STDERR_FILENO, "the log was too long and begins anew\n");
}

void log_say(const char *format, ...)
{
	char text[1024], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	bound();
	/* Names of processes are claims of theirs: nothing but printable characters and UTF-8 reaches a terminal. */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	dprintf(STDERR_FILENO, "%s memspy: %s\n", when, text);
}
