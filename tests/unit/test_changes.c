/* Recordings of version 2: what changed, and only that. */
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#include "made_up.h"
#include "memspy/series.h"

#define HEADER "{\"memspy_recording\":2,\"target\":{\"pid\":7},\"config\":{},\"ticks\":[\n"
#define NAMES "\"strings\":[\"f\"],\"frames\":[[1,1,2,0]],\"stacks\":[[0,1]],\"sites\":[[1,7,1],[0,0,0]],\"amounts\":[[100,2,1,50],[-5]]"
#define EIGHT "[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1]" /* as many as are read before the first is added */
#define TICK "{\"t\":0,\"T\":1000," NAMES ",\"changes\":[[1,1],[2,-2]]}"

static char path[64], other_path[64];

static void name_files(void)
{
	snprintf(path, sizeof(path), "%s", made_path());
	snprintf(other_path, sizeof(other_path), "%s", made_path());
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void estimates_are_same(const struct estimate *a, const struct estimate *b)
{
	ck_assert_uint_eq(a->bytes, b->bytes);
	ck_assert_uint_eq(a->blocks, b->blocks);
	ck_assert_uint_eq(a->samples, b->samples);
	ck_assert_uint_eq(a->sure_bytes, b->sure_bytes);
	ck_assert_msg(a->variance == b->variance, "%.17g is not %.17g", a->variance, b->variance);
}

static void sites_are_same(const struct site *a, const struct site *b)
{
	ck_assert(a->stack == b->stack && a->thread == b->thread && a->domain == b->domain);
	estimates_are_same(&a->live, &b->live);
	estimates_are_same(&a->alloc, &b->alloc);
	estimates_are_same(&a->peak, &b->peak);
	estimates_are_same(&a->temporary, &b->temporary);
	ck_assert_mem_eq(a->lifetimes, b->lifetimes, sizeof(a->lifetimes));
}

static void ticks_are_same(const struct series *a, const struct series *b)
{
	const struct sample *x = series_sample(a), *y = series_sample(b);
	const struct series_heap p = series_heap(a), q = series_heap(b);

	ck_assert_double_eq_tol(series_seconds(a), series_seconds(b), 1e-9);
	ck_assert_mem_eq(&x->memory, &y->memory, sizeof(x->memory));
	ck_assert_mem_eq(&x->lost, &y->lost, sizeof(x->lost));
	ck_assert(x->has_heap == y->has_heap && x->sample_bytes == y->sample_bytes && x->peak_bytes == y->peak_bytes);
	ck_assert(p.live == q.live && p.low == q.low && p.high == q.high && x->table_bytes == y->table_bytes);
	ck_assert_uint_eq(x->site_count, y->site_count);
	for (size_t i = 0; i < x->site_count; i++)
		sites_are_same(&x->sites[i], &y->sites[i]);
}

/* All ticks of a file, written anew. */
static void write_anew(const char *from, const char *to, uint64_t max_bytes)
{
	struct recording_writer *w = made_writer(to, max_bytes);
	struct series *s;

	ck_ok(series_open(&s, from, &e), e);
	while (series_next(s, &e) == 0)
		ck_ok(recording_writer_tick(w, series_sample(s), series_names(s), &e), e);
	ck_ok(recording_writer_end(w, series_end(s), &e), e);
	recording_writer_free(w);
	series_free(s);
}

static const char *golden(void)
{
	static char name[400];

	snprintf(name, sizeof(name), "%s/recording-1.json", getenv("MEMSPY_GOLDEN"));
	return name;
}

START_TEST(a_file_of_version_1_says_the_same_as_one_of_version_2)
{
	struct series *first, *second;
	uint64_t samples = 0;
	size_t ticks = 0;

	name_files();
	write_anew(golden(), path, 0);
	ck_ok(series_open(&first, golden(), &e), e);
	ck_ok(series_open(&second, path, &e), e);
	for (; series_next(first, &e) == 0; ticks++) {
		ck_ok(series_next(second, &e), e);
		ticks_are_same(first, second);
	}
	for (size_t i = 0; i < series_sample(second)->site_count; i++)
		samples += series_sample(second)->sites[i].alloc.samples;
	ck_assert_int_eq(series_next(second, &e), SERIES_END);
	ck_assert_uint_eq(ticks, 14);
	ck_assert_uint_gt(samples, 200);
	series_free(first);
	series_free(second);
	unlink(path);
}
END_TEST

static uint64_t some(uint64_t most)
{
	static const uint64_t sizes[] = { 1, 3, 1000, 1 << 20, 1ull << 53, 1ull << 62, UINT64_MAX };
	uint64_t v = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();

	return v % sizes[(size_t)rand() % most];
}

static struct estimate some_estimate(uint64_t most)
{
	return (struct estimate){ some(most), some(most), some(most), some(most), (double)some(most) + (rand() % 3) / 3.0 };
}

/* As a reader has it: numbers of JSON, and whole ones. */
static struct estimate read_back(struct estimate v)
{
	const double whole = v.variance < 0x1p52 ? floor(v.variance + 0.5) : v.variance;

	return (struct estimate){ v.bytes > INT64_MAX ? INT64_MAX : v.bytes, v.blocks > INT64_MAX ? INT64_MAX : v.blocks,
				  v.samples > INT64_MAX ? INT64_MAX : v.samples, v.sure_bytes > INT64_MAX ? INT64_MAX : v.sure_bytes,
				  whole >= 9.2e18 ? (double)INT64_MAX : whole };
}

static void change_somehow(struct site *s)
{
	const uint64_t most = rand() % 20 ? 4 : 7;

	switch (rand() % 8) {
	case 0: s->live = some_estimate(most); break;
	case 1: s->alloc = some_estimate(most); break;
	case 2: s->peak = some_estimate(most); break;
	case 3: s->temporary = some_estimate(most); break;
	case 4: s->lifetimes[rand() % LIFETIME_BUCKETS] = (uint32_t)some(5); break;
	case 5: s->lifetimes[rand() % LIFETIME_BUCKETS]++; break;
	case 6: s->alloc.bytes += 512; s->alloc.samples++; s->live.bytes += 512; s->live.samples++; break;
	case 7: *s = (struct site){ .stack = s->stack, .thread = s->thread, .domain = s->domain }; break;
	}
}

enum { COUNT = 60, TICKS = 400 };

static void tick_is_what_was_written(struct series *s, const struct site *sites, size_t count)
{
	ck_assert_uint_eq(series_sample(s)->site_count, count);
	for (size_t i = 0; i < count; i++) {
		struct site want = sites[i];

		want.live = read_back(want.live);
		want.alloc = read_back(want.alloc);
		want.peak = read_back(want.peak);
		want.temporary = read_back(want.temporary);
		want.temporary.sure_bytes = 0; /* is not told */
		want.temporary.variance = 0;
		sites_are_same(&series_sample(s)->sites[i], &want);
	}
}

START_TEST(whatever_changes_reads_back_and_what_is_thinned_too)
{
	static struct site history[TICKS][COUNT];
	struct site *sites = history[0];
	struct recording_writer *w, *bounded;
	size_t kept = 0, last = 0;
	struct names *n = NULL;
	struct series *s;

	srand(3);
	name_files();
	ck_ok(names_new(&n, &e), e);
	w = made_writer(path, 0);
	bounded = made_writer(other_path, 60000);
	for (uint32_t i = 0; i < COUNT; i++)
		sites[i] = (struct site){ .stack = made_call(n, 0, "f", "a.py", (int)i / 3), .thread = i % 3, .domain = i / 3 % DOMAIN_COUNT };
	for (unsigned tick = 0; tick < TICKS; tick++) {
		struct sample now;

		sites = history[tick];
		if (tick)
			memcpy(sites, history[tick - 1], sizeof(history[0]));
		for (int i = rand() % 40; i > 0; i--)
			change_somehow(&sites[rand() % COUNT]);
		for (int i = 0; i < COUNT && tick % 5 == 2; i++) /* a peak, of nearly all */
			if (rand() % 9)
				sites[i].peak = sites[i].live;
		now = made_sample(tick, 1, sites, COUNT);
		ck_ok(recording_writer_tick(w, &now, n, &e), e);
		ck_ok(recording_writer_tick(bounded, &now, n, &e), e);
	}
	ck_ok(recording_writer_end(bounded, "duration", &e), e);
	recording_writer_free(w);
	recording_writer_free(bounded);
	names_free(n);
	ck_ok(series_open(&s, path, &e), e);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		ck_ok(series_next(s, &e), e);
		tick_is_what_was_written(s, history[tick], COUNT);
	}
	ck_assert_int_eq(series_next(s, &e), SERIES_END);
	series_free(s);
	ck_ok(series_open(&s, other_path, &e), e);
	for (; series_next(s, &e) == 0; kept++) {
		last = (size_t)(series_seconds(s) + 0.5);
		tick_is_what_was_written(s, history[last], COUNT);
	}
	ck_assert(series_end(s) && last == TICKS - 1);
	ck_assert_msg(kept > 20 && kept < TICKS - 20, "%zu ticks", kept);
	series_free(s);
	unlink(path);
	unlink(other_path);
}
END_TEST

/* Amounts get their ids in a tick that is not written; the next one must give them anew. */
START_TEST(after_ticks_that_failed_ids_are_still_those_of_the_file)
{
	const struct rlimit little = { 6000, RLIM_INFINITY }, more = { RLIM_INFINITY, RLIM_INFINITY };
	static struct site sites[COUNT];
	struct sample now = made_sample(0, 1, sites, COUNT);
	struct recording_writer *w;
	struct names *n = NULL;
	struct series *s;
	int failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	name_files();
	ck_ok(names_new(&n, &e), e);
	w = made_writer(path, 0);
	for (uint32_t i = 0; i < COUNT; i++)
		sites[i] = (struct site){ .stack = made_call(n, 0, "f", "a.py", (int)i), .domain = DOMAIN_OBJ };
	for (uint64_t tick = 0; tick < 100; tick++) {
		for (int i = 0; i < COUNT; i++)
			sites[i].live.bytes = sites[i].alloc.bytes += tick % 50 * (uint64_t)(i / 2);
		now.time_ns += 1000000000;
		setrlimit(RLIMIT_FSIZE, tick == 99 ? &more : &little);
		failed += recording_writer_tick(w, &now, n, &e) < 0;
		setrlimit(RLIMIT_FSIZE, &more);
	}
	ck_assert_int_gt(failed, 50);
	ck_assert_int_lt(failed, 99);
	recording_writer_free(w);
	names_free(n);
	ck_ok(series_open(&s, path, &e), e);
	for (int tick = failed; tick < 99; tick++)
		ck_ok(series_next(s, &e), e);
	ck_ok(series_next(s, &e), e);
	tick_is_what_was_written(s, sites, COUNT);
	ck_assert_int_eq(series_next(s, &e), SERIES_END);
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(what_comes_again_is_an_id)
{
	struct site sites[3];
	struct sample now = made_sample(0, 1, sites, 3);
	struct recording_writer *w;
	struct names *n = NULL;
	char text[8192] = "";
	FILE *f;

	name_files();
	ck_ok(names_new(&n, &e), e);
	w = made_writer(path, 0);
	for (uint32_t i = 0; i < 3; i++)
		sites[i] = (struct site){ .stack = made_call(n, 0, "f", "a.py", (int)i), .domain = DOMAIN_OBJ };
	for (int tick = 0; tick < 3; tick++) {
		const struct estimate one = { 524809, 504, 1, 0, 274877816576.0 };

		estimate_add(&sites[tick].alloc, &one);
		estimate_add(tick == 2 ? &sites[2].temporary : &sites[tick].live, &one);
		if (tick == 2) {
			estimate_subtract(&sites[1].live, &one);
			sites[1].lifetimes[9]++;
			sites[2].lifetimes[0]++;
		}
		ck_ok(recording_writer_tick(w, &now, n, &e), e);
	}
	recording_writer_free(w);
	names_free(n);
	f = fopen(path, "re");
	ck_assert(f && fread(text, 1, sizeof(text) - 1, f) > 0 && fclose(f) == 0);
	ck_assert_msg(strstr(text, "\"sites\":[[1,0,2],[2,0,2],[3,0,2]],\"changes\":[[1,[524809,504,1,274877816576]]]}"), "%s", text);
	ck_assert_msg(strstr(text, "\"amounts\":[[524809,504,1,274877816576]],\"changes\":[[2,1]]}"), "%s", text);
	ck_assert_msg(strstr(text, "\"changes\":[[2,0,1,9],[3,1,1,0,1]]}"), "%s", text);
	unlink(path);
}
END_TEST

START_TEST(damaged_and_hostile_files_are_a_sentence)
{
	static const struct {
		const char *what, *text, *says;
	} cases[] = {
		{ "a site of a stack to come", HEADER "{\"t\":0,\"sites\":[[1,0,0]]}\n]}\n", "site 1 has a stack" },
		{ "a site of no list", HEADER "{\"t\":0,\"sites\":[7]}\n]}\n", "site 1 has a stack" },
		{ "a site twice", HEADER "{\"t\":0,\"sites\":[[0,1,2],[0,1,2]]}\n]}\n", "site 2 is said twice" },
		{ "sites no list", HEADER "{\"t\":0,\"sites\":7}\n]}\n", "sites is not a list" },
		{ "an amount of text", HEADER "{\"t\":0,\"amounts\":[[1],[\"x\"]]}\n]}\n", "amount 2 is not" },
		{ "an amount of no list", HEADER "{\"t\":0,\"amounts\":[7]}\n]}\n", "amount 1 is not" },
		{ "an amount too low", HEADER "{\"t\":0,\"amounts\":[[-9223372036854775808]]}\n]}\n", "amount 1 is not" },
		{ "changes no list", HEADER "{\"t\":0,\"changes\":7}\n]}\n", "changes is not a list" },
		{ "an amount to come", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,1],[1,3]]}\n]}\n", "line 3: change 2 is not of" },
		{ "an amount to come, negative", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,-3]]}\n]}\n", "change 1 is not of" },
		{ "a site to come", HEADER TICK ",\n{\"t\":1,\"changes\":[[3,1]]}\n]}\n", "change 1 is not of" },
		{ "a site of nobody", HEADER TICK ",\n{\"t\":1,\"changes\":[[0,1]]}\n]}\n", "change 1 is not of" },
		{ "below nothing", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,0,1],[1,0,1]]}\n]}\n", "change 2 leads to a figure below 0" },
		{ "below nothing, far behind", HEADER TICK ",\n{\"t\":1,\"changes\":[" EIGHT ",[2,0,1],[1,1]]}\n]}\n", "change 9 leads to" },
		{ "two faults", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,1],[2,0,1],[3,1]]}\n]}\n", "change 2 leads to" },
		{ "an age below nothing", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,0,0,[3,-1]]]}\n]}\n", "change 1 leads to" },
		{ "more than there is", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,[9223372036854775807]]]}\n]}\n", "change 1 leads to" },
		{ "more at a peak", HEADER TICK ",\n{\"t\":1,\"at_peak\":true,\"changes\":[[1,0,0,[],0,[-101]]]}\n]}\n", "change 1 leads to" },
		{ "a bracket too many", HEADER TICK ",\n{\"t\":1,\"changes\":[[1,1]]]}\n]}\n" TICK, "not a tick" },
	};

	name_files();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct series *s = NULL;
		int r;

		write_file(cases[i].text);
		e.text[0] = '\0';
		r = series_open(&s, path, &e);
		while (r == 0)
			r = series_next(s, &e);
		ck_assert_msg(r < 0 && strstr(e.text, cases[i].says), "%s: %d %s", cases[i].what, r, e.text);
		series_free(s);
	}
	unlink(path);
}
END_TEST

/* Rows as memspy writes them, or with a space that only a parser takes. */
static int read_changes(const char *rows, const char *space, struct site *ret)
{
	char text[2048];
	struct series *s;
	int r;

	snprintf(text, sizeof(text), HEADER TICK ",\n{\"t\":1,\"changes\":%s[%s]}\n]}\n", space, rows);
	write_file(text);
	ck_ok(series_open(&s, path, &e), e);
	do
		r = series_next(s, &e);
	while (r == 0);
	for (int i = 0; i < 2; i++)
		ret[i] = r < 0 ? (struct site){ 0 } : series_sample(s)->sites[i];
	series_free(s);
	return r;
}

START_TEST(rows_read_where_they_lie_say_what_a_parser_says)
{
	static const struct {
		const char *rows;
		int live; /* bytes of the first site; -1: damaged */
	} cases[] = {
		{ "[1,1]", 200 }, { "[1,1],[1,1]", 300 }, { "[1,0,1]", 0 }, { "[1,-1]", 0 }, { "[1,2]", 95 }, { "[1]", 100 },
		{ "[1,[7]]", 107 }, { "[1,[7,0,0,0,0]]", 107 }, { "[1,[]]", 100 }, { "[1,[-7]]", 93 }, { "[1,[0,0,0,0,0,1]]", -1 },
		{ "[1,1,0,3]", 200 }, { "[1,1,0,[3,4,5,6]]", 200 }, { "[1,1,0,16]", -1 }, { "[1,1,0,[3]]", -1 }, { "[1,1,0,-1]", -1 },
		{ "[1,1,0,[3,4294967296]]", -1 }, { "[1,1,0,[]]", 200 }, { "[1,1,0,3,1,1]", 200 }, { "[1,1,0,3,1,1,9,[8]]", 200 },
		{ "[1,1,0,3,1,1,\"x\",{}]", 200 }, { "[1,1],[1,1,0,0,0,0,7],[1,1]", 400 }, { "[1,01]", -1 }, { "[1,1.0]", -1 }, { "[-1,1]", -1 },
		{ "[1,-0]", 100 }, { "[1,--1]", -1 }, { "[1,]", -1 }, { "[1,1],", -1 }, { "[1,1][1,1]", -1 }, { "7", -1 }, { "[]", -1 },
		{ "[1,[7,]]", -1 }, { "[1,[,7]]", -1 }, { "[1,[7]", -1 }, { "[1, 1 ]", 200 }, { "[1,9223372036854775808]", -1 },
		{ EIGHT "," EIGHT, 1700 }, { EIGHT ",[1,1,0,0,0,0,7]," EIGHT, 1800 }, { EIGHT ",[1]]" , -1 },
	};

	name_files();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site lie[2], parsed[2];
		int a = read_changes(cases[i].rows, "", lie), b = read_changes(cases[i].rows, " ", parsed);

		ck_assert_msg(a == b && (a >= 0) == (cases[i].live >= 0), "%s: %d, by a parser %d", cases[i].rows, a, b);
		ck_assert_msg(memcmp(lie, parsed, sizeof(lie)) == 0, "%s: other figures", cases[i].rows);
		ck_assert_msg(a < 0 || lie[0].live.bytes == (uint64_t)cases[i].live, "%s: %lu", cases[i].rows, lie[0].live.bytes);
	}
	unlink(path);
}
END_TEST

/* A tick's lists as memspy writes them, or spaced out as only a parser takes them. Then what was read: frames, stacks, sites. */
static int read_lists(const char *lists, bool spaced, uint32_t ret[3])
{
	static const char before[] = HEADER "{\"t\":0,\"strings\":[\"f,[]\"],";
	char text[2048];
	size_t at = sizeof(before) - 1;
	struct series *s;
	int r;

	memcpy(text, before, sizeof(before));
	for (const char *p = lists; *p; p++) {
		text[at++] = *p;
		if (*p == ':' && spaced)
			text[at++] = ' ';
	}
	snprintf(text + at, sizeof(text) - at, "},\n{\"t\":1}\n]}\n");
	write_file(text);
	ck_ok(series_open(&s, path, &e), e);
	do
		r = series_next(s, &e);
	while (r == 0);
	ret[0] = names_frames(series_names(s));
	ret[1] = names_stacks(series_names(s));
	ret[2] = (uint32_t)series_sample(s)->site_count;
	series_free(s);
	return r;
}

START_TEST(lists_read_where_they_lie_say_what_a_parser_says)
{
	static const struct {
		const char *lists;
		uint32_t sites; /* UINT32_MAX: damaged */
	} cases[] = {
		{ "\"frames\":[[1,1,2,0]],\"stacks\":[[0,1],[1,1]],\"sites\":[[2,7,1],[0,0,0]],\"amounts\":[[],[1,2,3,4,5,6]]", 2 },
		{ "\"frames\":[[1,1,2,0,7,8]],\"stacks\":[[0,1,2]],\"sites\":[[1,7,1,1,1,1,1,1,1]]", 1 },
		{ "\"frames\":[[1,1,2,0,\"x\",{}]],\"stacks\":[[0,1,[7]]],\"sites\":[[1,7,1]]", 1 },
		{ "\"frames\":[],\"stacks\":[],\"sites\":[],\"amounts\":[],\"changes\":[]", 0 },
		{ "\"sites\":[[0,7,1]],\"frames\":[[1,1,2,0]]", 1 },
		{ "\"sites\":[[0,7,1]],\"later\":[[1,2]]", 1 },
		{ "\"lost\":{\"x\":1,\"frames\":[[7]]},\"sites\":[[0,7,1]]", 1 },
		{ "\"frames\":[[1,1,2,0],[1,1,2,0]]", UINT32_MAX }, { "\"frames\":[[1,1,2]]", UINT32_MAX },
		{ "\"frames\":[[1,1,-2,0]]", UINT32_MAX }, { "\"frames\":[[1,2,2,0]]", UINT32_MAX }, { "\"frames\":[[1,1,2147483648,0]]", UINT32_MAX },
		{ "\"frames\":[[1,1,2,0]],\"stacks\":[[0,1],[2,1]]", UINT32_MAX }, { "\"frames\":[[1,1,2,0]],\"stacks\":[[0,1.0]]", UINT32_MAX },
		{ "\"sites\":[[0,7,1],7]", UINT32_MAX }, { "\"sites\":[[0,7,1],]", UINT32_MAX }, { "\"sites\":[[0,7,1][0,7,2]]", UINT32_MAX },
		{ "\"sites\":[[0,7,1],[0,07,2]]", UINT32_MAX }, { "\"sites\":[[0,7,1],[0,4294967296,2]]", UINT32_MAX },
		{ "\"sites\":[[0,7,1]", UINT32_MAX }, { "\"sites\":[[0,7,1]]]", UINT32_MAX }, { "\"sites\":7", UINT32_MAX },
		{ "\"amounts\":[[-9223372036854775808]]", UINT32_MAX }, { "\"amounts\":[[1],2]", UINT32_MAX },
	};

	name_files();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t lie[3], parsed[3];
		int a = read_lists(cases[i].lists, false, lie), b = read_lists(cases[i].lists, true, parsed);

		ck_assert_msg(a == b && (a < 0) == (cases[i].sites == UINT32_MAX), "%s: %d, by a parser %d", cases[i].lists, a, b);
		ck_assert_msg(a < 0 || (memcmp(lie, parsed, sizeof(lie)) == 0 && lie[2] == cases[i].sites), "%s: %u", cases[i].lists, lie[2]);
	}
	unlink(path);
}
END_TEST

START_TEST(a_peak_is_of_all_sites_and_names_those_that_it_changed)
{
	struct series *s;
	const uint32_t *changed;
	size_t count;

	name_files();
	write_file(HEADER TICK ",\n{\"t\":1,\"at_peak\":true,\"changes\":[[2,0,0,[],0,[1]]]},\n{\"t\":2,\"at_peak\":true}\n]}\n");
	ck_ok(series_open(&s, path, &e), e);
	ck_ok(series_next(s, &e), e);
	ck_assert_uint_eq(series_sample(s)->sites[0].peak.bytes, 0);
	ck_ok(series_next(s, &e), e);
	ck_assert_uint_eq(series_sample(s)->sites[0].peak.bytes, 100);
	ck_assert_uint_eq(series_sample(s)->sites[1].peak.bytes, 6);
	changed = series_changed(s, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert(changed[0] == 0 && changed[1] == 1 && changed[2] == 1);
	ck_ok(series_next(s, &e), e);
	ck_assert_uint_eq(series_sample(s)->sites[1].peak.bytes, 5);
	changed = series_changed(s, &count);
	ck_assert(count == 1 && changed[0] == 1);
	series_free(s);
	unlink(path);
}
END_TEST

TESTS("changes", a_file_of_version_1_says_the_same_as_one_of_version_2,
      whatever_changes_reads_back_and_what_is_thinned_too, after_ticks_that_failed_ids_are_still_those_of_the_file, what_comes_again_is_an_id,
      damaged_and_hostile_files_are_a_sentence, rows_read_where_they_lie_say_what_a_parser_says,
      lists_read_where_they_lie_say_what_a_parser_says,
      a_peak_is_of_all_sites_and_names_those_that_it_changed)
