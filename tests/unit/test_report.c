#include <jansson.h>
#include <time.h>

#include "golden.h"
#include "made_up.h"
#include "memspy/format.h"
#include "memspy/report.h"
#include "memspy/text.h"

static struct names *names;
static char path[64];
static const struct report_look look;

/*
 * Three ticks of a shop: a cache that grows, frames that stay, a stack that recurses, a module with a hostile name, a
 * library, one line that two functions share, memory without Python, and a site that comes in the last tick.
 */
static void record_a_shop(void)
{
	struct recording_writer *w;
	struct site sites[7];
	uint32_t main_, serve, again, deep;
	struct sample s;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	main_ = made_call(names, 0, "<module>", "/srv/shop/app.py", 12);
	serve = made_call(names, main_, "Shop.serve", "/srv/shop/app.py", 40);
	again = made_call(names, serve, "Shop.serve", "/srv/shop/app.py", 40);
	deep = made_call(names, again, "remember", "/srv/shop/cache.py", 88);
	sites[0] = made_site(deep, 100 * MIB, 200);
	sites[1] = made_site(made_call(names, serve, "DataFrame.copy", "/usr/lib/python3/dist-packages/pandas/core/frame.py", 3120),
			     96 * MIB, 12);
	sites[1].live.sure_bytes = 90 * MIB;
	sites[1].live.variance = 6.0 * MIB * 6.0 * MIB / 12;
	sites[2] = made_site(made_call(names, deep, "remember.<locals>.<lambda>", "/srv/shop/cache.py", 88), 1 * MIB, 2);
	sites[3] = made_site(made_call(names, main_, "a;b\nc \x1b[31m", "/srv/\xff\xfe.py", 7), 10 * MIB, 20);
	sites[4] = made_site(0, 5 * MIB, 10);
	sites[5] = made_site(serve, 2 * MIB, 4);
	sites[5].thread = 101;
	sites[5].temporary = made_estimate(1 * MIB, 2);
	sites[6] = made_site(made_call(names, main_, "late", "/srv/shop/app.py", 99), 3 * MIB + 1, 6);

	s = made_sample(0, 609 * MIB, sites, 2);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	s = made_sample(30, 618 * MIB, sites, 6);
	sites[0].live = made_estimate(200 * MIB, 400);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	s = made_sample(55, 612 * MIB, sites, 6);
	sites[0].live = made_estimate(280 * MIB, 560);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	sites[0].live = made_estimate(300 * MIB, 600);
	s = made_sample(60, 612 * MIB, sites, 7);
	s.lost = (struct losses){ .contention = 3, .truncated = 12 };
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);
	setenv("TZ", "UTC", 1);
	tzset();
}

/*
 * Eleven ticks, one a minute, of a service: a leak, a cache that is full and replaced all the time, a cache that is turned
 * over while it grows, what start-up left, what is let go, what is hardly seen, and a loop whose blocks live for milliseconds.
 */
enum { LEAK, CACHE, BUFFER, START, LETGO, RARE, LOOP, SERVICE_SITES };

static void record_a_service(void)
{
	static const struct {
		const char *function;
		unsigned live, more, freed; /* samples: at first, more a minute, freed a minute */
	} kinds[SERVICE_SITES] = {
		[LEAK] = { "leak", 20, 30, 0 },	  [CACHE] = { "cache", 200, 0, 300 }, [BUFFER] = { "buffer", 10, 40, 600 },
		[START] = { "=start", 100, 0, 0 }, [LETGO] = { "letgo", 300, 0, 0 },   [RARE] = { "rare", 3, 0, 0 },
		[LOOP] = { "loop", 1, 0, 1000 },
	};
	struct recording_writer *w;
	struct site sites[SERVICE_SITES];
	uint32_t main_;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	main_ = made_call(names, 0, "<module>", "/srv/service.py", 1);
	for (unsigned minute = 0; minute <= 10; minute++) {
		struct sample s = made_sample(minute * 60.0, 500 * MIB, sites, SERVICE_SITES);

		for (unsigned i = 0; i < SERVICE_SITES; i++) {
			unsigned live = kinds[i].live + kinds[i].more * minute - (i == LETGO ? 25 * minute : 0);
			unsigned freed = kinds[i].freed * minute + (i == LETGO ? 25 * minute : 0);

			sites[i] = made_site(made_call(names, main_, kinds[i].function, "/srv/service.py", (int)i + 10), 0, 0);
			sites[i].live = made_estimate(live * MIB / 2, live);
			sites[i].alloc = made_estimate((live + freed) * MIB / 2, live + freed);
			sites[i].peak = sites[i].live;
			sites[i].lifetimes[i == LOOP ? 3 : LIFETIME_BUCKETS - 1] = freed * 3 / 4;
			sites[i].lifetimes[i == LOOP ? 9 : 14] = freed - freed * 3 / 4;
			if (i == LOOP)
				sites[i].temporary = made_estimate(freed * MIB / 4, freed / 2);
		}
		ck_ok(recording_writer_tick(w, &s, names, &e), e);
	}
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void done(void)
{
	unlink(path);
	names_free(names);
}

static struct moment at(const char *text)
{
	struct moment m = { 0 };

	if (text)
		ck_ok(moment_parse(&m, text, &e), e);
	return m;
}

static void open_report(struct report **ret, enum report_view view, enum rows_by by)
{
	ck_ok(report_new(ret, path, &(struct report_ask){ .view = view, .by = by }, &e), e);
}

static json_t *json_of(enum report_view view, enum rows_by by)
{
	struct buf text = { 0 };
	struct report *r;
	json_t *j;

	open_report(&r, view, by);
	ck_ok(report_json(r, &look, &text, &e), e);
	j = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(j != NULL, "%s", text.data);
	buf_done(&text);
	report_free(r);
	return j;
}

static json_int_t number(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(object, key)), "%s is no integer", key);
	return json_integer_value(json_object_get(object, key));
}

static const json_t *row_at(const json_t *report, const char *function, int line)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "function")), function) == 0 && number(row, "line") == line)
			return row;
	ck_abort_msg("no row of %s:%d", function, line);
	return NULL;
}

START_TEST(tables_are_letter_by_letter_as_they_were)
{
	static const struct {
		const char *golden;
		enum report_view view;
		enum rows_by by;
		struct report_look look;
	} cases[] = {
		{ "report-live-line.txt", VIEW_LIVE, BY_LINE, { .most_rows = 4 } },
		{ "report-live-line-narrow.txt", VIEW_LIVE, BY_LINE, { .width = 60 } },
		{ "report-allocated-function.txt", VIEW_ALLOCATED, BY_FUNCTION, { 0 } },
		{ "report-peak-file.txt", VIEW_PEAK, BY_FILE, { 0 } },
		{ "report-leaks-stack.txt", VIEW_LEAKS, BY_STACK, { 0 } },
		{ "report-live-module.txt", VIEW_LIVE, BY_MODULE, { 0 } },
		{ "report-live-thread.txt", VIEW_LIVE, BY_THREAD, { 0 } },
		{ "service-leaks-line.txt", VIEW_LEAKS, BY_LINE, { 0 } },
		{ "service-temporary-function.txt", VIEW_TEMPORARY, BY_FUNCTION, { 0 } },
		{ "service-growth-line.txt", VIEW_GROWTH, BY_LINE, { .most_rows = 1 } },
		{ "service-churn-line.txt", VIEW_CHURN, BY_LINE, { 0 } },
		{ "service-lifetimes-line.txt", VIEW_LIFETIMES, BY_LINE, { 0 } },
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = { 0 };
		struct report *r;

		if (strcmp(cases[i].golden, "service-leaks-line.txt") == 0) {
			done();
			record_a_service();
		}
		open_report(&r, cases[i].view, cases[i].by);
		ck_ok(report_table(r, &cases[i].look, &text, &e), e);
		golden_is(cases[i].golden, &text);
		ck_assert_ptr_null(strchr(text.data, '\x1b'));
		buf_done(&text);
		report_free(r);
	}
	done();
}
END_TEST

START_TEST(no_line_is_wider_than_a_terminal_of_80_columns)
{
	record_a_service();
	for (size_t width = 80; width <= 140; width += 20)
		for (int v = 0; v < VIEW_COUNT; v++)
			for (enum rows_by by = 0; by < BY_COUNT; by++) {
				struct buf text = { 0 };
				struct report *r;

				open_report(&r, (enum report_view)v, by);
				ck_ok(report_table(r, &(struct report_look){ .width = (unsigned)width }, &text, &e), e);
				for (char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1) {
					*end = '\0';
					ck_assert_msg(text_columns(line) <= width, "%s by %s, %zu columns: %s", report_view_names[v],
						      rows_by_names[by], width, line);
				}
				buf_done(&text);
				report_free(r);
			}
	done();
}
END_TEST

START_TEST(trees_are_letter_by_letter_as_they_were)
{
	static const struct {
		const char *golden;
		enum rows_by by;
		size_t most;
	} cases[] = {
		{ "tree-line.txt", BY_LINE, 0 }, { "tree-line-4.txt", BY_LINE, 4 }, { "tree-module.txt", BY_MODULE, 0 },
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = { 0 };
		struct report *r;

		open_report(&r, VIEW_LIVE, cases[i].by);
		ck_ok(report_tree(r, &(struct report_look){ .most_rows = cases[i].most }, &text, &e), e);
		golden_is(cases[i].golden, &text);
		ck_assert_ptr_null(strchr(text.data, '\x1b'));
		buf_done(&text);
		report_free(r);
	}
	done();
}
END_TEST

START_TEST(collapsed_and_json_are_letter_by_letter_as_they_were)
{
	struct buf text = { 0 };
	struct report *r;

	record_a_shop();
	open_report(&r, VIEW_LIVE, BY_LINE);
	ck_ok(report_collapsed(r, &look, &text, &e), e);
	golden_is("report-live-collapsed.txt", &text);
	buf_reset(&text);
	ck_ok(report_json(r, &look, &text, &e), e);
	golden_is("report-live-line.json", &text);
	buf_done(&text);
	report_free(r);
	done();
}
END_TEST

/* "… BYTES" at the end of each line */
static uint64_t sum_of_collapsed(enum report_view view, enum rows_by by)
{
	struct buf text = { 0 };
	struct report *r;
	uint64_t sum = 0;

	open_report(&r, view, by);
	ck_ok(report_collapsed(r, &look, &text, &e), e);
	for (char *line = text.data; line && *line; line = strchr(line, '\n') + 1) {
		char *end = strchr(line, '\n'), *space = end;

		while (*space != ' ')
			space--;
		sum += strtoull(space + 1, NULL, 10);
	}
	buf_done(&text);
	report_free(r);
	return sum;
}

START_TEST(every_form_of_a_view_has_the_same_sum)
{
	record_a_shop();
	for (int view = 0; view < VIEW_COUNT; view++)
		for (int by = 0; by < BY_COUNT; by++) {
			json_t *j = json_of(view, by), *row;
			json_int_t bytes = number(json_object_get(j, "totals"), "bytes"), own = 0, samples = 0, last = INT64_MAX;
			size_t i;

			json_array_foreach(json_object_get(j, "rows"), i, row) {
				own += number(row, "own_bytes");
				samples += number(row, "samples");
				ck_assert_int_le(number(row, "own_bytes"), last);
				ck_assert_int_le(number(row, "own_low"), number(row, "own_bytes"));
				ck_assert_int_ge(number(row, "own_high"), number(row, "own_bytes"));
				ck_assert_int_ge(number(row, "total_bytes"), number(row, "own_bytes"));
				ck_assert_int_le(number(row, "total_bytes"), bytes);
				last = number(row, "own_bytes");
			}
			ck_assert_int_gt(bytes, 0);
			ck_assert_int_eq(own, bytes);
			ck_assert_int_eq(samples, number(json_object_get(j, "totals"), "samples"));
			ck_assert_uint_eq((uint64_t)bytes, sum_of_collapsed(view, by));
			json_decref(j);
		}
	done();
}
END_TEST

START_TEST(recursion_counts_once_and_callers_have_what_they_called)
{
	json_t *j;
	const json_t *serve, *module;

	record_a_shop();
	j = json_of(VIEW_LIVE, BY_LINE);
	serve = row_at(j, "Shop.serve", 40);
	ck_assert_int_eq(number(serve, "own_bytes"), 2 * MIB);
	ck_assert_int_eq(number(serve, "total_bytes"), (300 + 96 + 1 + 2) * MIB);
	module = row_at(j, "<module>", 12);
	ck_assert_int_eq(number(module, "own_bytes"), 0);
	ck_assert_int_eq(number(module, "total_bytes"), (300 + 96 + 1 + 10 + 2 + 3) * MIB + 1);
	ck_assert_int_eq(number(row_at(j, "remember", 88), "own_bytes"), 301 * MIB); /* the lambda stands on the same line */
	ck_assert_int_eq(number(row_at(j, "<no python>", 0), "own_bytes"), 5 * MIB);
	ck_assert_int_eq(number(json_object_get(j, "totals"), "rss"), 612 * MIB);
	ck_assert_int_eq(number(json_object_get(j, "totals"), "lost_samples"), 3);
	ck_assert_double_eq_tol(json_number_value(json_object_get(j, "t")), 60, 1e-6);
	json_decref(j);

	j = json_of(VIEW_LIVE, BY_FUNCTION);
	ck_assert_int_eq(number(row_at(j, "remember", 0), "own_bytes"), 300 * MIB);
	json_decref(j);
	done();
}
END_TEST

START_TEST(modules_and_threads_are_told_by_name)
{
	static const struct {
		enum rows_by by;
		const char *module; /* NULL: by thread */
		json_int_t thread, bytes;
	} cases[] = {
		{ BY_MODULE, "shop.cache", 0, 301 * MIB },	 { BY_MODULE, "pandas.core.frame", 0, 96 * MIB },
		{ BY_MODULE, "shop.app", 0, 5 * MIB + 1 },	 { BY_MODULE, "\xef\xbf\xbd\xef\xbf\xbd", 0, 10 * MIB },
		{ BY_MODULE, "<no python>", 0, 5 * MIB },	 { BY_THREAD, NULL, 101, 2 * MIB },
		{ BY_THREAD, NULL, 100, (300 + 96 + 1 + 10 + 5 + 3) * MIB + 1 },
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *j = json_of(VIEW_LIVE, cases[i].by), *row;
		bool found = false;
		size_t k;

		json_array_foreach(json_object_get(j, "rows"), k, row) {
			const char *module = json_string_value(json_object_get(row, "module"));

			if (cases[i].module ? strcmp(module, cases[i].module) : number(row, "thread") != cases[i].thread)
				continue;
			ck_assert_int_eq(number(row, "own_bytes"), cases[i].bytes);
			found = true;
		}
		ck_assert_msg(found, "no row of case %zu", i);
		json_decref(j);
	}
	done();
}
END_TEST

START_TEST(a_report_is_of_the_moment_or_the_stretch_one_asks_for)
{
	static const struct {
		enum report_view view;
		const char *from, *to;
		json_int_t bytes; /* of the cache, in MiB; 0: refused */
	} cases[] = {
		{ VIEW_LIVE, NULL, "30", 200 },	       { VIEW_LIVE, NULL, "0", 100 },	{ VIEW_LIVE, "0", NULL, 0 },
		{ VIEW_GROWTH, NULL, NULL, 200 },      { VIEW_GROWTH, "30", "55", 80 }, { VIEW_GROWTH, "-5", NULL, 20 },
		{ VIEW_LEAKS, "50%", NULL, 200 },      { VIEW_LEAKS, NULL, "55", 200 }, { VIEW_LEAKS, NULL, "30", 100 }, { VIEW_PEAK, "0", "55", 280 },
		{ VIEW_ALLOCATED, NULL, "30", 200 },
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct report_ask ask = { cases[i].view, BY_FUNCTION, at(cases[i].from), at(cases[i].to) };
		struct buf text = { 0 };
		struct report *r;
		json_t *j;

		if (cases[i].bytes == 0) {
			ck_assert_int_lt(report_new(&r, path, &ask, &e), 0);
			ck_assert_msg(strstr(e.text, "is of one moment: --to says which"), "%s", e.text);
			continue;
		}
		ck_ok(report_new(&r, path, &ask, &e), e);
		ck_ok(report_json(r, &look, &text, &e), e);
		j = json_loads(text.data, 0, NULL);
		ck_assert_msg(number(row_at(j, "remember", 0), "own_bytes") == cases[i].bytes * (json_int_t)MIB, "case %zu: %s", i, text.data);
		json_decref(j);
		buf_done(&text);
		report_free(r);
	}
	done();
}
END_TEST

START_TEST(a_leak_is_told_from_what_stays_and_what_is_replaced)
{
	static const struct {
		const char *function, *verdict;
		json_int_t certain, growth_per_min; /* MiB, KiB */
	} cases[] = {
		{ "leak", "suspect", 145, 15 * 1024 }, { "cache", "turns over", 0, 0 }, { "buffer", "grows", 0, 20 * 1024 },
		{ "=start", "stays", 50, 0 },	       { "rare", "unclear", 1, 0 },	{ "letgo", "shrinks", 25, -12800 },
	};
	json_t *j;

	record_a_service();
	j = json_of(VIEW_LEAKS, BY_FUNCTION);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const json_t *row = row_at(j, cases[i].function, 0);

		ck_assert_str_eq(json_string_value(json_object_get(row, "verdict")), cases[i].verdict);
		ck_assert_int_eq(number(row, "certain_bytes") / (json_int_t)MIB, cases[i].certain);
		ck_assert_int_eq(number(row, "growth_per_min") / 1024, cases[i].growth_per_min);
		ck_assert_int_le(number(row, "growth_low"), number(row, "growth_per_min"));
		ck_assert_uint_eq(json_array_size(json_object_get(row, "live_trend")), 11);
	}
	/* Of 320 samples 140 were there six minutes ago, 170 five minutes ago. */
	ck_assert_int_eq(number(row_at(j, "leak", 0), "age_most_s"), 360);
	json_decref(j);
	done();
}
END_TEST

START_TEST(what_shrank_is_told_below_zero_and_left_out_of_stacks)
{
	json_t *j, *totals;
	struct buf text = { 0 };
	struct report *r;

	record_a_service();
	j = json_of(VIEW_GROWTH, BY_LINE);
	totals = json_object_get(j, "totals");
	ck_assert_int_eq(number(row_at(j, "letgo", 10 + LETGO), "own_bytes"), -125 * (json_int_t)MIB);
	ck_assert_int_lt(number(row_at(j, "letgo", 10 + LETGO), "own_high"), 0);
	ck_assert_int_eq(number(totals, "grown"), (150 + 200) * MIB);
	ck_assert_int_eq(number(totals, "shrunk"), 125 * MIB);
	ck_assert_int_eq(number(totals, "bytes"), (150 + 200 - 125) * MIB);
	json_decref(j);
	open_report(&r, VIEW_GROWTH, BY_LINE);
	ck_ok(report_collapsed(r, &look, &text, &e), e);
	ck_assert_ptr_null(strstr(text.data, "letgo"));
	report_free(r);
	buf_done(&text);
	done();
}
END_TEST

START_TEST(temporary_is_what_the_probe_saw_or_what_the_ages_say)
{
	static const struct {
		double threshold, means;
		json_int_t bytes; /* of the loop, of 5000 MiB, in MiB */
	} cases[] = {
		{ 0, 0, 2500 }, { 0.001, 0.001, 0 }, { 0.007, 0.004, 0 }, { 0.008, 0.008, 3750 }, { 0.3, 0.256, 3750 },
		{ 1, 0.512, 5000 }, { 16.384, 16.384, 5000 }, { 0.0005, 0, 2500 },
	};

	record_a_service();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct report_ask ask = { .view = VIEW_TEMPORARY, .temporary_seconds = cases[i].threshold };
		struct report *r;
		struct buf text = { 0 };
		json_t *j;

		ck_assert_double_eq_tol(report_temporary_seconds(cases[i].threshold), cases[i].means, 1e-9);
		ck_ok(report_new(&r, path, &ask, &e), e);
		ck_ok(report_json(r, &look, &text, &e), e);
		j = json_loads(text.data, 0, NULL);
		if (cases[i].bytes)
			ck_assert_int_eq(number(row_at(j, "loop", 10 + LOOP), "own_bytes"), cases[i].bytes * (json_int_t)MIB);
		else
			ck_assert_msg(!strstr(text.data, "loop"), "%zu", i);
		json_decref(j);
		buf_done(&text);
		report_free(r);
	}
	done();
}
END_TEST

/* The cells of a line that ends with CR LF, as RFC 4180 has them; at most `room`. Moves *at to the next line. */
static size_t csv_cells(const char **at, char cells[][256], size_t room)
{
	size_t count = 0, length = 0;
	bool quoted = false;

	for (;; (*at)++) {
		char c = **at;

		ck_assert_msg(c != '\0' && count < room && length < 255, "a line does not end");
		if (quoted && c == '"' && (*at)[1] == '"') {
			cells[count][length++] = '"';
			(*at)++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == ',' || c == '\r')) {
			cells[count++][length] = '\0';
			length = 0;
			if (c == '\r') {
				ck_assert_int_eq((*at)[1], '\n');
				*at += 2;
				return count;
			}
		} else {
			ck_assert_msg((unsigned char)c >= 0x20 && c != 0x7f, "a bare control character");
			cells[count][length++] = c;
		}
	}
}

START_TEST(csv_has_the_figures_of_json_and_runs_nothing)
{
	void (*const recordings[])(void) = { record_a_shop, record_a_service };

	for (size_t which = 0; which < 2; which++) {
		recordings[which]();
		for (int view = 0; view < VIEW_COUNT; view++)
			for (int by = 0; by < BY_COUNT; by++) {
				char head[40][256], cells[40][256];
				struct buf text = { 0 };
				struct report *r;
				json_t *j = json_of(view, by), *row;
				const char *at;
				size_t columns, i;

				open_report(&r, view, by);
				ck_ok(report_csv(r, &look, &text, &e), e);
				at = text.data;
				columns = csv_cells(&at, head, 40);
				json_array_foreach(json_object_get(j, "rows"), i, row) {
					ck_assert_uint_eq(csv_cells(&at, cells, 40), columns);
					for (size_t c = 0; c < columns; c++) {
						json_t *v = json_object_get(row, head[c]);

						if (json_is_integer(v))
							ck_assert_int_eq(json_integer_value(v), strtoll(cells[c], NULL, 10));
						else
							ck_assert_msg(!*cells[c] || !strchr("=+-@\t\r", *cells[c]), "%s", cells[c]);
					}
				}
				ck_assert_int_eq(*at, '\0');
				buf_done(&text);
				report_free(r);
				json_decref(j);
			}
		done();
	}
}
END_TEST

START_TEST(a_stack_is_told_leaf_first)
{
	json_t *j;
	const json_t *stack;

	record_a_shop();
	j = json_of(VIEW_LIVE, BY_STACK);
	stack = json_object_get(row_at(j, "remember", 88), "stack");
	ck_assert_uint_eq(json_array_size(stack), 4);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(stack, 0), "function")), "remember");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(stack, 3), "function")), "<module>");
	ck_assert_int_eq(number(json_array_get(stack, 3), "line"), 12);
	ck_assert_int_eq(number(row_at(j, "remember", 88), "total_bytes"), 301 * MIB);
	json_decref(j);
	done();
}
END_TEST

START_TEST(what_came_in_the_newest_tenth_is_no_leak)
{
	json_t *j;
	const json_t *row;
	size_t i;

	record_a_shop();
	j = json_of(VIEW_LEAKS, BY_FUNCTION);
	json_array_foreach(json_object_get(j, "rows"), i, row)
		ck_assert_str_ne(json_string_value(json_object_get(row, "function")), "late");
	ck_assert_int_eq(number(row_at(j, "remember", 0), "own_bytes"), 280 * MIB);
	json_decref(j);
	done();
}
END_TEST

START_TEST(a_recording_closes_with_its_largest_lines_and_their_growth)
{
	struct buf text = { 0 };

	record_a_shop();
	ck_assert_int_eq(chdir("/dev/shm") ? chdir("/tmp") : 0, 0);
	ck_ok(report_closing(strrchr(path, '/') + 1, 80, &text, &e), e);
	ck_assert_msg(strstr(text.data, " above.\n   Next: memspy report memspy-test-") != NULL, "%s", text.data);
	buf_reset(&text);
	ck_ok(report_closing(strrchr(path, '/') + 1, 140, &text, &e), e);
	ck_assert_ptr_nonnull(strstr(text.data, " above.   Next: memspy report memspy-test-"));
	strcpy(strstr(text.data, "memspy-test-"), "\n");
	text.length = strlen(text.data);
	golden_is("closing.txt", &text);
	buf_done(&text);
	done();
}
END_TEST

START_TEST(a_recording_of_few_samples_says_what_to_do)
{
	static const struct {
		uint64_t bytes, samples;
		const char *advice;
	} cases[] = {
		{ 8 * MIB, 16, "   Rough, of 16 samples: record for longer, or with --sample-bytes 64K\n" }, { 400 * MIB, 800, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recording_writer *w;
		struct buf text = { 0 };
		struct site site;
		struct sample s;

		snprintf(path, sizeof(path), "%s", made_path());
		ck_ok(names_new(&names, &e), e);
		w = made_writer(path, 0);
		site = made_site(made_call(names, 0, "remember", "/srv/shop/cache.py", 88), cases[i].bytes, cases[i].samples);
		s = made_sample(0, 500 * MIB, &site, 1);
		ck_ok(recording_writer_tick(w, &s, names, &e), e);
		recording_writer_free(w);
		ck_ok(report_closing(path, 0, &text, &e), e);
		ck_assert_msg(cases[i].advice ? strstr(text.data, cases[i].advice) != NULL : strstr(text.data, "Rough") == NULL, "%s",
			      text.data);
		buf_done(&text);
		done();
	}
}
END_TEST

START_TEST(a_recording_without_a_tick_is_a_sentence)
{
	struct report *r;

	snprintf(path, sizeof(path), "%s", made_path());
	recording_writer_free(made_writer(path, 0));
	ck_assert_int_lt(report_new(&r, path, &(struct report_ask){ .view = VIEW_LEAKS }, &e), 0);
	ck_assert_msg(strstr(e.text, "holds no moment yet"), "%s", e.text);
	unlink(path);
}
END_TEST

START_TEST(memory_without_a_heap_is_a_report_too)
{
	struct sample s = made_sample(0, 100 * MIB, NULL, 0);
	struct recording_writer *w;
	struct buf text = { 0 };
	struct report *r;

	s.has_heap = false;
	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	recording_writer_free(w);
	open_report(&r, VIEW_LIVE, BY_LINE);
	ck_ok(report_table(r, &look, &text, &e), e);
	ck_assert_ptr_nonnull(strstr(text.data, "not recorded"));
	ck_ok(report_closing(path, 0, &text, &e), e);
	buf_done(&text);
	report_free(r);
	done();
}
END_TEST

/* What the standard library did for a line is told of that line; the sum stays, in rows and stacks. */
START_TEST(own_code_is_told_of_what_libraries_of_python_did_for_it)
{
	struct recording_writer *w;
	struct site sites[3];
	uint32_t app, json;
	struct sample s;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	app = made_call(names, 0, "serve", "/srv/app.py", 7);
	json = made_call(names, app, "loads", "/usr/lib/python3.12/json/__init__.py", 346);
	sites[0] = made_site(made_call(names, json, "raw_decode", "/usr/lib/python3.12/json/decoder.py", 353), 4 * MIB, 8);
	sites[1] = made_site(made_call(names, made_call(names, app, "_find_and_load", "<frozen importlib._bootstrap>", 1360),
				       "<module>", "/usr/lib/python3/dist-packages/numpy/core.py", 1), 2 * MIB, 4);
	sites[2] = made_site(made_call(names, 0, "run", "/usr/lib/python3.12/threading.py", 982), MIB, 2);
	s = made_sample(0, 609 * MIB, sites, 3);
	ck_ok(recording_writer_tick(w, &s, names, &e), e);
	recording_writer_free(w);
	for (int by = 0; by < BY_COUNT; by++) {
		struct buf text = { 0 }, stacks = { 0 };
		struct report *r;
		json_t *j;

		ck_ok(report_new(&r, path, &(struct report_ask){ .by = by, .own_code = true }, &e), e);
		ck_ok(report_json(r, &look, &text, &e), e);
		ck_ok(report_collapsed(r, &look, &stacks, &e), e);
		j = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
		ck_assert(j && json_is_true(json_object_get(j, "own_code")));
		ck_assert_int_eq(number(json_object_get(j, "totals"), "bytes"), 7 * MIB);
		ck_assert_msg(!strstr(text.data, "decoder") && !strstr(text.data, "importlib"), "%s", text.data);
		ck_assert_msg(!strstr(stacks.data, "raw_decode") && !strstr(stacks.data, "_find_and_load"), "%s", stacks.data);
		if (by == BY_LINE) {
			ck_assert_int_eq(number(row_at(j, "serve", 7), "own_bytes"), 4 * MIB);
			ck_assert_int_eq(number(row_at(j, "serve", 7), "total_bytes"), 6 * MIB);
			ck_assert_int_eq(number(row_at(j, "<module>", 1), "own_bytes"), 2 * MIB); /* what is installed stays */
			ck_assert_int_eq(number(row_at(j, "run", 982), "own_bytes"), MIB); /* nobody else called */
		}
		json_decref(j);
		buf_done(&text);
		buf_done(&stacks);
		report_free(r);
	}
	done();
}
END_TEST

TESTS("report", own_code_is_told_of_what_libraries_of_python_did_for_it, tables_are_letter_by_letter_as_they_were, no_line_is_wider_than_a_terminal_of_80_columns,
      trees_are_letter_by_letter_as_they_were, collapsed_and_json_are_letter_by_letter_as_they_were,
      every_form_of_a_view_has_the_same_sum, recursion_counts_once_and_callers_have_what_they_called,
      modules_and_threads_are_told_by_name, a_report_is_of_the_moment_or_the_stretch_one_asks_for,
      a_leak_is_told_from_what_stays_and_what_is_replaced, what_shrank_is_told_below_zero_and_left_out_of_stacks,
      temporary_is_what_the_probe_saw_or_what_the_ages_say, csv_has_the_figures_of_json_and_runs_nothing,
      a_stack_is_told_leaf_first, what_came_in_the_newest_tenth_is_no_leak,
      a_recording_closes_with_its_largest_lines_and_their_growth, a_recording_of_few_samples_says_what_to_do,
      a_recording_without_a_tick_is_a_sentence,
      memory_without_a_heap_is_a_report_too)
