#include "memspy/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memspy/buf.h"

enum { MOST_BYTES = 1 << 20 };

/* stderr of a background daemon is a file: for ever is long, so what is too long begins anew. */
static void bound(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > MOST_BYTES &&
	    ftruncate(STDERR_FILENO, 0) == 0)
		dprintf(STDERR_FILENO, "the log was too long and begins anew\n");
}

void log_say(const char *format, ...)
{
	char text[1024], when[32];
	struct buf plain = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	bound();
	buf_plain(&plain, text);
	dprintf(STDERR_FILENO, "%s memspy: %s\n", when, plain.data ? plain.data : "");
	buf_done(&plain);
}
