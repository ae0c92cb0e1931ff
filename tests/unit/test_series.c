#include <errno.h>
#include <sys/stat.h>

#include "made_up.h"
#include "memspy/series.h"

#define HEADER "{\"memspy_recording\":1,\"target\":{\"pid\":7},\"config\":{},\"site_columns\":[\"stack\",\"live_bytes\"," \
	       "\"live_n\",\"live_var\",\"thread\",\"domain\",\"lifetimes\"],\"ticks\":[\n"
#define NAMES "\"strings\":[\"f\",\"a.py\"],\"frames\":[[1,2,3,0]],\"stacks\":[[0,1]]"
#define TICK "{\"t\":0.0,\"rss\":1,\"T\":1000," NAMES ",\"sites\":[[1,100,2,50.0,0,1,[1,2]]]}"

static char path[64];

static void write_file(const void *text, size_t length)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s", made_path());
	f = fopen(path, "we");
	ck_assert(f && fwrite(text, 1, length, f) == length && fclose(f) == 0);
}

/* Reads all there is: SERIES_END or the fault. */
static int read_all(struct series **ret, size_t *ticks)
{
	int r;

	*ticks = 0;
	*ret = NULL;
	e.text[0] = '\0';
	r = series_open(ret, path, &e);
	while (r == 0) {
		r = series_next(*ret, &e);
		*ticks += r == 0;
	}
	return r;
}

START_TEST(damaged_and_hostile_files_are_a_sentence)
{
	static const struct {
		const char *what, *text, *says;
	} cases[] = {
		{ "empty", "", "is empty" },
		{ "not JSON", "hello\n", "is not a recording" },
		{ "other JSON", "{\"a\":[\n]}\n", "is not a recording" },
		{ "laid out anew", "{\n  \"memspy_recording\": 1\n}\n", "is not a recording" },
		{ "one line", "{\"memspy_recording\":1,\"site_columns\":[\"stack\"],\"ticks\":[]}\n", "laid out anew" },
		{ "a newer one", "{\"memspy_recording\":3,\"ticks\":[\n]}\n", "has format 3; this memspy reads formats 1 and 2: use a newer one" },
		{ "no columns", "{\"memspy_recording\":1,\"ticks\":[\n]}\n", "does not name the columns" },
		{ "no stacks", "{\"memspy_recording\":1,\"site_columns\":[7],\"ticks\":[\n]}\n", "have no stacks" },
		{ "a list for a tick", HEADER "[1]\n]}\n", "not an object" },
		{ "nonsense in the middle", HEADER "{\"t\":0,}\n" TICK "\n]}\n", "not a tick" },
		{ "a number for a tick", HEADER "7\n]}\n", "not a tick" },
		{ "no time", HEADER "{\"rss\":1}\n]}\n", "t is not a time" },
		{ "time goes back", HEADER "{\"t\":2},\n{\"t\":1}\n]}\n", "line 3: t is not a time" },
		{ "time is text", HEADER "{\"t\":\"1\"}\n]}\n", "t is not a time" },
		{ "RSS below zero", HEADER "{\"t\":0,\"rss\":-1}\n]}\n", "rss is not a whole number" },
		{ "RSS too large to say", HEADER "{\"t\":0,\"rss\":99999999999999999999}\n" TICK "\n]}\n", "not a tick" },
		{ "a loss is text", HEADER "{\"t\":0,\"lost\":{\"full\":\"x\"}}\n]}\n", "full is not" },
		{ "strings no list", HEADER "{\"t\":0,\"strings\":7}\n]}\n", "strings is not a list" },
		{ "a string of none", HEADER "{\"t\":0,\"strings\":[7]}\n]}\n", "string 1 is not text" },
		{ "a frame of strings to come", HEADER "{\"t\":0,\"frames\":[[1,1,1,0]]}\n]}\n", "frame 1 is not" },
		{ "a frame is short", HEADER "{\"t\":0,\"frames\":[[0]]}\n]}\n", "frame 1 is not" },
		{ "a line too large", HEADER "{\"t\":0,\"frames\":[[0,0,4294967296,0]]}\n]}\n", "frame 1 is not" },
		{ "a frame twice", HEADER "{\"t\":0,\"frames\":[[0,0,1,0],[0,0,1,0]]}\n]}\n", "frame 2 is said twice" },
		{ "a stack of itself", HEADER "{\"t\":0,\"frames\":[[0,0,1,0]],\"stacks\":[[1,1]]}\n]}\n", "stack 1 is not" },
		{ "a stack without a frame", HEADER "{\"t\":0,\"stacks\":[[0,0]]}\n]}\n", "stack 1 is not" },
		{ "a site of a stack to come", HEADER "{\"t\":0,\"T\":1,\"sites\":[[1,1]]}\n]}\n", "is not known" },
		{ "a site of no list", HEADER "{\"t\":0,\"T\":1,\"sites\":[7]}\n]}\n", "is not known" },
		{ "a domain of nobody", HEADER "{\"t\":0,\"T\":1,\"sites\":[[0,1,1,1,0,4]]}\n]}\n", "is not known" },
		{ "bytes below zero", HEADER "{\"t\":0,\"T\":1,\"sites\":[[0,-5]]}\n]}\n", "live_bytes of site 1" },
		{ "bytes in halves", HEADER "{\"t\":0,\"T\":1,\"sites\":[[0,1.5]]}\n]}\n", "live_bytes of site 1" },
		{ "a variance below zero", HEADER "{\"t\":0,\"T\":1,\"sites\":[[0,1,1,-1]]}\n]}\n", "live_var of site 1" },
		{ "lifetimes no list", HEADER "{\"t\":0,\"T\":1,\"sites\":[[0,1,1,1,0,0,7]]}\n]}\n", "lifetimes of site 1" },
		{ "something after the end", HEADER TICK "\n]}\n" TICK "\n", "something follows" },
		{ "a bad end", HEADER TICK "\n]]\n" TICK "\n", "do not end here" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct series *s;
		size_t ticks;
		int r;

		write_file(cases[i].text, strlen(cases[i].text));
		r = read_all(&s, &ticks);
		ck_assert_msg(r < 0 && strstr(e.text, cases[i].says), "%s: %d %s", cases[i].what, r, e.text);
		series_free(s);
		unlink(path);
	}
}
END_TEST

/* The rows of a tick, once as memspy writes them and once as a parser of JSON takes them. */
enum reading { BY_A_PARSER, WHERE_THEY_LIE, LATE };

static int read_late(struct series **ret)
{
	int r = series_open(ret, path, &e), settled = 0;

	if (r == 0)
		series_read_late(*ret);
	while (r == 0)
		r = series_next(*ret, &e);
	if (r >= 0)
		settled = series_settle(*ret, &e);
	return settled < 0 ? settled : r;
}

static int read_sites_of(const char *rows, enum reading how, struct site *ret, char *says, size_t room)
{
	char text[2048];
	struct series *series;
	size_t ticks;
	int n = snprintf(text, sizeof(text), HEADER "{\"t\":0,\"T\":1," NAMES ",\"sites\":%s%s}\n]}\n",
			 how == BY_A_PARSER ? " " : "", rows);
	int r;

	write_file(text, (size_t)n);
	r = how == LATE ? read_late(&series) : read_all(&series, &ticks);
	memset(ret, 0, sizeof(*ret));
	if (r >= 0 && series_sample(series)->site_count)
		*ret = series_sample(series)->sites[0];
	/* Not where: only what is wrong. */
	snprintf(says, room, "%s", r < 0 ? strstr(e.text, "line ") : "");
	series_free(series);
	unlink(path);
	return r;
}

START_TEST(rows_read_where_they_lie_say_what_a_parser_says)
{
	static const struct {
		const char *what, *rows;
		bool good;
	} cases[] = {
		{ "a whole row", "[[1,100,2,50,7,1,[1,2]]]", true },
		{ "no row", "[]", true },
		{ "a row that replaces one", "[[1,100,2,50,7,1,[1,2]],[1,5]]", true },
		{ "columns to come", "[[1,100,2,50,7,1,[1],8,[9],\"x\"]]", true },
		{ "a variance in parts", "[[1,100,2,50.25,7,1]]", true },
		{ "a variance with an exponent", "[[1,100,2,5e3,7,1]]", true },
		{ "the largest number", "[[1,9223372036854775807]]", true },
		{ "one more than that", "[[1,9223372036854775808]]", false },
		{ "twenty digits", "[[1,10000000000000000000000]]", false },
		{ "more lifetimes than there are", "[[1,1,1,1,0,0,[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]]", true },
		{ "a lifetime beyond its room", "[[1,1,1,1,0,0,[4294967296]]]", false },
		{ "no lifetimes", "[[1,1,1,1,0,0,[]]]", true },
		{ "lifetimes in the place of a number", "[[1,[1,2]]]", false },
		{ "a list in a list in a list", "[[1,1,1,1,0,0,[1,[1]]]]", false },
		{ "spaces", "[[1, 100 ,2]]", true },
		{ "a number that starts with 0", "[[1,0100]]", false },
		{ "minus nothing", "[[1,-0]]", true },
		{ "a thread beyond its room", "[[1,1,1,1,4294967296]]", false },
		{ "an empty row", "[[]]", true },
		{ "an empty number", "[[1,,2]]", false },
		{ "a comma too many", "[[1,2],]", false },
		{ "a comma too few", "[[1,2][1,3]]", false },
		{ "a bracket too few", "[[1,2]", false },
		{ "a bracket too many", "[[1,2]]]", false },
		{ "another key behind", "[[1,2]],\"x\":[1]", true },
		{ "the same key behind", "[[1,2]],\"sites\":[[1,3]]", true },
		{ "the same key deeper", "[],\"x\":{\"a\":1,\"sites\":[[1,3]]},\"y\":[1]", true },
		{ "the same key in text", "[[1,2]],\"x\":\",\\\"sites\\\":[[1,3]]\"", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site lie, late, parsed;
		char lie_says[256], late_says[256], parsed_says[256];
		int a = read_sites_of(cases[i].rows, WHERE_THEY_LIE, &lie, lie_says, sizeof(lie_says));
		int b = read_sites_of(cases[i].rows, BY_A_PARSER, &parsed, parsed_says, sizeof(parsed_says));
		int c = read_sites_of(cases[i].rows, LATE, &late, late_says, sizeof(late_says));

		ck_assert_msg((b >= 0) == cases[i].good, "%s: %s", cases[i].what, parsed_says);
		ck_assert_msg(a == b, "%s: %d (%s), by a parser %d (%s)", cases[i].what, a, lie_says, b, parsed_says);
		ck_assert_msg(memcmp(&lie, &parsed, sizeof(lie)) == 0, "%s: other figures", cases[i].what);
		ck_assert_msg(b == c, "%s: late %d (%s), by a parser %d (%s)", cases[i].what, c, late_says, b, parsed_says);
		ck_assert_msg(memcmp(&late, &parsed, sizeof(late)) == 0, "%s: other figures when read late", cases[i].what);
	}
}
END_TEST

/* Three ticks with rows of all sorts: figures that wait, figures that replace them, in one tick and over ticks. */
START_TEST(sites_read_late_are_the_same_at_every_tick)
{
	static const char text[] = HEADER
		"{\"t\":0,\"T\":1000," NAMES ",\"sites\":[[1,100,2,50,7,1,[1,2]],[1,200,2,50,8,1],[0,5,1,1,0,0]]},\n"
		"{\"t\":1,\"T\":1000,\"sites\":[[1,300,3,50,7,1,[3,2]],[1,400,4,50,7,1,[3,2]]]},\n"
		"{\"t\":2,\"T\":1000,\"sites\":[[1,500,5,50.5,8,1]]},\n"
		"{\"t\":3,\"T\":1000,\"sites\":[[1,600,5,50.5,7,1]]},\n"
		"{\"t\":4,\"T\":1000,\"sites\":[[0,6,1,1,0,0],[1,7,1,1,9,2]]}\n]}\n";

	for (int settled = 0; settled < 32; settled++) {
		struct series *late, *once;
		char *now;

		write_file(text, sizeof(text) - 1);
		now = strdup(path);
		ck_assert(series_open(&late, now, &e) == 0 && series_open(&once, now, &e) == 0);
		series_read_late(late);
		for (int tick = 0; tick < 5; tick++) {
			const struct sample *a = series_sample(late), *b = series_sample(once);
			size_t changes_late, changes_once;

			ck_ok(series_next(late, &e), e);
			ck_ok(series_next(once, &e), e);
			ck_assert_uint_eq(a->site_count, b->site_count);
			series_changed(late, &changes_late);
			series_changed(once, &changes_once);
			ck_assert_uint_eq(changes_late, changes_once);
			if (tick < 4 && !(settled >> tick & 1))
				continue;
			ck_ok(series_settle(late, &e), e);
			ck_assert_mem_eq(a->sites, b->sites, b->site_count * sizeof(*b->sites));
		}
		series_free(late);
		series_free(once);
		unlink(now);
		free(now);
	}
}
END_TEST

START_TEST(a_file_that_changed_under_its_reader_is_a_sentence)
{
	static const char text[] = HEADER "{\"t\":0,\"T\":1000," NAMES ",\"sites\":[[1,100,2,50,7,1,[1,2]],[0,1,1,1,0,0]]}\n]}\n";
	static const char other[] = HEADER "{\"t\":0,\"T\":1000," NAMES ",\"sites\":[[1,100,2,50,9,1,[1,2]],[0,1,1,1,0,0]]}\n]}\n";

	for (int cut = 0; cut < 2; cut++) {
		struct series *s;
		FILE *f;

		write_file(text, sizeof(text) - 1);
		ck_ok(series_open(&s, path, &e), e);
		series_read_late(s);
		ck_ok(series_next(s, &e), e);
		f = fopen(path, "r+e");
		ck_assert(f && (cut ? ftruncate(fileno(f), 200) == 0 : fwrite(other, 1, sizeof(other) - 1, f) > 0) && fclose(f) == 0);
		ck_assert_int_eq(series_settle(s, &e), -EAGAIN);
		ck_assert_msg(strstr(e.text, "was changed while it was read"), "%s", e.text);
		series_free(s);
		unlink(path);
	}
}
END_TEST

START_TEST(an_older_file_with_fewer_columns_is_read)
{
	const char *text = HEADER TICK ",\n{\"t\":1,\"something_new\":[1],\"sites\":[[1,7]]}\n],\"end\":\"why\"}\n";
	struct series *s;
	size_t ticks;

	write_file(text, strlen(text));
	ck_assert_int_eq(read_all(&s, &ticks), SERIES_END);
	ck_assert_uint_eq(ticks, 2);
	ck_assert_uint_eq(series_sample(s)->site_count, 2); /* another domain: a short row has domain 0 */
	ck_assert_uint_eq(series_sample(s)->sites[0].live.bytes, 100);
	ck_assert_uint_eq(series_sample(s)->sites[0].lifetimes[1], 2);
	ck_assert_str_eq(series_end(s), "why");
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(a_file_cut_anywhere_gives_all_whole_ticks)
{
	const char *text = HEADER TICK ",\n{\"t\":1.5,\"rss\":2}\n]}\n";
	const size_t first = strlen(HEADER TICK), second = first + strlen(",\n{\"t\":1.5,\"rss\":2}");

	for (size_t cut = strlen(HEADER); cut < strlen(text); cut++) {
		struct series *s;
		size_t ticks, count;
		double *times;
		int r;

		write_file(text, cut);
		r = read_all(&s, &ticks);
		ck_assert_msg(r == SERIES_END, "cut at %zu: %d %s", cut, r, e.text);
		ck_assert_uint_eq(ticks, (cut >= first) + (cut >= second));
		ck_assert(series_is_torn(s) == (cut < strlen(text) - 1));
		series_free(s);
		ck_ok(series_times(path, &times, &count, &e), e);
		ck_assert_uint_eq(count, ticks);
		if (count)
			ck_assert_double_eq_tol(times[count - 1], cut >= second ? 1.5 : 0, 1e-9);
		free(times);
		unlink(path);
	}
	for (size_t cut = 0; cut < strlen(HEADER) - 1; cut++) {
		struct series *s;
		size_t ticks;

		write_file(text, cut);
		ck_assert_int_lt(read_all(&s, &ticks), 0);
		unlink(path);
		series_free(s);
	}
}
END_TEST

START_TEST(zeroes_that_a_crash_left_are_a_torn_line)
{
	char text[2000] = HEADER TICK ",\n";
	struct series *s;
	size_t ticks;

	write_file(text, sizeof(text));
	ck_assert_int_eq(read_all(&s, &ticks), SERIES_END);
	ck_assert_uint_eq(ticks, 1);
	ck_assert(series_is_torn(s));
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(a_line_without_end_is_not_read_to_its_end)
{
	struct series *s;
	size_t ticks;

	write_file(HEADER "{\"t\":0}\n", strlen(HEADER) + 8);
	ck_assert_int_eq(truncate(path, 1 << 30), 0);
	ck_assert_int_eq(read_all(&s, &ticks), -EFBIG);
	ck_assert_msg(strstr(e.text, "line 3 is longer than 64 MiB"), "%s", e.text);
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(a_stack_without_bottom_is_refused)
{
	char *text = malloc(1 << 20);
	struct series *s;
	size_t ticks;
	int n = sprintf(text, HEADER "{\"t\":0,\"frames\":[[0,0,1,0]],\"stacks\":[[0,1]");

	for (int i = 1; i < 5000; i++)
		n += sprintf(text + n, ",[%d,1]", i);
	n += sprintf(text + n, "]}\n]}\n");
	write_file(text, (size_t)n);
	ck_assert_int_lt(read_all(&s, &ticks), 0);
	ck_assert_msg(strstr(e.text, "deeper than 4096"), "%s", e.text);
	series_free(s);
	unlink(path);
	free(text);
}
END_TEST

START_TEST(two_names_that_became_the_same_text_stay_two)
{
	const char *text = HEADER "{\"t\":0,\"strings\":[\"\\ufffd\",\"\\ufffd\"],\"frames\":[[1,1,1,0],[2,1,1,0]]}\n]}\n";
	struct series *s;
	size_t ticks;

	write_file(text, strlen(text));
	ck_assert_int_eq(read_all(&s, &ticks), SERIES_END);
	ck_assert_str_eq(names_text(series_names(s), 2), "\xef\xbf\xbd#2");
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(what_is_no_file_is_refused_at_once)
{
	static const char *const places[] = { "/dev/zero", "/tmp", "/no/such" };
	struct series *s;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		ck_assert_int_lt(series_open(&s, places[i], &e), 0);
	snprintf(path, sizeof(path), "%s", made_path());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_lt(series_open(&s, path, &e), 0);
	unlink(path);
}
END_TEST

START_TEST(a_recording_is_followed_while_it_is_written)
{
	struct recording_writer *w = made_writer(snprintf(path, sizeof(path), "%s", made_path()) > 0 ? path : "", 0);
	struct names *n = NULL;
	struct series *s = NULL;
	struct site site;

	ck_ok(names_new(&n, &e), e);
	ck_ok(series_open(&s, path, &e), e);
	ck_assert_int_eq(series_next(s, &e), SERIES_END);
	for (int tick = 0; tick < 300; tick++) {
		struct sample now;

		site = made_site(made_call(n, 0, "f", "a.py", tick % 200 + 1), MIB + (uint64_t)tick, 2);
		now = made_sample(tick, 10 * MIB + (uint64_t)tick, &site, 1);
		ck_ok(recording_writer_tick(w, &now, n, &e), e);
		if (tick % 3 == 1) /* two at once, now and then */
			continue;
		ck_ok(series_more(s, &e), e);
		while (series_sample(s)->memory.rss != now.memory.rss)
			ck_ok(series_next(s, &e), e);
		ck_assert_int_eq(series_next(s, &e), SERIES_END);
		ck_ok(series_more(s, &e), e); /* nothing came */
		ck_assert_int_eq(series_next(s, &e), SERIES_END);
		ck_assert_uint_eq(series_sample(s)->site_count, (size_t)(tick < 200 ? tick + 1 : 200));
	}
	ck_ok(recording_writer_end(w, "duration", &e), e);
	ck_ok(series_more(s, &e), e);
	ck_assert_int_eq(series_next(s, &e), SERIES_END);
	ck_assert_str_eq(series_end(s), "duration");
	ck_ok(series_more(s, &e), e); /* nothing follows an end */
	ck_assert_int_eq(series_next(s, &e), SERIES_END);
	recording_writer_free(w);
	series_free(s);
	names_free(n);
	unlink(path);
}
END_TEST

START_TEST(a_tick_half_written_is_read_once_it_is_whole)
{
	static const char text[] = HEADER TICK ",\n{\"t\":1,\"rss\":2}\n]}\n";

	for (size_t cut = strlen(HEADER) + strlen(TICK) + 2; cut < strlen(text); cut++) {
		struct series *s;
		size_t ticks;
		FILE *f;

		write_file(text, cut);
		ck_assert_int_eq(read_all(&s, &ticks), SERIES_END);
		f = fopen(path, "ae");
		ck_assert(f && fputs(text + cut, f) >= 0 && fclose(f) == 0);
		ck_ok(series_more(s, &e), e);
		while (series_next(s, &e) == 0)
			ticks++;
		ck_assert_msg(ticks == 2, "%zu ticks after a cut at %zu: %s", ticks, cut, e.text);
		series_free(s);
		unlink(path);
	}
}
END_TEST

#define THREE_TICKS HEADER "{\"t\":0,\"rss\":1,\"T\":1000,\"heap_live\":101,\"heap_low\":60,\"heap_high\":150," NAMES \
	",\"sites\":[[1,100,2,50.0,0,1],[0,1,1,0,0,1]]},\n{\"t\":1,\"rss\":2},\n" \
	"{\"t\":2,\"rss\":3,\"T\":1000,\"sites\":[[1,300,3,0,0,1]]}\n]}\n"

START_TEST(totals_are_what_the_file_says_or_what_its_sites_do)
{
	static const struct series_heap want[] = { { 101, 60, 150 }, { 101, 60, 150 }, { 301, 301, 301 } };
	struct series *s = NULL;

	write_file(THREE_TICKS, strlen(THREE_TICKS));
	ck_ok(series_open(&s, path, &e), e);
	for (size_t i = 0; i < 3; i++) {
		struct series_heap got;

		ck_ok(series_next(s, &e), e);
		got = series_heap(s);
		ck_assert_uint_eq(got.live, want[i].live);
		ck_assert_uint_eq(got.low, want[i].low);
		ck_assert_uint_eq(got.high, want[i].high);
	}
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(what_a_tick_changed_is_named)
{
	static const size_t want[] = { 2, 0, 1 };
	struct series *s = NULL;
	const uint32_t *changed;
	size_t count;

	write_file(THREE_TICKS, strlen(THREE_TICKS));
	ck_ok(series_open(&s, path, &e), e);
	for (size_t i = 0; i < 3; i++) {
		ck_ok(series_next(s, &e), e);
		changed = series_changed(s, &count);
		ck_assert_uint_eq(count, want[i]);
		if (count) /* sites are as old as their first sight */
			ck_assert_uint_eq(changed[0], 0);
	}
	ck_assert_uint_eq(series_sample(s)->sites[0].live.bytes, 300);
	series_free(s);
	unlink(path);
}
END_TEST

START_TEST(sites_that_are_skipped_cost_nothing_and_totals_stay)
{
	struct series *s = NULL;

	write_file(THREE_TICKS, strlen(THREE_TICKS));
	ck_ok(series_open(&s, path, &e), e);
	series_skip_sites(s);
	ck_ok(series_next(s, &e), e);
	ck_assert_uint_eq(series_sample(s)->site_count, 0);
	ck_assert_uint_eq(series_heap(s).live, 101);
	ck_assert_uint_eq(names_stacks(series_names(s)), 1);
	series_free(s);
	unlink(path);
}
END_TEST

TESTS("series", totals_are_what_the_file_says_or_what_its_sites_do, what_a_tick_changed_is_named,
      sites_that_are_skipped_cost_nothing_and_totals_stay, damaged_and_hostile_files_are_a_sentence,
      rows_read_where_they_lie_say_what_a_parser_says, sites_read_late_are_the_same_at_every_tick,
      a_file_that_changed_under_its_reader_is_a_sentence,
      an_older_file_with_fewer_columns_is_read,
      a_file_cut_anywhere_gives_all_whole_ticks, zeroes_that_a_crash_left_are_a_torn_line,
      a_line_without_end_is_not_read_to_its_end, a_stack_without_bottom_is_refused,
      two_names_that_became_the_same_text_stay_two, a_recording_is_followed_while_it_is_written,
      a_tick_half_written_is_read_once_it_is_whole, what_is_no_file_is_refused_at_once)
