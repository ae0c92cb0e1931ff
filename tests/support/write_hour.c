/*
 * write_hour PATH [STACKS TICKS CHANGES]: an hour of a busy service, a tick a second: 50,000 stacks and, at each tick,
 * 300 sites that changed. For what reports may take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/recording.h"

static struct err e;
static uint64_t state = 1;

static void must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "%s\n", e.text);
	exit(1);
}

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

/* A frame of one of 400 files of a program, its packages and the standard library. */
static uint32_t some_frame(struct names *n)
{
	static const char *const places[] = { "/srv/shop/%u/views_%u.py", "/usr/lib/python3/dist-packages/package%u/part_%u.py",
					      "/usr/lib/python3.11/json/encoder%u_%u.py" };
	uint32_t file = below(400), line = below(300) + 1;
	struct frame f = { .line = (int)line };
	char text[100];
	uint32_t id;

	snprintf(text, sizeof(text), places[file % 3], file / 10, file);
	must(names_string(n, text, strlen(text), &f.file, &e));
	snprintf(text, sizeof(text), "Handler%u.method_%u", file, line / 12);
	must(names_string(n, text, strlen(text), &f.function, &e));
	must(names_frame(n, &f, &id, &e));
	return id;
}

static struct estimate grown(struct estimate was, uint32_t samples)
{
	struct estimate more = { .bytes = samples * 524800ull, .blocks = samples * 700ull, .samples = samples,
				 .variance = samples * 524800.0 * 523000.0 };

	estimate_add(&more, &was);
	return more;
}

static void change(struct site *s)
{
	uint32_t came = 1 + below(8), went = below(came + 1);

	s->alloc = grown(s->alloc, came);
	s->live = grown(s->live, came - went);
	if (s->live.samples > 40)
		s->live = grown((struct estimate){ 0 }, below(20));
	s->peak = s->live;
	s->temporary = grown(s->temporary, went / 2);
	s->lifetimes[below(LIFETIME_BUCKETS)] += went;
}

int main(int argc, char *argv[])
{
	const uint32_t stacks = argc > 2 ? (uint32_t)atoi(argv[2]) : 50000, ticks = argc > 3 ? (uint32_t)atoi(argv[3]) : 3600;
	const uint32_t changes = argc > 4 ? (uint32_t)atoi(argv[4]) : 300;
	const struct recording_about about = { .pid = 4711, .name = "gunicorn: worker [shop.wsgi]", .python = "3.11.7",
					       .sample_bytes = 524288, .interval_s = 1, .wall_ns = 1700000000000000000u };
	struct site *sites = calloc(stacks, sizeof(*sites)), *changed = calloc(stacks, sizeof(*changed));
	struct recording_writer *w;
	struct names *n;
	int fd;

	if (argc < 2 || !sites || !changed)
		return 2;
	must(names_new(&n, &e));
	must(recording_create(argv[1], true, &fd, &e));
	must(recording_writer_new(&w, fd, &about, 0, &e));
	for (uint32_t tick = 0; tick < ticks; tick++) {
		struct sample s = { .time_ns = 1 + tick * 1000000000ull, .has_heap = true, .sample_bytes = 524288,
				    .memory = { .rss = 1000000000ull + tick * 65536ull, .has_detail = tick % 10 == 0, .pss = 900000000 },
				    .table_bytes = 8 << 20, .sites = changed };

		/* Half of all stacks are there after a tenth of the time. */
		while (names_stacks(n) < stacks && (uint64_t)names_stacks(n) * ticks < (uint64_t)stacks * (tick + 1) * (tick < ticks / 10 ? 5 : 2)) {
			uint32_t known = names_stacks(n), id, parent = known < 50 ? 0 : below(known) + 1;

			must(names_stack(n, parent, some_frame(n), &id, &e));
			if (id <= known)
				continue;
			sites[id - 1] = (struct site){ .stack = id, .thread = 4711 + id % 8, .domain = id % DOMAIN_COUNT };
			change(&sites[id - 1]);
			changed[s.site_count++] = sites[id - 1];
		}
		for (uint32_t i = 0; i < changes && names_stacks(n) && s.site_count < stacks; i++) {
			struct site *site = &sites[below(names_stacks(n))];

			change(site);
			changed[s.site_count++] = *site;
		}
		must(recording_writer_tick(w, &s, n, &e));
	}
	must(recording_writer_end(w, "duration", &e));
	recording_writer_free(w);
	names_free(n);
	return 0;
}
