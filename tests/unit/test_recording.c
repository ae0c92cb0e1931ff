#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "made_up.h"
#include "memspy/series.h"

static struct names *names;
static struct recording_writer *w;

static void new_names(void)
{
	ck_ok(names_new(&names, &e), e);
}

static void is_valid(const char *path)
{
	json_error_t why;
	json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &why);

	ck_assert_msg(document != NULL, "%s: %s at byte %d", path, why.text, why.position);
	json_decref(document);
}

static json_t *tick_of(const char *path, size_t i, json_t **document)
{
	*document = json_load_file(path, 0, NULL);
	ck_assert_ptr_nonnull(*document);
	return json_array_get(json_object_get(*document, "ticks"), i);
}

static void figures_are(const struct site *got, const struct site *want)
{
	const struct estimate *g = &got->live, *x = &want->live;

	for (int i = 0; i < 3; i++, g++, x++) {
		ck_assert_uint_eq(g->bytes, x->bytes);
		ck_assert_uint_eq(g->blocks, x->blocks);
		ck_assert_uint_eq(g->samples, x->samples);
		ck_assert_uint_eq(g->sure_bytes, x->sure_bytes);
		ck_assert_double_eq_tol(g->variance, x->variance, 1);
	}
	ck_assert_uint_eq(got->temporary.bytes, want->temporary.bytes);
	ck_assert_uint_eq(got->temporary.blocks, want->temporary.blocks);
	ck_assert_uint_eq(got->temporary.samples, want->temporary.samples);
	ck_assert_mem_eq(got->lifetimes, want->lifetimes, sizeof(want->lifetimes));
}

START_TEST(what_is_written_is_read)
{
	char *path = strdup(made_path());
	const struct losses lost = { 1, 2, 3, 4, 5, 6, 7 };
	struct site sites[2];
	struct sample s;
	struct series *series;
	const struct sample *got;

	new_names();
	w = made_writer(path, 0);
	sites[0] = made_site(made_call(names, 0, "main \"é\"\n\x01", "app.py", 3), 10 * MIB, 20);
	sites[0].live.sure_bytes = 4096;
	sites[0].temporary = (struct estimate){ .bytes = 7, .blocks = 2, .samples = 1 };
	sites[0].lifetimes[3] = 9;
	s = made_sample(0, 100 * MIB, sites, 1);
	s.memory = (struct memory){ .rss = 100, .has_detail = true, .rss_anon = 1, .rss_file = 2,
				    .rss_shmem = 3, .pss = 4, .swap = 5 };
	s.lost = lost;
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	sites[1] = made_site(made_call(names, sites[0].stack, "leak", "lib.py", 88), 3 * MIB, 6);
	s = made_sample(1.25, 200, sites, 2);
	s.peak_bytes = 77;
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);

	ck_ok(series_open(&series, path, &e), e);
	ck_assert_str_eq(series_about(series)->cmdline, "gunicorn \"shop\".wsgi");
	ck_assert_uint_eq(series_about(series)->rss_at_attach, 58 * MIB);
	ck_assert_uint_eq(series_about(series)->wall_ns, 1795183331000000000u);
	ck_assert_str_eq(series_about(series)->container, "");
	ck_ok(series_next(series, &e), e);
	got = series_sample(series);
	ck_assert(got->memory.has_detail && got->has_heap);
	ck_assert_uint_eq(got->memory.rss + got->memory.rss_anon + got->memory.rss_file + got->memory.rss_shmem, 106);
	ck_assert_uint_eq(got->memory.pss * 10 + got->memory.swap, 45);
	ck_assert_mem_eq(&got->lost, &lost, sizeof(lost));
	ck_assert_uint_eq(got->site_count, 1);
	figures_are(&got->sites[0], &sites[0]);
	ck_ok(series_next(series, &e), e);
	got = series_sample(series);
	ck_assert(!got->memory.has_detail);
	ck_assert_double_eq_tol(series_seconds(series), 1.25, 1e-6);
	ck_assert_uint_eq(got->site_count, 2);
	figures_are(&got->sites[0], &sites[0]);
	figures_are(&got->sites[1], &sites[1]);
	ck_assert_uint_eq(got->peak_bytes, 77);
	ck_assert_uint_eq(got->sample_bytes, 512 * KIB);
	ck_assert_uint_eq(names_stack_at(series_names(series), 2).parent, 1);
	ck_assert_str_eq(names_text(series_names(series), 1), "main \"é\"\n\x01");
	ck_assert_int_eq(series_next(series, &e), SERIES_END);
	ck_assert_int_eq(series_next(series, &e), SERIES_END);
	ck_assert_str_eq(series_end(series), "duration");
	ck_assert(!series_is_torn(series));
	series_free(series);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(the_document_is_valid_after_every_step)
{
	char *path = strdup(made_path());
	struct site sites[3];
	struct sample s;

	new_names();
	w = made_writer(path, 0);
	is_valid(path);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 3; k++)
			sites[k] = made_site(made_call(names, 0, "f", "app.py", i * (k + 1)), (uint64_t)i * 1000, 1);
		s = made_sample(i, 1000, sites, i % 3);
		s.has_heap = i != 7;
		ck_ok(recording_writer_tick(w, &s, names, &e), e);
		is_valid(path);
	}
	s.time_ns--;
	ck_assert_int_lt(recording_writer_tick(w, &s, names, &e), 0); /* no reader would take it */
	s.time_ns++;
	is_valid(path);
	ck_assert_uint_eq(recording_writer_ticks(w), 20);
	ck_ok(recording_writer_end(w, "killed by \"signal\" 9", &e), e);
	is_valid(path);
	ck_assert_int_lt(recording_writer_tick(w, &s, names, &e), 0);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(a_tick_says_only_what_is_new)
{
	const char *path = made_path();
	struct site sites[2];
	struct sample s = made_sample(0, 1, sites, 2);
	json_t *document, *tick;
	char *changes;

	new_names();
	w = made_writer(path, 0);
	sites[0] = made_site(made_call(names, 0, "a", "app.py", 1), 1000, 1);
	sites[1] = made_site(made_call(names, 0, "b", "app.py", 2), 2000, 1);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	sites[1].live.bytes++;
	made_call(names, 0, "c", "app.py", 3);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);

	tick = tick_of(path, 1, &document);
	ck_assert_ptr_null(json_object_get(tick, "sites"));
	ck_assert_ptr_null(json_object_get(tick, "changes"));
	ck_assert_ptr_null(json_object_get(tick, "strings"));
	tick = json_array_get(json_object_get(document, "ticks"), 2);
	ck_assert_ptr_null(json_object_get(tick, "sites"));
	ck_assert_uint_eq(json_array_size(json_object_get(tick, "strings")), 1);
	changes = json_dumps(json_object_get(tick, "changes"), JSON_COMPACT);
	ck_assert_str_eq(changes, "[[2,0,[-1]]]"); /* nothing came, a byte less than nothing went */
	free(changes);
	ck_assert_int_eq(json_integer_value(json_object_get(tick, "heap_live")), 3001);
	json_decref(document);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
}
END_TEST

START_TEST(two_sites_of_one_place_are_one_and_a_missing_one_stays)
{
	const char *path = made_path();
	struct site sites[3];
	struct sample s = made_sample(0, 1, sites, 3);
	struct series *series;

	new_names();
	w = made_writer(path, 0);
	sites[0] = sites[1] = made_site(made_call(names, 0, "a", "app.py", 1), 1000, 1);
	sites[2] = made_site(made_call(names, 0, "b", "app.py", 1), 5000, 1);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	s.site_count = 2;
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	recording_writer_free(w);
	ck_ok(series_open(&series, path, &e), e);
	ck_ok(series_next(series, &e), e);
	ck_ok(series_next(series, &e), e);
	ck_assert_uint_eq(series_sample(series)->site_count, 2);
	ck_assert_uint_eq(series_sample(series)->sites[0].live.bytes, 2000);
	ck_assert_uint_eq(series_sample(series)->sites[1].live.bytes, 5000);
	series_free(series);
	names_free(names);
	unlink(path);
}
END_TEST

/* Writes large ticks until it is killed. Check's own file is shared with the parent: nothing is asserted here. */
static void write_for_ever(const char *path, struct site *sites, size_t count, uint64_t max_bytes)
{
	const struct recording_about about = made_about();
	struct sample s = made_sample(0, 1, sites, count);
	int fd = -1, r = recording_create(path, false, &fd, &e);

	if (r == 0)
		r = recording_writer_new(&w, fd, &about, max_bytes, &e);
	for (uint64_t t = 1; r == 0; t++) {
		s.time_ns += 1000000;
		for (size_t i = 0; i < count; i++)
			sites[i].live.bytes += t * (1000003 + i); /* no two the same: long rows */
		r = recording_writer_tick(w, &s, names, &e);
	}
	abort();
}

static void wait_for_bytes(const char *path, off_t bytes)
{
	const struct timespec pause = { 0, 1000000 };
	struct stat st;

	for (int i = 0; i < 30000 && (stat(path, &st) < 0 || st.st_size <= bytes); i++)
		nanosleep(&pause, NULL);
}

/* In memory files the kernel tears two of three writes under a SIGKILL, if the killed process itself is writing. */
START_TEST(a_killed_writer_leaves_a_valid_document)
{
	enum { COUNT = 6000 };
	static struct site sites[COUNT];

	new_names();
	for (int i = 0; i < COUNT; i++)
		sites[i] = made_site(made_call(names, 0, "function", "app.py", i + 1), 1000, 1);
	srand(1);
	for (int i = 0; i < 15; i++) {
		const struct timespec pause = { 0, rand() % 30000000 };
		const char *path = made_path();
		struct stat st = { 0 };
		int alive[2];
		char end;
		pid_t pid;

		ck_assert_int_eq(pipe(alive), 0);
		pid = fork();
		if (pid == 0)
			write_for_ever(path, sites, COUNT, 0);
		wait_for_bytes(path, 10000);
		ck_assert_int_ge(stat(path, &st), 0);
		ck_assert_int_gt(st.st_size, 10000);
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(alive[1]);
		ck_assert_int_eq(read(alive[0], &end, 1), 0); /* the write under way ends without its writer */
		close(alive[0]);
		is_valid(path);
		unlink(path);
	}
	names_free(names);
}
END_TEST

static uint64_t read_through(const char *path)
{
	struct series *series;
	uint64_t ticks = 0;
	int r = series_open(&series, path, &e);

	if (r < 0) /* its first line is being written */
		return 0;
	while ((r = series_next(series, &e)) == 0)
		ticks++;
	ck_assert_msg(r == SERIES_END, "%s", e.text);
	series_free(series);
	return ticks;
}

START_TEST(a_reader_and_a_kill_find_a_whole_document_while_it_is_thinned)
{
	enum { COUNT = 2000, MAX = 6 << 20 };
	static struct site sites[COUNT];
	uint64_t ticks = 0;

	new_names();
	for (int i = 0; i < COUNT; i++)
		sites[i] = made_site(made_call(names, 0, "function", "app.py", i + 1), 1000, 1);
	srand(2);
	for (int i = 0; i < 8; i++) {
		char dir[] = "/tmp/memspy-test-XXXXXX", path[64];
		const struct timespec pause = { 0, rand() % 100000000 };
		struct stat st;
		int alive[2];
		char end;
		pid_t pid;

		ck_assert_ptr_nonnull(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/heap.json", dir);
		ck_assert_int_eq(pipe(alive), 0);
		pid = fork();
		if (pid == 0)
			write_for_ever(path, sites, COUNT, MAX);
		wait_for_bytes(path, MAX / 8 * 7 - MAX / 16); /* it begins to be thinned, or is about to */
		nanosleep(&pause, NULL);
		ticks += read_through(path);
		ticks += read_through(path);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(alive[1]);
		ck_assert_int_eq(read(alive[0], &end, 1), 0);
		close(alive[0]);
		is_valid(path);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_le(st.st_size, MAX);
		/* Nothing else is left there. */
		ck_assert_int_eq(unlink(path) | rmdir(dir), 0);
	}
	ck_assert_uint_gt(ticks, 100);
	names_free(names);
}
END_TEST

static void one_more(const char *path, uint64_t *ret_ticks, int *ret)
{
	static struct site sites[50];
	struct sample s = made_sample((double)*ret_ticks, 1, sites, 50);

	for (int i = 0; i < 50; i++)
		sites[i] = made_site(made_call(names, 0, "function", "app.py", i + 1), 1000 + *ret_ticks * 13, 1);
	*ret = recording_writer_tick(w, &s, names, &e);
	*ret_ticks += *ret == 0;
	if (*ret_ticks % 8 == 1 || *ret < 0)
		is_valid(path);
}

START_TEST(a_full_disk_leaves_a_valid_document_and_room_lets_it_go_on)
{
	struct site sites[50];
	struct sample s = made_sample(0, 1, sites, 50);
	const struct rlimit little = { 400000, RLIM_INFINITY }, more = { RLIM_INFINITY, RLIM_INFINITY };
	char *path = strdup(made_path());
	json_t *document, *tick;
	uint64_t ticks = 0;
	int r = 0;

	signal(SIGXFSZ, SIG_IGN);
	new_names();
	w = made_writer(path, 0);
	one_more(path, &ticks, &r);
	setrlimit(RLIMIT_FSIZE, &little); /* Check's own file, too: nothing is asserted meanwhile */
	for (; r == 0; ticks += r == 0) {
		for (int i = 0; i < 50; i++)
			sites[i] = made_site((uint32_t)i + 1, 2000 + ticks * 13, 1);
		s.time_ns += 1000000000;
		r = recording_writer_tick(w, &s, names, &e);
	}
	setrlimit(RLIMIT_FSIZE, &more);
	ck_assert_int_eq(r, -EFBIG);
	ck_assert_msg(strstr(e.text, "valid up to the last tick"), "%s", e.text);
	is_valid(path);
	one_more(path, &ticks, &r);
	ck_assert_int_eq(r, 0);
	tick = tick_of(path, ticks - 1, &document);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "ticks")), ticks);
	ck_assert_uint_eq(json_array_size(json_object_get(tick, "changes")), 50);
	json_decref(document);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(a_full_file_system_is_said_so)
{
	char dir[] = "/tmp/memspy-test-XXXXXX", path[64];
	uint64_t ticks = 0;
	int r = 0;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=64k")) {
		rmdir(dir);
		return; /* may not mount here */
	}
	snprintf(path, sizeof(path), "%s/heap.json", dir);
	new_names();
	w = made_writer(path, 0);
	while (r == 0)
		one_more(path, &ticks, &r);
	ck_assert_int_eq(r, -ENOSPC);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	umount(dir);
	rmdir(dir);
}
END_TEST

static uint64_t live_at_end(const char *path, size_t *ret_ticks)
{
	struct series *series;
	uint64_t bytes;

	*ret_ticks = 0;
	ck_ok(series_open(&series, path, &e), e);
	while (series_next(series, &e) == 0)
		++*ret_ticks;
	ck_assert_msg(!series_is_torn(series), "%s", e.text);
	bytes = sample_live(series_sample(series)).bytes;
	series_free(series);
	return bytes;
}

START_TEST(a_bounded_recording_stays_below_its_bound_and_keeps_the_newest)
{
	char *path = strdup(made_path());
	uint64_t ticks = 0, last;
	struct stat st;
	size_t kept;
	int r = 0;

	new_names();
	w = made_writer(path, 200000);
	for (int i = 0; i < 400; i++) {
		char text[32];

		snprintf(text, sizeof(text), "new_%d", i);
		made_call(names, 0, text, "app.py", i);
		one_more(path, &ticks, &r);
		ck_ok(r, e);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_le(st.st_size, 200000);
		ck_assert_uint_eq((uint64_t)st.st_size, recording_writer_bytes(w));
	}
	ck_ok(recording_writer_end(w, "duration", &e), e);
	is_valid(path);
	last = live_at_end(path, &kept);
	ck_assert_uint_eq(last, 50 * (1000 + 399 * 13));
	ck_assert_uint_gt(kept, 10);
	ck_assert_uint_lt(kept, 100);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

/* Sites that change at random: the same ones each time. */
static void many_ticks(struct recording_writer *writer, struct site *sites, size_t count, size_t changes, unsigned ticks)
{
	struct sample s = made_sample(0, 1, sites, count);

	srand(1);
	for (size_t i = 0; i < count; i++)
		sites[i] = made_site((uint32_t)i + 1, 1000, 1);
	for (unsigned t = 0; t < ticks; t++) {
		char text[32];

		for (size_t i = 0; i < changes; i++)
			sites[changes == count ? i : (size_t)rand() % count].live.bytes = (uint64_t)rand();
		snprintf(text, sizeof(text), "new_%u", t);
		made_string(names, text);
		s.time_ns += 1000000000;
		s.memory.rss = t;
		s.has_heap = t % 7 != 3;
		ck_ok(recording_writer_tick(writer, &s, names, &e), e);
	}
}

static void stacks_for(size_t count)
{
	new_names();
	for (size_t i = 0; i < count; i++)
		made_call(names, 0, "function", "app.py", (int)i + 1);
}

static const struct site *site_of(const struct sample *s, uint32_t stack)
{
	for (size_t i = 0; i < s->site_count; i++)
		if (s->sites[i].stack == stack)
			return &s->sites[i];
	ck_abort_msg("no site of stack %u", stack);
}

START_TEST(what_is_left_of_a_thinned_recording_reads_as_before)
{
	enum { COUNT = 200 };
	static struct site sites[COUNT];
	char *path = strdup(made_path()), *whole_path = strdup(made_path());
	struct series *thinned, *whole;
	size_t kept = 0;

	stacks_for(COUNT);
	w = made_writer(path, 500000);
	many_ticks(w, sites, COUNT, COUNT / 10, 2000);
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);
	names_free(names);
	stacks_for(COUNT);
	w = made_writer(whole_path, 0);
	many_ticks(w, sites, COUNT, COUNT / 10, 2000);
	recording_writer_free(w);

	is_valid(path);
	ck_ok(series_open(&thinned, path, &e), e);
	ck_ok(series_open(&whole, whole_path, &e), e);
	for (; series_next(thinned, &e) == 0; kept++) {
		do
			ck_ok(series_next(whole, &e), e);
		while (series_seconds(whole) < series_seconds(thinned));
		ck_assert_double_eq(series_seconds(whole), series_seconds(thinned));
		ck_assert_uint_eq(series_sample(whole)->memory.rss, series_sample(thinned)->memory.rss);
		ck_assert_uint_eq(names_strings(series_names(whole)), names_strings(series_names(thinned)));
		ck_assert_uint_eq(series_sample(whole)->site_count, series_sample(thinned)->site_count);
		for (uint32_t i = 1; i <= COUNT; i += 7)
			figures_are(site_of(series_sample(thinned), i), site_of(series_sample(whole), i));
	}
	ck_assert_msg(series_end(thinned) && !series_is_torn(thinned), "%s", e.text);
	ck_assert_int_eq(series_next(whole, &e), SERIES_END); /* the last tick is there */
	ck_assert_uint_gt(kept, 20);
	ck_assert_uint_lt(kept, 1000);
	series_free(thinned);
	series_free(whole);
	names_free(names);
	unlink(path);
	unlink(whole_path);
	free(path);
	free(whole_path);
}
END_TEST

START_TEST(a_tick_without_room_is_merged_into_the_next_and_the_last_is_there)
{
	enum { COUNT = 20000, TICKS = 40 };
	static struct site sites[COUNT];
	char *path = strdup(made_path());
	uint64_t live = 0, written;
	struct stat st;
	size_t kept;

	stacks_for(COUNT);
	/* Too large to be thinned while a tick waits; and a tick is more than the eighth that is left when that begins. */
	w = made_writer(path, 12 * MIB);
	many_ticks(w, sites, COUNT, COUNT, TICKS);
	written = recording_writer_ticks(w);
	ck_ok(recording_writer_end(w, "duration", &e), e);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, 12 * MIB);
	ck_assert_uint_eq((uint64_t)st.st_size, recording_writer_bytes(w));
	is_valid(path);
	ck_assert_uint_lt(written, TICKS);
	for (int i = 0; i < COUNT; i++)
		live += sites[i].live.bytes;
	ck_assert_uint_eq(live_at_end(path, &kept), live);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(a_recording_that_is_moved_is_thinned_where_it_is)
{
	char dir[] = "/tmp/memspy-test-XXXXXX", path[64], moved[64];
	uint64_t ticks = 0, before = 0;
	bool shrank = false;
	struct stat st, other;
	FILE *f;
	int r;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/heap.json", dir);
	snprintf(moved, sizeof(moved), "%s/moved.json", dir);
	new_names();
	w = made_writer(path, 200000);
	ck_assert_int_eq(chmod(path, 0640), 0);
	one_more(path, &ticks, &r);
	ck_assert_int_eq(rename(path, moved), 0);
	f = fopen(path, "we");
	ck_assert(f && fputs("somebody else's", f) >= 0 && fclose(f) == 0);
	for (int i = 0; i < 300; i++) {
		one_more(moved, &ticks, &r);
		ck_ok(r, e);
		shrank |= recording_writer_bytes(w) < before;
		before = recording_writer_bytes(w);
	}
	ck_assert(shrank);
	ck_assert_int_eq(stat(moved, &st) | stat(path, &other), 0);
	ck_assert_uint_eq((uint64_t)st.st_size, recording_writer_bytes(w));
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(other.st_size, 15);
	recording_writer_free(w);
	names_free(names);
	ck_assert_int_eq(unlink(path) | unlink(moved) | rmdir(dir), 0); /* nothing else is left there */
}
END_TEST

START_TEST(a_recording_without_a_place_ends_when_it_is_full_and_says_why)
{
	static struct site sites[50];
	struct sample s = made_sample(0, 1, sites, 50);
	char *path = strdup(made_path());
	char other[96];
	struct stat st;
	FILE *f;
	int r = 0;

	stacks_for(50);
	w = made_writer(path, 200000);
	ck_assert_int_eq(unlink(path), 0);
	/* What the kernel calls a file without a name may be the name of another. */
	snprintf(other, sizeof(other), "%s (deleted)", path);
	f = fopen(other, "we");
	ck_assert(f && fputs("somebody else's", f) >= 0 && fclose(f) == 0);
	for (uint64_t t = 1; r == 0 && t < 1000; t++) {
		for (int i = 0; i < 50; i++)
			sites[i] = made_site((uint32_t)i + 1, t * 1000, 1);
		s.time_ns += 1000000000;
		r = recording_writer_tick(w, &s, names, &e);
	}
	ck_assert_int_eq(r, -ESTALE);
	ck_assert_msg(strstr(e.text, "cannot be thinned: it is not to be seen at its place"), "%s", e.text);
	ck_assert_uint_gt(recording_writer_bytes(w), 190000);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(stat(other, &st), 0);
	ck_assert_int_eq(st.st_size, 15);
	unlink(other);
	recording_writer_free(w);
	names_free(names);
	free(path);
}
END_TEST

START_TEST(a_bound_too_small_for_the_names_is_said_so)
{
	char *path = strdup(made_path());
	uint64_t ticks = 0;
	int r = 0;

	new_names();
	w = made_writer(path, 1500);
	one_more(path, &ticks, &r);
	ck_assert_int_eq(r, -EFBIG);
	ck_assert_msg(strstr(e.text, "the recording is full"), "%s", e.text);
	recording_writer_free(w);
	names_free(names);
	unlink(path);
	free(path);
}
END_TEST

START_TEST(a_file_of_somebody_else_is_never_written)
{
	char dir[] = "/tmp/memspy-test-XXXXXX";
	struct stat st;
	int fd = -1;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_ok(recording_create("heap.json", false, &fd, &e), e);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	close(fd);
	ck_assert_int_eq(recording_create("heap.json", false, &fd, &e), -EEXIST);
	ck_assert_str_eq(e.text, "heap.json exists; -f overwrites it");

	ck_assert_int_eq(link("heap.json", "other"), 0);
	ck_assert_int_eq(symlink("heap.json", "link") | mkdir("dir", 0700) | mkfifo("pipe", 0600), 0);
	for (int force = 0; force < 2; force++) {
		static const char *const places[] = { "link", "dir", "pipe", "/dev/null" };

		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			ck_assert_int_eq(recording_create(places[i], force, &fd, &e), -EEXIST);
			ck_assert_msg(strstr(e.text, "is not an ordinary file"), "%s", e.text);
		}
	}
	ck_assert_int_eq(recording_create("no/where", false, &fd, &e), -ENOENT);
	ck_ok(recording_create("heap.json", true, &fd, &e), e);
	ck_assert_int_eq(write(fd, "new", 3), 3);
	close(fd);
	ck_assert_int_eq(stat("other", &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_int_eq(unlink("heap.json") | unlink("other") | unlink("link") | rmdir("dir") | unlink("pipe"), 0);
	ck_assert_int_eq(chdir("/") | rmdir(dir), 0);
}
END_TEST

TESTS("recording", what_is_written_is_read, the_document_is_valid_after_every_step, a_tick_says_only_what_is_new,
      two_sites_of_one_place_are_one_and_a_missing_one_stays, a_killed_writer_leaves_a_valid_document,
      a_full_disk_leaves_a_valid_document_and_room_lets_it_go_on, a_full_file_system_is_said_so,
      a_reader_and_a_kill_find_a_whole_document_while_it_is_thinned,
      a_bounded_recording_stays_below_its_bound_and_keeps_the_newest,
      what_is_left_of_a_thinned_recording_reads_as_before,
      a_tick_without_room_is_merged_into_the_next_and_the_last_is_there,
      a_recording_that_is_moved_is_thinned_where_it_is,
      a_recording_without_a_place_ends_when_it_is_full_and_says_why, a_bound_too_small_for_the_names_is_said_so,
      a_file_of_somebody_else_is_never_written)
