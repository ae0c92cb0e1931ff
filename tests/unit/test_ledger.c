/* What a live view keeps of a process, and the rows and callers it makes of that. */
#include "made_up.h"
#include "memspy/board.h"
#include "memspy/callers.h"
#include "memspy/history.h"
#include "memspy/ledger.h"

static struct names *names;
static struct ledger ledger;

static void begin(void)
{
	ck_ok(names_new(&names, &e), e);
	ck_ok(ledger_init(&ledger, &e), e);
}

static void end(void)
{
	ledger_done(&ledger);
	names_free(names);
}

static void take(double seconds, struct site *sites, size_t count)
{
	struct sample s = made_sample(seconds, 100 * MIB, sites, count);

	ck_ok(ledger_take(&ledger, names, &s, seconds, &e), e);
}

static struct board board_of(struct board_look look)
{
	struct board b;

	ck_ok(board_build(&b, &ledger, &look, &e), e);
	return b;
}

static const struct entry *entry(const struct board *b, const char *function, int line)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->at[i].row.function, function) == 0 && b->at[i].row.line == line)
			return &b->at[i];
	ck_abort_msg("no row of %s:%d among %zu", function, line, b->count);
	return NULL;
}

/* A leak of 1 MiB a second, and a line that holds what it holds. */
static void leak(int seconds)
{
	struct site sites[2];

	for (int t = 0; t <= seconds; t++) {
		sites[0] = made_site(made_call(names, made_call(names, 0, "main", "/srv/shop/app.py", 3), "leak", "/srv/shop/app.py", 9),
				     (uint64_t)(t + 1) * MIB, 10);
		sites[1] = made_site(made_call(names, 0, "keep", "/srv/shop/lib/keep.py", 5), 50 * MIB, 10);
		take(t, sites, 2);
	}
}

START_TEST(growth_is_that_of_the_last_minute)
{
	static const struct {
		int seconds;
		double since_start;
		bool known;
	} cases[] = { { 0, 0, false }, { 4, 4, false }, { 5, 5, true }, { 59, 59, true }, { 75, 75, true }, { 3000, 3000, true } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct board b;
		const struct entry *x;

		begin();
		leak(cases[i].seconds);
		b = board_of((struct board_look){ .by = BY_LINE });
		x = entry(&b, "leak", 9);
		ck_assert_int_eq(b.has_growth, cases[i].known);
		ck_assert_double_eq_tol((double)x->grown.bytes, cases[i].since_start * MIB, 1);
		ck_assert_double_eq_tol((double)x->per_minute.bytes, cases[i].known ? 60.0 * MIB : 0, 1);
		ck_assert_double_eq_tol((double)entry(&b, "keep", 5)->per_minute.bytes, 0, 0.1);
		ck_assert_double_eq_tol((double)b.per_minute.bytes, (double)x->per_minute.bytes, 1);
		ck_assert_int_eq(entry(&b, "keep", 5)->grown.bytes, 0);
		if (cases[i].seconds > 10)
			ck_assert_double_eq_tol(x->allocated_per_s, 2.0 * MIB, 1); /* made_site allocates twice what lives */
		ck_assert_double_eq_tol(x->held_seconds, cases[i].seconds, 0.1);
		board_done(&b);
		end();
	}
}
END_TEST

START_TEST(what_grew_within_the_minute_still_counts)
{
	struct site s;
	struct board b;

	begin();
	leak(10);
	for (int t = 11; t <= 50; t++) {
		s = made_site(2, 11 * MIB, 10);
		take(t, &s, 1);
	}
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_double_eq_tol((double)entry(&b, "leak", 9)->per_minute.bytes, 10.0 * MIB * 60 / 50, 1);
	board_done(&b);
	end();
}
END_TEST

START_TEST(growth_that_has_stopped_is_none_after_a_minute)
{
	struct site s;
	struct board b;

	begin();
	leak(30);
	for (int t = 31; t < 110; t++) {
		s = made_site(1, 31 * MIB, 10);
		s.stack = 2;
		take(t, &s, 1);
	}
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_double_eq_tol((double)entry(&b, "leak", 9)->per_minute.bytes, 0, 0.1);
	ck_assert_double_eq_tol(entry(&b, "leak", 9)->allocated_per_s, 0, 0.1);
	/* What went away altogether has no row, and is in the sum of what changed. */
	ck_assert_uint_eq(b.count, 1);
	ck_assert_int_eq(b.grown.bytes, (int64_t)(31 - 1 - 50) * (int64_t)MIB);
	board_done(&b);
	end();
}
END_TEST

START_TEST(age_begins_anew_when_nothing_was_left)
{
	struct site s;
	struct board b;

	begin();
	leak(20);
	s = made_site(2, 0, 0);
	take(21, &s, 1);
	s = made_site(2, MIB, 1);
	take(22, &s, 1);
	take(25, &s, 1);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_double_eq_tol(entry(&b, "leak", 9)->held_seconds, 3, 0.01);
	board_done(&b);
	end();
}
END_TEST

/* A site as it was at step t: k samples came at each, those of three steps ago went. */
static struct site turning(uint32_t stack, int t, uint64_t k, uint64_t weight)
{
	uint64_t alive = k * (uint64_t)(t < 3 ? t + 1 : 3), came = k * (uint64_t)(t + 1);
	struct site s = { .stack = stack, .thread = 100, .domain = DOMAIN_OBJ };

	s.live = (struct estimate){ .bytes = alive * weight, .blocks = alive, .samples = alive, .variance = (double)alive * (double)weight * 1e5 };
	s.alloc = (struct estimate){ .bytes = came * weight, .blocks = came, .samples = came, .variance = (double)came * (double)weight * 1e5 };
	return s;
}

START_TEST(changes_have_the_interval_of_the_whole_figures)
{
	struct site first[2], then[2], now[2], sites[2];
	struct turnover minute = { 0 }, start = { 0 };
	struct difference want;
	struct board b;

	begin();
	made_call(names, 0, "a", "/srv/shop/app.py", 1);
	made_call(names, 0, "b", "/srv/shop/app.py", 1); /* one row, by file */
	for (int t = 0; t <= 70; t++) {
		sites[0] = turning(1, t, 2, 600000);
		sites[1] = turning(2, t, 5, 40000);
		if (t == 0)
			memcpy(first, sites, sizeof(first));
		if (t == 10)
			memcpy(then, sites, sizeof(then));
		memcpy(now, sites, sizeof(now));
		take(t, sites, 2);
	}
	b = board_of((struct board_look){ .by = BY_FILE });
	ck_assert_uint_eq(b.count, 1);
	for (int i = 0; i < 2; i++) {
		struct estimate since_then = now[i].alloc, since_first = now[i].alloc;

		estimate_subtract(&since_then, &then[i].alloc);
		estimate_subtract(&since_first, &first[i].alloc);
		estimate_turnover_add(&minute, &then[i].live, &now[i].live, &since_then);
		estimate_turnover_add(&start, &first[i].live, &now[i].live, &since_first);
	}
	want = estimate_turnover(&minute, 512 * KIB);
	ck_assert(memcmp(&b.at[0].per_minute, &want, sizeof(want)) == 0);
	ck_assert(memcmp(&b.per_minute, &want, sizeof(want)) == 0);
	ck_assert(want.low < 0 && want.high > 0 && board_is_noise(&b.at[0].per_minute));
	want = estimate_turnover(&start, 512 * KIB);
	ck_assert(memcmp(&b.grown, &want, sizeof(want)) == 0);
	ck_assert(memcmp(&b.at[0].grown, &want, sizeof(want)) == 0);
	board_done(&b);
	end();
}
END_TEST

START_TEST(a_leak_is_beyond_doubt_and_what_stays_is_not)
{
	struct board b;

	begin();
	leak(120);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert(!board_is_noise(&b.grown) && !board_is_noise(&entry(&b, "leak", 9)->grown));
	ck_assert(board_is_noise(&entry(&b, "keep", 5)->per_minute));
	board_done(&b);
	end();
}
END_TEST

START_TEST(only_sites_that_changed_have_a_minute_to_remember)
{
	struct site s;
	size_t with = 0;

	begin();
	leak(120);
	for (size_t i = 0; i < ledger.count; i++)
		with += ledger.sites[i].steps != NULL;
	ck_assert_uint_eq(ledger.count, 2);
	ck_assert_uint_eq(with, 1); /* the leak; the other came at the first moment, and has stayed */
	for (int t = 121; t <= 200; t++) {
		s = made_site(2, 121 * MIB, 10);
		take(t, &s, 1);
	}
	ck_assert_ptr_null(ledger.sites[0].steps);
	ck_assert_ptr_null(ledger.sites[1].steps);
	end();
}
END_TEST

START_TEST(a_mark_leaves_only_what_has_grown_since)
{
	struct site sites[2];
	struct board b;

	begin();
	leak(10);
	ledger_mark(&ledger);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_uint_eq(b.count, 0);
	ck_assert_uint_eq(b.left_out, 2);
	board_done(&b);
	sites[0] = made_site(2, 14 * MIB, 10);
	sites[1] = made_site(3, 40 * MIB, 10); /* shrank */
	take(11, sites, 2);
	b = board_of((struct board_look){ .by = BY_LINE, .sort = SORT_GROWN });
	ck_assert_uint_eq(b.count, 1);
	ck_assert_int_eq(entry(&b, "leak", 9)->grown.bytes, 3 * MIB);
	ck_assert_uint_eq(b.shown.bytes, 14 * MIB);
	ck_assert_uint_eq(b.sum.bytes, 54 * MIB);
	ck_assert_int_eq(b.grown.bytes, -7 * (int64_t)MIB);
	board_done(&b);
	ledger_unmark(&ledger);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_uint_eq(b.count, 2);
	board_done(&b);
	end();
}
END_TEST

START_TEST(a_new_source_goes_on_where_the_old_one_was)
{
	struct names *other;
	struct site sites[2];
	struct sample s;
	struct board b;

	begin();
	leak(10);
	ck_ok(names_new(&other, &e), e);
	ledger_source(&ledger);
	/* The same names have other ids. */
	sites[0] = made_site(made_call(other, 0, "keep", "/srv/shop/lib/keep.py", 5), 50 * MIB, 10);
	sites[1] = made_site(made_call(other, made_call(other, 0, "main", "/srv/shop/app.py", 3), "leak", "/srv/shop/app.py", 9),
			     12 * MIB, 10);
	s = made_sample(11, 100 * MIB, sites, 2);
	ck_ok(ledger_take(&ledger, other, &s, 11, &e), e);
	ck_assert_uint_eq(ledger.count, 2);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_int_eq(entry(&b, "leak", 9)->grown.bytes, 11 * MIB);
	ck_assert_double_eq_tol((double)entry(&b, "leak", 9)->per_minute.bytes, 60.0 * MIB, 1);
	board_done(&b);
	names_free(other);
	end();
}
END_TEST

START_TEST(allocators_of_one_stack_are_one_and_threads_are_not)
{
	struct site sites[3];
	struct board b;
	uint32_t f;

	begin();
	f = made_call(names, 0, "f", "/a.py", 1);
	for (int i = 0; i < 3; i++)
		sites[i] = made_site(f, MIB, 1);
	sites[1].domain = DOMAIN_MALLOC;
	sites[2].thread = 200;
	take(0, sites, 3);
	ck_assert_uint_eq(ledger.count, 2);
	b = board_of((struct board_look){ .by = BY_THREAD });
	ck_assert_uint_eq(b.count, 2);
	ck_assert_uint_eq(b.at[0].row.thread, 100);
	ck_assert_uint_eq(b.at[0].row.own.bytes, 2 * MIB);
	board_done(&b);
	end();
}
END_TEST

START_TEST(own_code_is_told_of_what_libraries_of_python_did_for_it)
{
	struct site sites[3];
	struct board b;
	uint32_t app, json;

	begin();
	app = made_call(names, 0, "serve", "/srv/app.py", 7);
	json = made_call(names, app, "loads", "/usr/lib/python3.12/json/__init__.py", 346);
	sites[0] = made_site(made_call(names, json, "raw_decode", "/usr/lib/python3.12/json/decoder.py", 353), 4 * MIB, 1);
	sites[1] = made_site(made_call(names, made_call(names, app, "_find_and_load", "<frozen importlib._bootstrap>", 1360), "<module>",
				       "/usr/lib/python3/dist-packages/numpy/core.py", 1), 2 * MIB, 1);
	sites[2] = made_site(made_call(names, 0, "run", "/usr/lib/python3.12/threading.py", 982), MIB, 1);
	take(0, sites, 3);
	b = board_of((struct board_look){ .by = BY_LINE, .own_code = true });
	ck_assert_uint_eq(b.count, 3);
	ck_assert_uint_eq(entry(&b, "serve", 7)->row.own.bytes, 4 * MIB);
	ck_assert_uint_eq(entry(&b, "<module>", 1)->row.own.bytes, 2 * MIB); /* what is installed is no standard library */
	ck_assert_uint_eq(entry(&b, "run", 982)->row.own.bytes, MIB);	   /* nobody else called */
	ck_assert_uint_eq(b.sum.bytes, 7 * MIB);
	board_done(&b);
	end();
}
END_TEST

START_TEST(files_are_called_below_what_they_have_in_common)
{
	static const struct {
		const char *files[3], *ask, *is;
	} cases[] = {
		{ { "/srv/shop/app.py", "/srv/shop/lib/cache.py" }, "/srv/shop/lib/cache.py", "shop/lib/cache.py" },
		{ { "/srv/shop/app.py" }, "/srv/shop/app.py", "shop/app.py" },
		{ { "/srv/shop/app.py", "/opt/x.py" }, "/opt/x.py", "/opt/x.py" },
		{ { "/app.py" }, "/app.py", "/app.py" },
		{ { "app.py" }, "app.py", "app.py" },
		{ { "/srv/shop/a.py", "/srv/shopping/b.py" }, "/srv/shopping/b.py", "/srv/shopping/b.py" },
		{ { "/srv/a.py", "/usr/lib/python3.12/os.py" }, "/usr/lib/python3.12/os.py", "/usr/lib/python3.12/os.py" },
		{ { "/srv/web/shop/a.py", "/srv/web/shop/../x\xff.py" }, "/srv/web/shop/a.py", "shop/a.py" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site sites[3];
		size_t count = 0;

		begin();
		for (; count < 3 && cases[i].files[count]; count++)
			sites[count] = made_site(made_call(names, 0, "f", cases[i].files[count], 1), MIB, 1);
		take(0, sites, count);
		ck_assert_str_eq(ledger_file(&ledger, cases[i].ask), cases[i].is);
		end();
	}
}
END_TEST

START_TEST(rows_are_sorted_as_asked)
{
	static const struct {
		enum board_sort sort;
		bool reversed;
		const char *first;
	} cases[] = {
		{ SORT_LIVE, false, "keep" }, { SORT_LIVE, true, "leak" }, { SORT_GROWN, false, "leak" }, { SORT_PER_MINUTE, false, "leak" },
		{ SORT_ALLOCATED, false, "leak" }, { SORT_BLOCKS, false, "keep" }, { SORT_NAME, false, "leak" }, { SORT_TOTAL, false, "keep" },
	};

	begin();
	leak(20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct board b = board_of((struct board_look){ .by = BY_LINE, .sort = cases[i].sort, .reversed = cases[i].reversed });

		ck_assert_msg(strcmp(b.at[0].row.function, cases[i].first) == 0, "%s: %s is first", board_sort_names[cases[i].sort],
			      b.at[0].row.function);
		/* Callers have nothing of their own; by total they are there. */
		ck_assert_uint_eq(b.count, cases[i].sort == SORT_TOTAL ? 3 : 2);
		board_done(&b);
	}
	end();
}
END_TEST

START_TEST(what_comes_and_goes_is_found_by_what_it_allocates)
{
	struct site sites[2];
	struct board b;

	begin();
	for (int t = 0; t < 20; t++) {
		sites[0] = made_site(made_call(names, 0, "churn", "/a.py", 1), 0, 0);
		sites[0].alloc = made_estimate((uint64_t)t * 10 * MIB, 10);
		sites[1] = made_site(made_call(names, 0, "keep", "/a.py", 2), MIB, 1);
		take(t, sites, 2);
	}
	b = board_of((struct board_look){ .by = BY_LINE, .sort = SORT_ALLOCATED });
	ck_assert_str_eq(b.at[0].row.function, "churn");
	ck_assert_double_eq_tol(b.at[0].allocated_per_s, 10.0 * MIB, 1);
	ck_assert_uint_eq(b.sum.bytes, MIB);
	board_done(&b);
	b = board_of((struct board_look){ .by = BY_LINE });
	ck_assert_uint_eq(b.count, 1);
	board_done(&b);
	end();
}
END_TEST

START_TEST(a_filter_is_of_function_file_and_line)
{
	static const struct {
		const char *expression;
		size_t rows;
	} cases[] = { { "leak", 1 }, { "app\\.py:9$", 1 }, { "shop", 3 }, { "^keep ", 1 }, { "nothing", 0 }, { "lea|kee", 2 } };

	begin();
	leak(3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct board b;
		regex_t filter;

		ck_assert_int_eq(regcomp(&filter, cases[i].expression, REG_EXTENDED | REG_NOSUB), 0);
		b = board_of((struct board_look){ .by = BY_LINE, .filter = &filter });
		ck_assert_msg(b.count == cases[i].rows, "%s: %zu rows", cases[i].expression, b.count);
		board_done(&b);
		regfree(&filter);
	}
	end();
}
END_TEST

/* ---- callers ---- */

static struct callers callers_of(const char *function, int line, enum rows_by by)
{
	struct board_look look = { .by = by, .sort = SORT_TOTAL };
	struct board b = board_of(look);
	struct callers c;

	ck_ok(callers_build(&c, &ledger, &look, entry(&b, function, line)->key, &e), e);
	board_done(&b);
	return c;
}

static const char *name_of(const struct callers *c, size_t i)
{
	return rows_function(ledger.names, c->at[i].frame);
}

START_TEST(callers_are_a_tree_that_adds_up)
{
	struct site sites[4];
	struct callers c;
	uint32_t main_, a, b;

	begin();
	main_ = made_call(names, 0, "main", "/a.py", 1);
	a = made_call(names, main_, "a", "/a.py", 10);
	b = made_call(names, main_, "b", "/a.py", 20);
	sites[0] = made_site(made_call(names, a, "new", "/a.py", 30), 6 * MIB, 1);
	sites[1] = made_site(made_call(names, b, "new", "/a.py", 30), 3 * MIB, 1);
	sites[2] = made_site(made_call(names, 0, "new", "/a.py", 30), 1 * MIB, 1);
	sites[3] = made_site(b, 7 * MIB, 1);
	take(0, sites, 4);
	c = callers_of("new", 30, BY_LINE);
	ck_assert_uint_eq(c.bytes, 10 * MIB);
	ck_assert_uint_eq(c.count, 5); /* new, a, main, b, main */
	ck_assert_str_eq(name_of(&c, 0), "new");
	ck_assert_uint_eq(c.at[0].callers, 2);
	ck_assert_uint_eq(c.at[0].below, 4);
	ck_assert_str_eq(name_of(&c, 1), "a");
	ck_assert_uint_eq(c.at[1].bytes, 6 * MIB);
	ck_assert_uint_eq(c.at[1].below, 1);
	ck_assert_str_eq(name_of(&c, 3), "b");
	ck_assert_uint_eq(c.at[3].bytes, 3 * MIB);
	ck_assert_int_eq(c.at[4].depth, 2);
	callers_done(&c);
	/* What goes through it, where it has nothing itself. */
	c = callers_of("a", 10, BY_LINE);
	ck_assert_uint_eq(c.bytes, 6 * MIB);
	ck_assert_uint_eq(c.count, 2);
	callers_done(&c);
	end();
}
END_TEST

START_TEST(recursion_ends_and_counts_once)
{
	struct site s;
	struct callers c;
	uint32_t stack;

	begin();
	stack = made_call(names, 0, "main", "/a.py", 1);
	for (int i = 0; i < 300; i++)
		stack = made_call(names, stack, "again", "/a.py", 5);
	s = made_site(made_call(names, stack, "leaf", "/a.py", 9), MIB, 1);
	take(0, &s, 1);
	c = callers_of("again", 5, BY_LINE);
	ck_assert_uint_eq(c.bytes, MIB);
	ck_assert_uint_eq(c.count, 301);
	callers_done(&c);
	end();
}
END_TEST

/* ---- history ---- */

START_TEST(a_history_is_bounded_even_and_ends_with_the_newest)
{
	static struct history h;

	for (int i = 0; i < 100000; i++) {
		history_add(&h, &(struct past){ i, (uint64_t)i, 1 });
		ck_assert_uint_le(h.count, HISTORY_MOST);
		ck_assert_double_eq(h.at[h.count - 1].seconds, i);
	}
	ck_assert_uint_ge(h.count, HISTORY_MOST / 2);
	for (size_t i = 2; i + 1 < h.count; i++)
		ck_assert_double_eq(h.at[i].seconds - h.at[i - 1].seconds, (double)h.step);
	ck_assert_double_le(h.at[0].seconds, (double)h.step);
	ck_assert_double_le(h.at[h.count - 1].seconds - history_before(&h, 60)->seconds, 60 + 2 * (double)h.step);
}
END_TEST

START_TEST(places_of_a_graph_have_their_largest)
{
	static struct history h;
	struct past p;

	ck_assert_ptr_null(history_before(&h, 0));
	for (int i = 0; i < 10; i++)
		history_add(&h, &(struct past){ i, i == 4 ? 1000 : 10, 1 });
	ck_assert_int_eq(history_place(&h, 12, 1, &p), 0); /* nothing was seen so long ago */
	ck_assert_int_eq(history_place(&h, 12, 2, &p), 1);
	ck_assert_double_eq(p.seconds, 0);
	ck_assert_int_eq(history_place(&h, 5, 2, &p), 1);
	ck_assert_uint_eq(p.rss_bytes, 1000);
	ck_assert_int_eq(history_place(&h, 5, 4, &p), 1);
	ck_assert_double_eq(p.seconds, 9);
}
END_TEST

TESTS("ledger", growth_is_that_of_the_last_minute, what_grew_within_the_minute_still_counts, growth_that_has_stopped_is_none_after_a_minute,
      changes_have_the_interval_of_the_whole_figures, a_leak_is_beyond_doubt_and_what_stays_is_not,
      only_sites_that_changed_have_a_minute_to_remember, age_begins_anew_when_nothing_was_left, a_mark_leaves_only_what_has_grown_since,
      a_new_source_goes_on_where_the_old_one_was, allocators_of_one_stack_are_one_and_threads_are_not,
      own_code_is_told_of_what_libraries_of_python_did_for_it, files_are_called_below_what_they_have_in_common,
      rows_are_sorted_as_asked, what_comes_and_goes_is_found_by_what_it_allocates, a_filter_is_of_function_file_and_line,
      callers_are_a_tree_that_adds_up, recursion_ends_and_counts_once,
      a_history_is_bounded_even_and_ends_with_the_newest, places_of_a_graph_have_their_largest)
