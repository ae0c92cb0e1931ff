#include <jansson.h>
#include <math.h>
#include <time.h>

#include "../../src/diff/diff_private.h"
#include "made_up.h"

static char before[64], after[64];

/*
 * Two runs of a shop that know nothing of each other: names come in another order, so that ids differ. In the second the
 * cache holds more, frames are gone, a catalogue is new, a line of serve has moved by two, and a name is hostile.
 */
static void record(char *path, bool second)
{
	struct site sites[6];
	struct names *n;
	struct recording_writer *w;
	uint32_t main_, stack;
	struct sample s;
	size_t count = 0;

	snprintf(path, sizeof(before), "%s", made_path());
	ck_ok(names_new(&n, &e), e);
	if (second)
		made_string(n, "ids are others here");
	main_ = made_call(n, 0, "<module>", "/srv/shop/app.py", 12);
	stack = second ? made_call(n, main_, "Catalogue.load", "/srv/shop/catalogue.py", 5) : 0;
	if (second)
		sites[count++] = made_site(stack, 60 * MIB, 120);
	sites[count++] = made_site(made_call(n, main_, "remember", "/srv/shop/cache.py", 88), (second ? 300 : 100) * MIB, second ? 600 : 200);
	sites[count++] = made_site(made_call(n, main_, "serve", "/srv/shop/app.py", second ? 42 : 40), 20 * MIB, 40);
	if (!second)
		sites[count++] = made_site(made_call(n, main_, "copy", "/srv/shop/frame.py", 3), 50 * MIB, 100);
	sites[count++] = made_site(made_call(n, main_, "<script>\x1b[31m", "/srv/\xff.py", 1), 5 * MIB + second, 10);
	sites[count++] = made_site(0, 2 * MIB, 4);
	w = made_writer(path, 0);
	s = made_sample(0, 500 * MIB, NULL, 0);
	ck_ok(recording_writer_tick(w, &s, n, &e), e);
	s = made_sample(60, (second ? 700 : 510) * MIB, sites, count);
	ck_ok(recording_writer_tick(w, &s, n, &e), e);
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);
	names_free(n);
}

static void two_runs(void)
{
	record(before, false);
	record(after, true);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void no_runs(void)
{
	unlink(before);
	unlink(after);
}

static struct diff *diff_of(enum report_view view, enum rows_by by)
{
	const struct diff_ask ask = { .before = { .path = before }, .after = { .path = after }, .view = view, .by = by };
	struct diff *d = NULL;

	ck_ok(diff_new(&d, &ask, &e), e);
	return d;
}

static const struct row *row_of(const struct diff *d, const char *function, int line)
{
	for (size_t i = 0; i < d->rows.count; i++)
		if (strcmp(d->rows.at[i].function, function) == 0 && d->rows.at[i].line == line)
			return &d->rows.at[i];
	ck_abort_msg("no row %s:%d", function, line);
	return NULL;
}

START_TEST(what_is_called_alike_is_one_row)
{
	static const struct {
		const char *function;
		int line;
		uint64_t before, after;
		const char *state;
		bool sure;
	} by_line[] = {
		{ "remember", 88, 100 * MIB, 300 * MIB, "grew", true },
		{ "Catalogue.load", 5, 0, 60 * MIB, "new", true },
		{ "copy", 3, 50 * MIB, 0, "gone", true },
		{ "serve", 40, 20 * MIB, 0, "gone", true },
		{ "serve", 42, 0, 20 * MIB, "new", true },
		{ "<script>\x1b[31m", 1, 5 * MIB, 5 * MIB + 1, "grew", false },
		{ "<no python>", 0, 2 * MIB, 2 * MIB, "same", false },
	};
	struct diff *d = diff_of(VIEW_LIVE, BY_LINE);

	ck_assert_uint_eq(d->rows.count, 7);
	for (size_t i = 0; i < 7; i++) {
		const struct row *row = row_of(d, by_line[i].function, by_line[i].line);
		struct difference c = diff_interval(d, row);
		bool sure;

		ck_assert_uint_eq(row->before.bytes, by_line[i].before);
		ck_assert_uint_eq(row->own.bytes, by_line[i].after);
		ck_assert_str_eq(diff_state(row, &c, &sure), by_line[i].state);
		ck_assert_msg(sure == by_line[i].sure, "%s", by_line[i].function);
		ck_assert(i == 0 || diff_size(row_bytes(&d->rows.at[i])) <= diff_size(row_bytes(&d->rows.at[i - 1])));
	}
	diff_free(d);

	d = diff_of(VIEW_LIVE, BY_FUNCTION);
	ck_assert_uint_eq(row_of(d, "serve", 0)->before.bytes, 20 * MIB);
	ck_assert_uint_eq(row_of(d, "serve", 0)->own.bytes, 20 * MIB);
	diff_free(d);
}
END_TEST

START_TEST(rows_add_up_to_the_sum_whatever_they_are)
{
	static const enum rows_by ways[] = { BY_LINE, BY_FUNCTION, BY_FILE, BY_MODULE, BY_STACK };
	static const enum report_view views[] = { VIEW_LIVE, VIEW_ALLOCATED, VIEW_PEAK, VIEW_LEAKS };

	for (size_t v = 0; v < 4; v++)
		for (size_t w = 0; w < 5; w++) {
			struct diff *d = diff_of(views[v], ways[w]);
			struct buf text = { 0 };
			json_int_t was = 0, is = 0, delta = 0;
			json_t *j, *row, *totals;
			size_t i;

			ck_ok(diff_json(d, &text, &e), e);
			j = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
			ck_assert_msg(j != NULL, "%s", text.data);
			json_array_foreach(json_object_get(j, "rows"), i, row) {
				was += json_integer_value(json_object_get(row, "before_bytes"));
				is += json_integer_value(json_object_get(row, "after_bytes"));
				delta += json_integer_value(json_object_get(row, "delta_bytes"));
				ck_assert(json_is_integer(json_object_get(row, "low")) && json_is_integer(json_object_get(row, "high")));
				ck_assert(json_is_string(json_object_get(row, "function")) && json_is_string(json_object_get(row, "file")));
			}
			totals = json_object_get(j, "totals");
			ck_assert_int_eq(was, json_integer_value(json_object_get(totals, "before_bytes")));
			ck_assert_int_eq(is, json_integer_value(json_object_get(totals, "after_bytes")));
			ck_assert_int_eq(delta, is - was);
			ck_assert_int_eq(delta, json_integer_value(json_object_get(totals, "delta_bytes")));
			ck_assert(views[v] == VIEW_LEAKS || is > was);
			json_decref(j);
			buf_done(&text);
			diff_free(d);
		}
}
END_TEST

START_TEST(two_moments_of_one_recording_are_surer_than_two_recordings)
{
	const struct diff_ask ask = { .before = { after, { MOMENT_SINCE_START, 0 } }, .after = { .path = after }, .by = BY_LINE };
	const struct diff_ask ends = { .before = { .path = after }, .after = { .path = after }, .by = BY_LINE };
	const struct diff_ask back = { .before = { .path = after }, .after = { after, { MOMENT_SINCE_START, 0 } }, .by = BY_LINE };
	const struct diff_ask allocated = { .before = ask.before, .after = ask.after, .view = VIEW_ALLOCATED };
	struct difference sum;
	struct diff *d;

	ck_ok(diff_new(&d, &ask, &e), e);
	ck_assert_uint_eq(d->rows.sum_before.bytes, 0);
	ck_assert_uint_eq(d->rows.sum.bytes, 387 * MIB + 1);
	ck_assert_uint_eq(d->before.rss, 500 * MIB);
	ck_assert_uint_eq(d->after.rss, 700 * MIB);
	diff_free(d);

	ck_ok(diff_new(&d, &ends, &e), e);
	sum = diff_sum_interval(d);
	ck_assert_int_eq(sum.bytes, 0);
	ck_assert_uint_eq(d->rows.count, 5);
	diff_free(d);

	ck_assert_int_lt(diff_new(&d, &back, &e), 0);
	ck_assert_int_lt(diff_new(&d, &allocated, &e), 0);
	ck_assert_msg(strstr(e.text, "memspy report --view allocated --from --to"), "%s", e.text);
}
END_TEST

START_TEST(a_table_is_harmless_and_says_what_may_be_chance)
{
	struct diff *d = diff_of(VIEW_LIVE, BY_STACK);
	struct buf text = { 0 };

	diff_table(d, &(struct diff_look){ 0 }, &text);
	for (size_t i = 0; i < text.length; i++)
		ck_assert((unsigned char)text.data[i] >= 0x20 || text.data[i] == '\n');
	ck_assert_ptr_nonnull(strstr(text.data, "live     177.0 MiB ->  387.0 MiB   +210.0 MiB, between +"));
	ck_assert_ptr_nonnull(strstr(text.data, "RSS      510.0 MiB ->  700.0 MiB   +190.0 MiB\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "  +200.0 MiB"));
	ck_assert_ptr_nonnull(strstr(text.data, "gone    /srv/shop/frame.py:3  copy\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "grew?   /srv/"));
	ck_assert_ptr_nonnull(strstr(text.data, "? the interval holds 0"));
	buf_reset(&text);
	diff_table(d, &(struct diff_look){ .width = 80 }, &text); /* the place stands below the figures */
	ck_assert_msg(strstr(text.data, "gone    \n    /srv/shop/frame.py:3  copy\n") != NULL, "%s", text.data);
	for (const char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1)
		ck_assert_msg(end - line <= 80 + 8, "%.*s", (int)(end - line), line); /* bytes: … and ± have more than one */
	buf_reset(&text);
	diff_table(d, &(struct diff_look){ .most_rows = 1, .width = 60 }, &text);
	ck_assert_ptr_nonnull(strstr(text.data, "5 more stacks, +10.0 MiB in all (--all)\n"));
	buf_done(&text);
	diff_free(d);
}
END_TEST

/* The numbers of a page, between the tags of its data. */
static json_t *page_data(const struct buf *page)
{
	char *from = strstr(page->data, "<script id=\"data\" type=\"application/json\">"), *to;
	json_t *j;

	ck_assert_ptr_nonnull(from);
	from = strchr(from, '>') + 1;
	to = strstr(from, "</script>");
	ck_assert_ptr_nonnull(to);
	j = json_loadb(from, (size_t)(to - from), JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(j != NULL, "%.*s", (int)(to - from), from);
	return j;
}

START_TEST(a_page_has_every_byte_once_and_names_close_nothing)
{
	struct diff *d = diff_of(VIEW_LIVE, BY_LINE);
	struct buf page = { 0 };
	json_int_t was = 0, is = 0;
	json_t *j, *node;
	size_t i;

	ck_ok(diff_html(d, &page, &e), e);
	j = page_data(&page); /* a "</script>" in a name would have cut it off */
	json_array_foreach(json_object_get(j, "nodes"), i, node) {
		json_int_t parent = json_integer_value(json_array_get(node, 0));

		ck_assert(i == 0 || parent < (json_int_t)i);
		was += json_integer_value(json_array_get(node, 7));
		is += json_integer_value(json_array_get(node, 8));
	}
	ck_assert_int_eq(was, 177 * MIB);
	ck_assert_int_eq(is, 387 * MIB + 1);
	node = json_array_get(json_object_get(j, "nodes"), 0);
	ck_assert_int_eq(json_integer_value(json_array_get(node, 3)), was);
	ck_assert_int_eq(json_integer_value(json_array_get(node, 4)), is);
	/* 300 grown, 60 new, 50 gone, 5 as they were, and serve, whose line moved, once */
	ck_assert_int_eq(json_integer_value(json_array_get(node, 2)), (300 + 60 + 50 + 20 + 5 + 2) * MIB + 1);
	for (size_t k = 0; k < page.length; k++)
		ck_assert((unsigned char)page.data[k] >= 0x20 || page.data[k] == '\n' || page.data[k] == '\t');
	json_decref(j);
	buf_done(&page);
	diff_free(d);
}
END_TEST

START_TEST(limits_are_shares_or_sizes)
{
	static const struct {
		const char *text;
		double share;
		uint64_t bytes;
		bool good;
	} cases[] = {
		{ "5%", 0.05, 0, true },   { "0.5%", 0.005, 0, true }, { "200%", 2, 0, true }, { "10M", 0, 10 * MIB, true }, { "0", 0, 0, true },
		{ "", 0, 0, false },	   { "%", 0, 0, false },       { "-5%", 0, 0, false }, { "5 %", 0, 0, false },	      { "nan%", 0, 0, false },
		{ "1e3%", 0, 0, false },   { "0%", 0, 0, false },      { "ten", 0, 0, false }, { "5%%", 0, 0, false },	      { "1.2.3%", 0, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diff_limit got = { 0 };
		int r = diff_limit_parse(&got, cases[i].text, &e);

		ck_assert_msg((r == 0) == cases[i].good, "%s", cases[i].text);
		ck_assert(r < 0 || (fabs(got.share - cases[i].share) < 1e-12 && got.bytes == cases[i].bytes));
	}
}
END_TEST

/* ---- the judge, over many runs of what chance does ---- */

static uint64_t state;

static double chance(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static const double T = 512 * 1024;

/* Many small blocks, so many bytes of them: each T bytes are seen once on average. */
static struct estimate seen(double bytes)
{
	struct estimate got = { 0 };
	double left = bytes / T;

	while ((left += log(1 - chance())) > 0)
		got.samples++;
	got.bytes = (uint64_t)((double)got.samples * T);
	got.variance = (double)got.samples * T * T;
	return got;
}

static struct estimate sum_of(struct estimate a, struct estimate b)
{
	estimate_add(&a, &b);
	return a;
}

enum { RUNS = 4000 };

/* How many of RUNS give each verdict. */
static void judge_many(struct diff *d, double stays, double goes, double comes, const struct diff_limit *limit, int count[3])
{
	memset(count, 0, 3 * sizeof(*count));
	d->before.every = d->after.every = (uint64_t)T;
	for (int run = 0; run < RUNS; run++) {
		struct estimate kept = seen(stays), came = seen(comes), gone = seen(goes);

		d->rows.sum_before = sum_of(kept, gone);
		/* Another recording sees other samples of what stayed. */
		d->rows.sum = sum_of(d->is_one ? kept : seen(stays), came);
		d->rows.sum_came = d->is_one ? came : (struct estimate){ 0 };
		count[diff_judge(d, limit, &e)]++;
	}
}

START_TEST(growth_that_is_just_the_limit_fails_no_more_often_than_chance_allows)
{
	static const struct {
		double before, share;
		bool is_one;
	} cases[] = {
		{ 20 * MIB, 0.05, false }, { 200 * MIB, 0.05, false }, { 200 * MIB, 1, false }, { 1000 * MIB, 0.2, false },
		{ 20 * MIB, 0.05, true },  { 200 * MIB, 0.05, true },  { 200 * MIB, 1, true },	{ 1000 * MIB, 0.2, true },
		{ 200 * MIB, 0, false },   { 200 * MIB, 0, true },
	};

	state = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diff d = { .is_one = cases[i].is_one };
		struct diff_limit limit = { .share = cases[i].share };
		double grows = cases[i].share * cases[i].before;
		int count[3];

		if (limit.share == 0)
			limit.bytes = (uint64_t)(grows = 10 * MIB);
		judge_many(&d, cases[i].before, 0, grows, &limit, count);
		/* 2.5 % are to be expected of a 95 % interval; 4000 runs of that are 100 ± 20. */
		ck_assert_msg(count[DIFF_MORE] <= 0.033 * RUNS, "case %zu: %d of %d fail", i, count[DIFF_MORE], RUNS);
		ck_assert_msg(count[DIFF_WITHIN] <= 0.033 * RUNS, "case %zu: %d of %d are let go for sure", i, count[DIFF_WITHIN], RUNS);
	}
}
END_TEST

START_TEST(growth_far_beyond_the_limit_is_found)
{
	static const struct {
		double stays, comes, share;
		uint64_t bytes;
		bool is_one;
	} cases[] = {
		{ 1000 * MIB, 300 * MIB, 0.05, 0, false }, { 1000 * MIB, 150 * MIB, 0.05, 0, true },
		{ 1000 * MIB, 300 * MIB, 0, 10 * MIB, false }, { 1000 * MIB, 60 * MIB, 0, 10 * MIB, true },
		{ 0, 30 * MIB, 0.05, 0, false },
	};
	int count[3];

	state = 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diff d = { .is_one = cases[i].is_one };
		const struct diff_limit limit = { cases[i].share, cases[i].bytes };

		judge_many(&d, cases[i].stays, 0, cases[i].comes, &limit, count);
		ck_assert_msg(count[DIFF_MORE] >= 0.97 * RUNS, "case %zu: found in %d of %d", i, count[DIFF_MORE], RUNS);
	}
}
END_TEST

START_TEST(what_shrank_or_stayed_fails_hardly_ever)
{
	const struct diff_limit limit = { .share = 0.05 };
	int count[3];

	state = 3;
	for (int one = 0; one < 2; one++) {
		struct diff d = { .is_one = one };

		judge_many(&d, 100 * MIB, 0, 0, &limit, count);
		ck_assert_int_le(count[DIFF_MORE], 0.033 * RUNS);
		judge_many(&d, 100 * MIB, 100 * MIB, 0, &limit, count);
		ck_assert_int_le(count[DIFF_MORE], 0.001 * RUNS);
	}
}
END_TEST

START_TEST(what_was_counted_is_judged_to_the_byte)
{
	static const struct {
		uint64_t before, after, limit;
		enum diff_verdict want;
	} cases[] = { { 1000, 1100, 100, DIFF_WITHIN }, { 1000, 1101, 100, DIFF_MORE }, { 1000, 900, 0, DIFF_WITHIN } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int one = 0; one < 2; one++) {
			struct estimate was = { .bytes = cases[i].before, .sure_bytes = cases[i].before, .samples = 1 };
			struct estimate is = { .bytes = cases[i].after, .sure_bytes = cases[i].after, .samples = 1 };
			struct diff d = { .is_one = one, .rows = { .sum_before = was, .sum = is, .sum_came = is } };

			ck_assert_int_eq(diff_judge(&d, &(struct diff_limit){ .bytes = cases[i].limit }, &e), cases[i].want);
		}
}
END_TEST

TESTS_WITH("diff", two_runs, no_runs, what_is_called_alike_is_one_row, rows_add_up_to_the_sum_whatever_they_are,
	   two_moments_of_one_recording_are_surer_than_two_recordings, a_table_is_harmless_and_says_what_may_be_chance,
	   a_page_has_every_byte_once_and_names_close_nothing,
	   limits_are_shares_or_sizes, growth_that_is_just_the_limit_fails_no_more_often_than_chance_allows,
	   growth_far_beyond_the_limit_is_found, what_shrank_or_stayed_fails_hardly_ever, what_was_counted_is_judged_to_the_byte)
