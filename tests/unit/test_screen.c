/* What a live view shows and what its keys do, without a terminal. */
#include <errno.h>
#include <locale.h>

#include "golden.h"
#include "made_up.h"
#include "memspy/canvas.h"
#include "memspy/graph.h"
#include "memspy/plain.h"
#include "memspy/screen.h"

static struct names *names;
static struct screen *screen;
static struct ledger *ledger;
static struct canvas canvas;
static struct buf text;
static bool can_read = true;
static uint64_t limit; /* of memory */

static int source(void *own, pid_t pid, const char *file, int first, int count, struct buf *to, struct err *f)
{
	(void)own;
	if (!can_read)
		return err_set(f, EACCES, "%s in %d: no \x1b[31mright", file, pid);
	for (int i = first; i < first + count; i++)
		buf_printf(to, i == 88 ? "\tcache[key] = 'v' * 20000 + key\n" : "\t# line %d\n", i);
	return 0;
}

static int thread_name(void *own, pid_t pid, pid_t thread, struct buf *to)
{
	(void)own;
	(void)pid;
	if (thread == 200)
		return -ESRCH;
	buf_puts(to, "pool\x1b]0;");
	return 0;
}

static void open_screen(struct screen_options o, const char *name)
{
	const struct screen_process shop = {
		.pid = 4711, .name = name, .python = "3.12.1", .age_seconds = 273600, .rss_before = 58 * MIB,
		.memory_limit = limit,
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	can_read = true;
	o.interval_s = 1;
	o.source = source;
	o.thread = thread_name;
	ck_ok(names_new(&names, &e), e);
	ck_ok(screen_new(&screen, &o, &e), e);
	ck_ok(screen_add(screen, &shop, 0, &ledger, &e), e);
}

static void close_screen(void)
{
	screen_free(screen);
	names_free(names);
	canvas_done(&canvas);
	buf_done(&text);
}

/* A shop: a cache that grows, frames that stay, json, a thread, a hostile name. */
static void take(size_t process, struct ledger *l, double seconds)
{
	struct site sites[7];
	struct sample s;
	uint32_t serve = made_call(names, made_call(names, 0, "<module>", "/srv/shop/app.py", 12), "Shop.serve", "/srv/shop/app.py", 40);
	uint32_t json = made_call(names, serve, "loads", "/usr/lib/python3.12/json/__init__.py", 346);

	sites[0] = made_site(made_call(names, serve, "remember", "/srv/shop/cache.py", 88), (uint64_t)(200 + seconds * 2) * MIB, 560);
	sites[1] = made_site(made_call(names, serve, "DataFrame.copy", "/usr/lib/python3/dist-packages/pandas/core/frame.py", 3120),
			     96 * MIB, 12);
	sites[2] = made_site(made_call(names, json, "JSONDecoder.raw_decode", "/usr/lib/python3.12/json/decoder.py", 353), 41 * MIB, 8);
	sites[3] = made_site(made_call(names, serve, "a\nb \x1b[31m\xff", "/srv/shop/\xff\xfe.py", 7), 10 * MIB, 20);
	sites[4] = made_site(0, 5 * MIB, 10);
	sites[5] = made_site(serve, 2 * MIB, 4);
	sites[6] = made_site(made_call(names, made_call(names, 0, "warm", "/srv/shop/app.py", 70), "remember", "/srv/shop/cache.py", 88),
			     6 * MIB, 4);
	sites[4].thread = 200;
	sites[5].thread = 4711;
	s = made_sample(seconds, (uint64_t)(580 + seconds / 2) * MIB, sites, 7);
	ck_ok(ledger_take(l, names, &s, seconds, &e), e);
	ck_ok(screen_taken(screen, process, &e), e);
}

static void run_for(int seconds)
{
	for (int t = 0; t <= seconds; t++)
		take(0, ledger, t);
}

static enum screen_wish key(int which)
{
	enum screen_wish wish;

	ck_ok(screen_key(screen, which, &wish, &e), e);
	return wish;
}

static void type(const char *what)
{
	for (; *what; what++)
		key(*what);
}

/* The picture as text. */
static const char *picture(int columns, int rows)
{
	canvas_done(&canvas);
	ck_ok(canvas_init(&canvas, rows, columns, true, &e), e);
	screen_draw(screen, &canvas);
	buf_reset(&text);
	canvas_text(&canvas, &text);
	return text.data;
}

static void shows(const char *what)
{
	ck_assert_msg(strstr(picture(100, 24), what) != NULL, "no \"%s\" in\n%s", what, text.data);
}

static void hides(const char *what)
{
	ck_assert_msg(strstr(picture(100, 24), what) == NULL, "\"%s\" is in\n%s", what, text.data);
}

/* The row that is selected, as text. */
static const char *selected(void)
{
	static char row[1000];

	picture(100, 24);
	row[0] = '\0';
	for (int i = 0; i < canvas.rows; i++)
		for (int k = 0; k < canvas.columns && canvas.cells[i * canvas.columns].is_selected; k++)
			strcat(row, canvas.cells[i * canvas.columns + k].text);
	return row;
}

static void selects(const char *what)
{
	ck_assert_msg(strstr(selected(), what) != NULL, "\"%s\" is selected, not %s", selected(), what);
}

START_TEST(pictures_are_letter_by_letter_as_they_were)
{
	static const struct {
		const char *golden, *keys;
		int columns, rows;
	} cases[] = {
		{ "top-table-80x24.txt", "", 80, 24 },	     { "top-table-120x40.txt", "", 120, 40 },
		{ "top-table-60x15.txt", "", 60, 15 },	     { "top-callers-80x24.txt", "\n", 80, 24 },
		{ "top-callers-120x40.txt", "\n", 120, 40 }, { "top-help-80x24.txt", "?", 80, 24 },
		{ "top-help-60x15.txt", "?", 60, 15 },	     { "top-module-80x24.txt", "M", 80, 24 },
		{ "top-thread-80x24.txt", "t", 80, 24 },     { "top-filter-80x24.txt", "/cache", 80, 24 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_screen((struct screen_options){ 0 }, "gunicorn: worker [shop.wsgi]");
		run_for(100);
		type(cases[i].keys);
		picture(cases[i].columns, cases[i].rows);
		golden_is(cases[i].golden, &text);
		close_screen();
	}
}
END_TEST

START_TEST(a_memory_limit_stands_beside_rss)
{
	static const struct {
		int columns;
		const char *line;
	} cases[] = {
		{ 40, " RSS  630.0 MiB  heap 560.0 MiB ± 13 %\n" },
		{ 60, " RSS  630.0 MiB of 1.0 GiB  heap 560.0 MiB ± 13 %\n" },
		{ 80, " RSS  630.0 MiB of 1.0 GiB     ⣤⣤⣤⣶⣶⣿ heap 560.0 MiB ± 13 % ▲ 120 ± 41 MiB/min\n" },
		{ 110, " RSS  630.0 MiB of 1.0 GiB ▲ 30.0 MiB/min    ⣠⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣶⣶⣶⣶⣶⣶⣶⣾⣿⣿⣿ heap 560.0 MiB ± 13 % ▲ 120 ± 41 MiB/min\n" },
	};

	limit = 1024 * MIB;
	open_screen((struct screen_options){ 0 }, "shop");
	limit = 0;
	run_for(100);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(strstr(picture(cases[i].columns, 24), cases[i].line) != NULL, "%d columns:\n%s", cases[i].columns,
			      text.data);
	close_screen();
}
END_TEST

START_TEST(before_the_first_figures_there_are_none)
{
	open_screen((struct screen_options){ 0 }, "shop");
	picture(80, 40);
	ck_assert_ptr_nonnull(strstr(text.data, " up 3.2d "));
	ck_assert_ptr_nonnull(strstr(text.data, "the first figures come in a moment"));
	ck_assert_msg(strstr(text.data, "RSS") == NULL && strstr(text.data, "MARK") == NULL && strstr(text.data, "0 B") == NULL, "%s",
		      text.data);
	close_screen();
}
END_TEST

START_TEST(a_small_screen_says_where_before_who)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	picture(40, 12);
	ck_assert_msg(strstr(text.data, "cache.py:88\n") != NULL, "%s", text.data);
	ck_assert_msg(strstr(text.data, "58.0 MiB: from before memspy came\n") != NULL, "%s", text.data);
	close_screen();
}
END_TEST

START_TEST(no_size_and_no_key_breaks_the_picture)
{
	static const int keys[] = { '\n', KEY_IS_DOWN, KEY_IS_END, '?', KEY_IS_ESCAPE, 'm', 't', 'M', 'f', 'F', 'l', 's', 'S', 'i', 'g',
				    'p', 'u', '/', 'x', '(', KEY_IS_ENTER, '0', KEY_IS_TAB, '\n', KEY_IS_LEFT, KEY_IS_PAGE_DOWN, '9',
				    KEY_IS_HOME, KEY_IS_BACK_TAB, KEY_IS_BACKSPACE, 0, -5, 0x10ffff, 7, 'q', 'w' };

	open_screen((struct screen_options){ 0 }, "shop");
	picture(80, 24); /* before the first figures */
	for (size_t i = 0; i < 4 * sizeof(keys) / sizeof(keys[0]); i++) {
		static const int sizes[][2] = { { 80, 24 }, { 1, 1 }, { 20, 3 }, { 300, 90 }, { 40, 8 }, { 10, 40 }, { 200, 2 } };

		take(0, ledger, (double)i);
		key(keys[i % (sizeof(keys) / sizeof(keys[0]))]);
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			for (const char *c = picture(sizes[k][0], sizes[k][1]); *c; c++)
				ck_assert_msg(*c == '\n' || (unsigned char)*c >= 0x20, "byte %#x", *c);
	}
	close_screen();
}
END_TEST

START_TEST(names_of_the_target_do_nothing_to_the_terminal)
{
	static char long_name[70000];

	memset(long_name, 'x', sizeof(long_name) - 1);
	for (int i = 0; i < 2; i++) {
		open_screen((struct screen_options){ 0 }, i ? long_name : "\x1b]0;evil\a\xff \xe2\x80\xae");
		run_for(10);
		for (const char *c = picture(80, 24); *c; c++)
			ck_assert(*c == '\n' || (unsigned char)*c >= 0x20);
		ck_assert_ptr_null(strstr(text.data, "\xe2\x80\xae"));
		key('t');
		can_read = false;
		ck_assert_ptr_null(strchr(picture(80, 24), '\x1b'));
		key('l');
		key(KEY_IS_ENTER);
		ck_assert_ptr_null(strchr(picture(80, 24), '\x1b'));
		shows("no \\x1b[31mright");
		close_screen();
	}
}
END_TEST

START_TEST(the_selection_stays_with_its_row)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	selects("remember");
	key(KEY_IS_DOWN);
	key('j');
	selects("JSONDecoder");
	key('s'); /* by total: the callers come first */
	selects("JSONDecoder");
	key(KEY_IS_UP);
	key(KEY_IS_HOME);
	key('S');
	key(KEY_IS_END);
	key(KEY_IS_END);
	selects("369.0 MiB"); /* the largest total is last now */
	close_screen();
}
END_TEST

START_TEST(a_filter_is_typed_kept_and_dropped)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	type("/CACHE");
	hides("remember"); /* a capital is a capital */
	for (int i = 0; i < 5; i++)
		key(KEY_IS_BACKSPACE);
	type("cache");
	shows("/cache");
	shows("remember");
	hides("DataFrame");
	type("(");
	shows("no regular expression yet");
	shows("remember"); /* the last good one goes on */
	key(KEY_IS_BACKSPACE);
	key(KEY_IS_ENTER);
	hides("esc drop");
	shows("/cache/ 1 of 6");
	key('m');
	type("u/zzz");
	shows("no row matches");
	key(KEY_IS_ESCAPE);
	shows("/cache/");
	close_screen();
}
END_TEST

START_TEST(a_filter_that_is_none_is_a_sentence)
{
	struct screen *s;

	ck_assert_int_eq(screen_new(&s, &(struct screen_options){ .filter = "a(" }, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "\"a(\" is not a regular expression"));
}
END_TEST

START_TEST(a_mark_shows_growth_since)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	key('m');
	shows("nothing has grown since the mark");
	take(0, ledger, 12);
	shows("SINCE MARK");
	shows("+4.0 MiB");
	shows("remember");
	hides("DataFrame");
	shows("since the mark 2s ago");
	key('u');
	shows("DataFrame");
	hides("SINCE MARK");
	close_screen();
}
END_TEST

START_TEST(what_is_paused_stands_still)
{
	char before[20000];

	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	key('p');
	shows("paused");
	snprintf(before, sizeof(before), "%s", picture(100, 24));
	take(0, ledger, 50);
	ck_assert_str_eq(before, picture(100, 24));
	key('p');
	shows("306.0 MiB");
	close_screen();
}
END_TEST

START_TEST(callers_are_walked_folded_and_have_their_source)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(10);
	key(KEY_IS_ENTER);
	shows("who called shop/cache.py:88 remember");
	shows("cache[key] = 'v' * 20000");
	shows("Shop.serve");
	shows("warm");
	key(KEY_IS_LEFT);
	hides("Shop.serve");
	key(KEY_IS_RIGHT);
	shows("Shop.serve");
	key(KEY_IS_DOWN);
	selects("Shop.serve");
	shows("# line 40");
	key(KEY_IS_END);
	selects("warm");
	can_read = false;
	key(KEY_IS_UP);
	shows("no \\x1b[31mright");
	key(KEY_IS_ESCAPE);
	shows("LIVE BYTES");
	hides("who called");
	close_screen();
}
END_TEST

START_TEST(several_processes_are_one_screen)
{
	const struct screen_process other = { .pid = 4712, .name = "worker two", .python = "2.7.18" };
	struct ledger *second;

	open_screen((struct screen_options){ 0 }, "worker one");
	ck_ok(screen_add(screen, &other, 0, &second, &e), e);
	run_for(10);
	shows("1:4711");
	shows("2:4712");
	key(KEY_IS_TAB);
	shows("CPython 2.7.18");
	shows("the first figures come in a moment");
	take(1, second, 1);
	shows("remember");
	key('0');
	shows("worker one");
	shows("worker two");
	key(KEY_IS_HOME);
	key(KEY_IS_ENTER);
	shows("4711 worker one");
	key('2');
	shows("4712 worker two");
	screen_gone(screen, 1, "killed by signal 9");
	shows("went away: killed by signal 9");
	key(KEY_IS_TAB);
	hides("went away:");
	ck_assert_uint_eq(screen_current(screen), 0);
	close_screen();
}
END_TEST

START_TEST(wishes_are_told)
{
	open_screen((struct screen_options){ 0 }, "shop");
	run_for(5);
	ck_assert_int_eq(key('w'), WISH_WRITE);
	ck_assert_int_eq(key(12), WISH_REDRAW);
	ck_assert_int_eq(key('?'), WISH_NOTHING);
	ck_assert_int_eq(key('q'), WISH_QUIT);
	type("/q");
	ck_assert_int_eq(key('q'), WISH_NOTHING); /* it is text now */
	ck_assert_int_eq(key(3), WISH_QUIT);
	screen_recording(screen, 0, "memspy.4711.json", 12, 1 << 20);
	key(KEY_IS_ESCAPE);
	shows("recording 12 s, 1.0 MiB");
	screen_say(screen, true, "it is full");
	shows("it is full");
	key('j');
	hides("it is full");
	close_screen();
}
END_TEST

START_TEST(without_unicode_all_is_ascii)
{
	static const char *const keys[] = { "", "\n", "?", "m", "t", "/x" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		open_screen((struct screen_options){ 0 }, "caf\xc3\xa9 \xe4\xb8\xad");
		run_for(70);
		type(keys[i]);
		canvas_done(&canvas);
		ck_ok(canvas_init(&canvas, 40, 100, false, &e), e);
		screen_draw(screen, &canvas);
		buf_reset(&text);
		canvas_text(&canvas, &text);
		for (const char *c = text.data; *c; c++)
			ck_assert_msg(*c == '\n' || (*c >= 0x20 && *c < 0x7f), "byte %#x in\n%s", (unsigned char)*c, text.data);
		close_screen();
	}
}
END_TEST

START_TEST(red_is_only_what_is_wrong)
{
	struct sample s = made_sample(61, MIB, NULL, 0);

	open_screen((struct screen_options){ 0 }, "shop");
	run_for(60);
	for (int wrong = 0; wrong < 2; wrong++) {
		size_t red = 0;

		picture(120, 40);
		for (int i = 0; i < canvas.rows * canvas.columns; i++)
			red += canvas.cells[i].style == STYLE_WRONG;
		ck_assert_int_eq(red > 0, wrong);
		s.lost.contention = 3;
		ck_ok(ledger_take(ledger, names, &s, 61, &e), e);
		ck_ok(screen_taken(screen, 0, &e), e);
	}
	close_screen();
}
END_TEST

START_TEST(what_may_be_noise_is_dim)
{
	enum { FIRST = 4, ROWS = 6, GROWTH = 32 }; /* the end of GROWTH/MIN */

	open_screen((struct screen_options){ 0 }, "shop");
	run_for(100);
	picture(80, 24);
	for (int row = FIRST; row < FIRST + ROWS; row++) {
		const struct cell *cell = &canvas.cells[row * canvas.columns + GROWTH - 1];

		/* The first is the cache that grows; the others stay, as far as samples tell. */
		ck_assert(strcmp(cell->text, " ") != 0);
		ck_assert_int_eq(cell->style, row == FIRST ? STYLE_GROWS : STYLE_DIM);
	}
	close_screen();
}
END_TEST

/* ---- canvas and graph ---- */

START_TEST(text_is_put_into_its_columns)
{
	static const struct {
		const char *what, *text;
		int column, end;
		const char *is;
	} cases[] = {
		{ "fits", "abc", 1, 10, " abc\n" },
		{ "fills", "abcde", 0, 5, "abcde\n" },
		{ "is too long", "abcdef", 0, 5, "abcd…\n" },
		{ "is wide", "中文", 0, 10, "中文\n" },
		{ "is wide and cut", "中文字", 0, 5, "中文…\n" },
		{ "begins outside", "abc", 12, 20, "\n" },
		{ "begins before", "abc", -2, 5, "c\n" },
		{ "has marks", "e\xcc\x81x", 0, 5, "e\xcc\x81x\n" },
		{ "has controls", "a\tb\x1b", 0, 10, "a?b?\n" },
		{ "has more controls", "a\x7f\xc2\x9bz", 0, 10, "a??z\n" },
		{ "is no UTF-8", "a\xff\xfe", 0, 10, "a??\n" },
		{ "is empty", "", 0, 10, "\n" },
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_ok(canvas_init(&canvas, 1, 10, true, &e), e);
		canvas_put(&canvas, 0, cases[i].column, cases[i].end, STYLE_PLAIN, cases[i].text);
		buf_reset(&text);
		canvas_text(&canvas, &text);
		ck_assert_msg(strcmp(text.data, cases[i].is) == 0, "%s: \"%s\"", cases[i].what, text.data);
		canvas_done(&canvas);
	}
	buf_done(&text);
	ck_assert_int_eq(canvas_width("中a"), 3);
}
END_TEST

START_TEST(a_graph_rises_with_what_it_shows)
{
	static struct history h;

	setlocale(LC_CTYPE, "C.UTF-8");
	ck_ok(canvas_init(&canvas, 4, 12, true, &e), e);
	for (int i = 0; i < 24; i++)
		history_add(&h, &(struct past){ i, (uint64_t)(i + 1) * MIB, (uint64_t)(i + 1) * MIB / 2 });
	graph_draw(&canvas, 0, 0, 4, 12, &h);
	buf_reset(&text);
	canvas_text(&canvas, &text);
	golden_is("top-graph.txt", &text);
	canvas_clear(&canvas);
	graph_line(&canvas, 0, 0, 12, &h);
	buf_reset(&text);
	canvas_text(&canvas, &text);
	ck_assert_str_eq(text.data, "⣠⣤⣤⣤⣤⣤⣶⣶⣶⣶⣿⣿\n\n\n\n");
	canvas_done(&canvas);
	buf_done(&text);
}
END_TEST

START_TEST(what_hardly_moves_is_a_flat_line)
{
	static struct history h;

	setlocale(LC_CTYPE, "C.UTF-8");
	ck_ok(canvas_init(&canvas, 1, 6, true, &e), e);
	for (int i = 0; i < 12; i++)
		history_add(&h, &(struct past){ i, 600 * MIB + (uint64_t)(i % 2) * KIB, 0 });
	graph_line(&canvas, 0, 0, 6, &h);
	buf_reset(&text);
	canvas_text(&canvas, &text);
	ck_assert_msg(strstr(text.data, "⣿") == NULL, "%s", text.data);
	canvas_done(&canvas);
	buf_done(&text);
}
END_TEST

/* ---- lines ---- */

START_TEST(blocks_of_lines_are_letter_by_letter_as_they_were)
{
	static const struct {
		const char *golden;
		enum rows_by by;
		bool json;
	} cases[] = {
		{ "top-plain-line.txt", BY_LINE, false }, { "top-plain-module.txt", BY_MODULE, false },
		{ "top-plain-thread.txt", BY_THREAD, false }, { "top-json-line.json", BY_LINE, true },
		{ "top-json-module.json", BY_MODULE, true },
	};
	const struct screen_process shop = {
		.pid = 4711, .name = "shop\x1b[31m", .python = "3.12.1", .age_seconds = 7000, .rss_before = 58 * MIB, .memory_limit = 1024 * MIB,
	};

	open_screen((struct screen_options){ 0 }, "shop");
	run_for(70);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct plain_look look = { .most_rows = 4, .by = cases[i].by };
		struct board b;

		ck_ok(board_build(&b, ledger, &(struct board_look){ .by = cases[i].by }, &e), e);
		buf_reset(&text);
		(cases[i].json ? plain_json : plain_block)(&text, &shop, ledger, &b, &look);
		golden_is(cases[i].golden, &text);
		board_done(&b);
	}
	close_screen();
}
END_TEST

TESTS("screen", pictures_are_letter_by_letter_as_they_were, a_memory_limit_stands_beside_rss, before_the_first_figures_there_are_none,
      a_small_screen_says_where_before_who, no_size_and_no_key_breaks_the_picture,
      names_of_the_target_do_nothing_to_the_terminal, the_selection_stays_with_its_row, a_filter_is_typed_kept_and_dropped,
      a_filter_that_is_none_is_a_sentence, a_mark_shows_growth_since, what_is_paused_stands_still,
      callers_are_walked_folded_and_have_their_source, several_processes_are_one_screen, wishes_are_told,
      without_unicode_all_is_ascii, red_is_only_what_is_wrong, what_may_be_noise_is_dim, text_is_put_into_its_columns, a_graph_rises_with_what_it_shows,
      what_hardly_moves_is_a_flat_line, blocks_of_lines_are_letter_by_letter_as_they_were)
