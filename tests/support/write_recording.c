/*
 * write_recording PATH: a recording with everything in it that the format has, for check-recording.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/recording.h"

static struct err e;

static void must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "%s\n", e.text);
	exit(1);
}

int main(int argc, char *argv[])
{
	const struct recording_about about = { .pid = 1, .name = "\"quoted\"\n\xff", .sample_bytes = 524288, .interval_s = 0.5 };
	struct site site = { .thread = 7, .domain = DOMAIN_MMAP, .live = { 1, 2, 3, 4, 5e30 }, .alloc = { UINT64_MAX, 2, 3, 4, 5 } };
	struct sample s = { .time_ns = 1000, .memory = { .rss = 1 } };
	struct site sites[3];
	struct recording_writer *w;
	struct names *n;
	uint32_t string, frame, stack;
	int fd;

	if (argc != 2)
		return 2;
	must(names_new(&n, &e));
	must(recording_create(argv[1], false, &fd, &e));
	must(recording_writer_new(&w, fd, &about, 20000, &e));
	must(recording_writer_tick(w, &s, n, &e));
	for (unsigned i = 1; i < 300; i++) {
		struct frame f = { .line = (int)i };
		char text[] = { 'n', (char)i, (char)(i >> 8), '\0' };

		must(names_string(n, text, strlen(text), &string, &e));
		f.function = f.file = string;
		must(names_frame(n, &f, &frame, &e));
		must(names_stack(n, i > 1 ? site.stack : 0, frame, &stack, &e));
		site.stack = stack;
		site.lifetimes[i % LIFETIME_BUCKETS] = i % 3;
		s = (struct sample){ .time_ns = 1000 + i * 500000000ull, .has_heap = true, .sample_bytes = i % 2 * 512, .sites = sites, .site_count = i < 3 ? i : 3 };
		memmove(sites + 1, sites, sizeof(sites) - sizeof(sites[0]));
		sites[0] = site;
		for (size_t k = 0; k < 3; k++) /* two ticks of three are the peak */
			sites[k].peak = i % 3 || k == 2 ? sites[k].live : (struct estimate){ .bytes = k };
		s.memory = (struct memory){ .rss = i, .has_detail = i % 2, .pss = 1 };
		if (i > 20 && recording_writer_tick(w, &s, n, &e) < 0)
			break; /* its names fill it one day */
		if (i <= 20)
			must(recording_writer_tick(w, &s, n, &e));
	}
	recording_writer_end(w, "killed by\tsignal 9", &e); /* a tick in hand may find no room: a whole document all the same */
	recording_writer_free(w);
	names_free(n);
	return 0;
}
