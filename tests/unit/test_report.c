#include <jansson.h>
#include <time.h>

#include "made_up.h"
#include "memspy/report.h"

static struct names *names;
static char path[64];

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

static void done(void)
{
	unlink(path);
	names_free(names);
}

static json_t *json_of(enum report_view view, enum rows_by by)
{
	struct buf text = { 0 };
	struct report *r;
	json_t *j;

	ck_ok(report_new(&r, path, view, by, &e), e);
	report_json(r, &text);
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

/* What a file of the golden folder holds; MEMSPY_GOLDEN_WRITE makes it anew. */
static void is_golden(const char *name, const struct buf *text)
{
	const char *folder = getenv("MEMSPY_GOLDEN");
	char file[512];
	char *want;
	FILE *f;
	size_t n;

	ck_assert_msg(folder != NULL, "MEMSPY_GOLDEN is not set");
	snprintf(file, sizeof(file), "%s/%s", folder, name);
	if (getenv("MEMSPY_GOLDEN_WRITE")) {
		f = fopen(file, "we");
		ck_assert(f && fwrite(text->data, 1, text->length, f) == text->length && fclose(f) == 0);
		return;
	}
	f = fopen(file, "re");
	ck_assert_msg(f != NULL, "no %s", file);
	want = calloc(1, 1 << 20);
	n = fread(want, 1, (1 << 20) - 1, f);
	fclose(f);
	ck_assert_msg(n == text->length && memcmp(want, text->data, n) == 0, "%s: want\n%s\ngot\n%s", name, want, text->data);
	free(want);
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
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = { 0 };
		struct report *r;

		ck_ok(report_new(&r, path, cases[i].view, cases[i].by, &e), e);
		report_table(r, &cases[i].look, &text);
		is_golden(cases[i].golden, &text);
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
	ck_ok(report_new(&r, path, VIEW_LIVE, BY_LINE, &e), e);
	ck_ok(report_collapsed(r, &text, &e), e);
	is_golden("report-live-collapsed.txt", &text);
	buf_reset(&text);
	report_json(r, &text);
	is_golden("report-live-line.json", &text);
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

	ck_ok(report_new(&r, path, view, by, &e), e);
	ck_ok(report_collapsed(r, &text, &e), e);
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
	ck_ok(report_closing(strrchr(path, '/') + 1, 100, &text, &e), e);
	ck_assert_ptr_nonnull(strstr(text.data, "  Next: memspy report memspy-test-"));
	strcpy(strstr(text.data, "memspy-test-"), "\n");
	text.length = strlen(text.data);
	is_golden("closing.txt", &text);
	buf_done(&text);
	done();
}
END_TEST

START_TEST(a_recording_without_a_tick_is_a_sentence)
{
	struct report *r;

	snprintf(path, sizeof(path), "%s", made_path());
	recording_writer_free(made_writer(path, 0));
	ck_assert_int_lt(report_new(&r, path, VIEW_LEAKS, BY_LINE, &e), 0);
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
	ck_ok(report_new(&r, path, VIEW_LIVE, BY_LINE, &e), e);
	report_table(r, &(struct report_look){ 0 }, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "not recorded"));
	ck_ok(report_closing(path, 0, &text, &e), e);
	buf_done(&text);
	report_free(r);
	done();
}
END_TEST

TESTS("report", tables_are_letter_by_letter_as_they_were, collapsed_and_json_are_letter_by_letter_as_they_were,
      every_form_of_a_view_has_the_same_sum, recursion_counts_once_and_callers_have_what_they_called,
      a_stack_is_told_leaf_first, what_came_in_the_newest_tenth_is_no_leak,
      a_recording_closes_with_its_largest_lines_and_their_growth, a_recording_without_a_tick_is_a_sentence,
      memory_without_a_heap_is_a_report_too)
