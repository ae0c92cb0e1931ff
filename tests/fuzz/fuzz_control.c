/* The daemon's socket: whatever a client sends, in whatever pieces. */
#include <sys/socket.h>

#include "fuzz.h"
#include "memspy/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct control_input in;
	struct err e;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
		abort();
	control_input_init(&in);
	while (length) {
		size_t n = fuzz_take(&bytes, &length, 1) + 1;
		char *line;

		n = n < length ? n : length;
		if (n && send(ends[1], bytes, n, 0) != (ssize_t)n)
			break;
		bytes += n;
		length -= n;
		if (control_receive(ends[0], &in, &e) < 0)
			break;
		while ((line = control_line(&in)))
			if (strchr(line, '\n') || strlen(line) > CONTROL_LINE_MAX)
				abort();
	}
	control_input_done(&in);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
