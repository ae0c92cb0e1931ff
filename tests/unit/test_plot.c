#include <errno.h>
#include <math.h>
#include <time.h>

#include "../../src/plot/plot_log.h"
#include "../../src/plot/plot_private.h"
#include "../../src/plot/plot_words.h"
#include "made_up.h"
#include "memspy/text.h"

static struct names *names;
static char path[64];

static struct plot_ask one_file(struct plot_ask ask)
{
	static const char *paths[1];

	paths[0] = path;
	ask.paths = paths;
	ask.path_count = 1;
	return ask;
}

/*
 * Four ticks: a cache that grows by 10 MiB a second, frames that are there from 1 s to 2 s, a name that would be a script
 * and colours, and memory without Python. RSS is highest in the middle.
 */
static void record_a_shop(void)
{
	static const uint64_t rss[] = { 100 * MIB, 180 * MIB, 170 * MIB, 120 * MIB };
	struct recording_writer *w;
	struct site sites[4];
	struct sample s;
	uint32_t main_;

	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	w = made_writer(path, 0);
	main_ = made_call(names, 0, "<module>", "/srv/shop/app.py", 12);
	sites[0] = made_site(made_call(names, main_, "Shop.remember", "/srv/shop/cache.py", 88), 0, 0);
	sites[1] = made_site(made_call(names, main_, "copy", "/srv/shop/frame.py", 3), 0, 0);
	sites[2] = made_site(made_call(names, main_, "<script>alert(1)</script>\x1b[31m", "/srv/\xff&\".py", 7), 3 * MIB + 1, 6);
	sites[3] = made_site(0, 2 * MIB, 4);
	for (int i = 0; i < 4; i++) {
		sites[0].live = made_estimate((uint64_t)i * 10 * MIB, (uint64_t)i * 20);
		sites[1].live = i == 1 || i == 2 ? made_estimate(50 * MIB, 100) : (struct estimate){ 0 };
		sites[0].peak = made_estimate(20 * MIB, 40);
		sites[1].peak = made_estimate(50 * MIB, 100);
		s = made_sample(i, rss[i], sites, 4);
		s.lost.full = i == 3 ? 5 : 0;
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

static void write_file(const char *text)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s", made_path());
	f = fopen(path, "we");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static const struct curve *curve_of(const struct plot *p, const char *name)
{
	for (size_t i = 0; i < p->chart.curve_count; i++)
		if (strcmp(p->chart.curves[i].name, name) == 0)
			return &p->chart.curves[i];
	ck_abort_msg("no curve %s", name);
	return NULL;
}

static struct plot *plot_of(struct plot_ask ask)
{
	struct plot *p = NULL;

	ask = one_file(ask);
	ck_ok(plot_new(&p, &ask, &e), e);
	return p;
}

START_TEST(axes_have_round_numbers_that_are_not_too_many)
{
	static const struct {
		double top;
		size_t most;
		const char *second, *last;
	} cases[] = {
		{ 700.0, 8, "100 B", "700 B" },
		{ 1.06 * 77 * MIB, 8, "20 MiB", "80 MiB" },
		{ 1.5 * 1024 * MIB, 6, "500 MiB", "1500 MiB" },
		{ 3.0 * 1024 * MIB, 8, "0.5 GiB", "3.0 GiB" },
		{ 9e18, 6, "2 EiB", "6 EiB" },
	};
	struct axis_mark marks[AXIS_MOST];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = axis_bytes(cases[i].top, cases[i].most, marks);

		ck_assert_uint_le(n, cases[i].most);
		ck_assert_str_eq(marks[0].text, "0");
		ck_assert_str_eq(marks[1].text, cases[i].second);
		ck_assert_str_eq(marks[n - 1].text, cases[i].last);
		ck_assert_double_le(marks[n - 1].at, cases[i].top);
	}
}
END_TEST

START_TEST(time_is_told_in_the_unit_that_fits)
{
	static const struct {
		double from, to;
		bool wall;
		const char *first, *second, *last;
	} cases[] = {
		{ 0, 15, false, "0", "2 s", "14 s" },
		{ 0, 0.05, false, "0", "0.01 s", "0.05 s" },
		{ 0, 3600, false, "0", "10 min", "60 min" },
		{ 0, 90000, false, "0", "6 h", "24 h" },
		{ 0, 9 * 86400.0, false, "0", "2 d", "8 d" },
		{ 1795183331, 1795183391, true, "14:02:20", "14:02:30", "14:03:10" },
		{ 1795183331, 1795190531, true, "14:30", "15:00", "16:00" },
	};
	struct axis_mark marks[AXIS_MOST];

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = axis_time(cases[i].from, cases[i].to, cases[i].wall, 8, marks);

		ck_assert_uint_ge(n, 2);
		ck_assert_str_eq(marks[0].text, cases[i].first);
		ck_assert_str_eq(marks[1].text, cases[i].second);
		ck_assert_msg(strcmp(marks[n - 1].text, cases[i].last) == 0, "%s", marks[n - 1].text);
		ck_assert_double_ge(marks[0].at, cases[i].from);
		ck_assert_double_le(marks[n - 1].at, cases[i].to + 1e-6);
	}
}
END_TEST

START_TEST(a_curve_says_what_the_recording_says)
{
	struct plot *p;
	const struct curve *rss, *heap;
	struct estimate all;
	struct interval sure;

	record_a_shop();
	p = plot_of((struct plot_ask){ .slope = true });
	rss = curve_of(p, "RSS");
	heap = curve_of(p, "heap");
	ck_assert_uint_eq(rss->count, 4);
	ck_assert_double_eq(rss->spots[1].t, 1);
	ck_assert_double_eq(rss->spots[1].y, 180.0 * MIB);
	ck_assert_str_eq(rss->figure, "120.0 MiB");
	ck_assert(p->chart.has_most && p->chart.most.y == 180.0 * MIB);
	/* 30 MiB of the cache, and 3 and 2 */
	ck_assert_double_eq(heap->spots[3].y, 35.0 * MIB + 1);
	all = made_estimate(30 * MIB, 60);
	estimate_add(&all, &(struct estimate){ .bytes = 3 * MIB + 1, .samples = 6, .variance = pow(3.0 * MIB + 1, 2) / 6 });
	estimate_add(&all, &(struct estimate){ .bytes = 2 * MIB, .samples = 4, .variance = pow(2.0 * MIB, 2) / 4 });
	sure = estimate_interval(&all, 512 * KIB);
	ck_assert_double_eq_tol(heap->spots[3].low, (double)sure.low, 4);
	ck_assert_double_eq_tol(heap->spots[3].high, (double)sure.high, 4);
	ck_assert_ptr_nonnull(strstr(p->chart.note, "5 samples lost"));
	/* 100, 180, 170, 120 MiB at 0, 1, 2, 3 s: by least squares 5 MiB a second */
	ck_assert_str_eq(rss->more, "+300.0 MiB/min");
	plot_free(p);
	done();
}
END_TEST

#define MPROF "CMDLINE python app.py\n" \
	      "MEM 10.0 1000.0\nMEM 20.0 1001.0\nFUNC app.work 10.0 1000.2 20.0 1000.9 1\nCHLD 0 5.0 1001.0\nMEM 30.0 1002.0\n"

START_TEST(a_window_has_its_moments_only)
{
	static const struct {
		const char *from, *to;
		size_t count;
		double first, last;
		const char *slope, *about;
	} cases[] = {
		{ "1", NULL, 3, 1, 3, "-1.8 GiB/min", "1.0 to 3.0 s of 3 s" }, /* 180, 170, 120 MiB */
		{ NULL, "-1", 3, 0, 2, "+2.1 GiB/min", "0.0 to 2.0 s of 3 s" },
		{ "50%", "2.5", 1, 2, 2, "", "2.0 to 2.0 s of 3 s" },
	};

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plot_ask ask = { .slope = true, .function = "copy" };
		const struct curve *rss;
		struct plot *p;

		if (cases[i].from)
			ck_ok(moment_parse(&ask.from, cases[i].from, &e), e);
		if (cases[i].to)
			ck_ok(moment_parse(&ask.to, cases[i].to, &e), e);
		p = plot_of(ask);
		rss = curve_of(p, "RSS");
		ck_assert_uint_eq(rss->count, cases[i].count);
		ck_assert_double_eq(rss->spots[0].t, cases[i].first);
		ck_assert_double_eq(rss->spots[rss->count - 1].t, cases[i].last);
		ck_assert_str_eq(rss->more, cases[i].slope);
		ck_assert_msg(strstr(p->chart.about, cases[i].about), "%s", p->chart.about);
		ck_assert_double_eq(p->chart.lanes[0].bars[0].from, cases[i].first > 1 ? cases[i].first : 1); /* it is there from 1 s to 2 s */
		ck_assert_double_eq(p->chart.lanes[0].bars[0].to, 2);
		plot_free(p);
	}
	done();
}
END_TEST

START_TEST(a_window_with_nothing_in_it_is_a_sentence)
{
	struct plot_ask ask = one_file((struct plot_ask){ 0 });
	struct plot *p;

	record_a_shop();
	ck_ok(moment_parse(&ask.from, "1.2", &e), e);
	ck_ok(moment_parse(&ask.to, "1.7", &e), e);
	ck_assert_int_eq(plot_new(&p, &ask, &e), -EINVAL);
	ck_assert_msg(strstr(e.text, "no tick between 1.2 and 1.7 s"), "%s", e.text);
	done();

	write_file(MPROF);
	ck_ok(moment_parse(&ask.from, "0.1", &e), e);
	ck_ok(moment_parse(&ask.to, "0.2", &e), e);
	ck_assert_int_eq(plot_new(&p, &ask, &e), -EINVAL);
	ck_assert_msg(strstr(e.text, "no moment of its process between 0.1 and 0.2 s"), "%s", e.text);
	ask.to = (struct moment){ 0 };
	ck_ok(moment_parse(&ask.from, "1", &e), e);
	p = plot_of(ask);
	ck_assert_double_ge(p->chart.from, 1);
	plot_free(p);
	unlink(path);
}
END_TEST

START_TEST(lines_and_the_rest_pile_up_to_the_heap_to_the_byte)
{
	struct plot *p;
	const struct curve *heap, *last = NULL;

	record_a_shop();
	p = plot_of((struct plot_ask){ .lines = 2 });
	heap = curve_of(p, "heap");
	for (size_t i = 0; i < p->chart.curve_count; i++) {
		const struct curve *c = &p->chart.curves[i];

		if (c->kind != CURVE_AREA)
			continue;
		for (size_t k = 0; k < c->count; k++)
			ck_assert_double_eq(c->spots[k].low, last ? last->spots[k].y : 0);
		last = c;
	}
	ck_assert_ptr_nonnull(last);
	ck_assert_str_eq(last->name, "other lines");
	for (size_t k = 0; k < heap->count; k++)
		ck_assert_double_eq(last->spots[k].y, heap->spots[k].y);
	/* The largest is what was largest at any time that is known: the frames, at the peak. */
	ck_assert_str_eq(p->chart.curves[0].name, "/srv/shop/frame.py:3");
	ck_assert_str_eq(p->chart.curves[0].figure, "0");
	ck_assert_str_eq(p->chart.curves[0].more, "50.0 MiB at most");
	ck_assert_str_eq(p->chart.curves[1].name, "/srv/shop/cache.py:88");
	ck_assert_str_eq(p->chart.curves[1].figure, "30.0 MiB");
	plot_free(p);
	done();
}
END_TEST

START_TEST(a_function_is_there_while_it_has_live_bytes)
{
	static const struct {
		const char *function;
		double from, to, last;
	} cases[] = {
		{ "copy", 1, 2, 0 },
		{ "remember", 1, 3, 30.0 * MIB },      /* the end of a qualified name will do */
		{ "Shop.remember", 1, 3, 30.0 * MIB },
		{ "<module>", 0, 3, 33.0 * MIB + 1 }, /* what it called is its own, too */
	};
	struct plot_ask ask;
	struct plot *p;

	record_a_shop();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct curve *c;

		p = plot_of((struct plot_ask){ .function = cases[i].function });
		c = curve_of(p, cases[i].function);
		ck_assert_uint_eq(p->chart.lane_count, 1);
		ck_assert_uint_eq(p->chart.lanes[0].count, 1);
		ck_assert_double_eq(p->chart.lanes[0].bars[0].from, cases[i].from);
		ck_assert_double_eq(p->chart.lanes[0].bars[0].to, cases[i].to);
		ck_assert_double_eq(c->spots[c->count - 1].y, cases[i].last);
		plot_free(p);
	}
	ask = one_file((struct plot_ask){ .function = "member" });
	ck_assert_int_lt(plot_new(&p, &ask, &e), 0);
	ck_assert_msg(strstr(e.text, "has a function member"), "%s", e.text);
	done();
}
END_TEST

/* No control character but newlines, and nothing that a browser would run. */
static void is_harmless(const struct buf *text)
{
	for (size_t i = 0; i < text->length; i++)
		ck_assert_msg((unsigned char)text->data[i] >= 0x20 || text->data[i] == '\n', "byte %zu is %d", i, text->data[i]);
	ck_assert_ptr_null(strstr(text->data, "<script"));
	ck_assert_ptr_null(strstr(text->data, "\xff"));
}

START_TEST(hostile_names_are_harmless_in_every_form)
{
	struct buf text = { 0 };
	struct plot *p;

	record_a_shop();
	p = plot_of((struct plot_ask){ .lines = 3, .function = "<script>alert(1)</script>\x1b[31m" });
	ck_ok(plot_svg(p, &(struct plot_look){ 0 }, &text, &e), e);
	ck_assert_ptr_nonnull(strstr(text.data, "&lt;/script&gt;"));
	is_harmless(&text);
	buf_reset(&text);
	ck_ok(plot_terminal(p, &(struct plot_look){ .unicode = true }, &text, &e), e);
	for (size_t i = 0; i < text.length; i++)
		ck_assert((unsigned char)text.data[i] >= 0x20 || text.data[i] == '\n');
	buf_done(&text);
	plot_free(p);
	done();
}
END_TEST

START_TEST(names_of_64_kilobytes_are_cut)
{
	char *name = malloc(65537);
	struct buf text = { 0 };
	char *cut;

	ck_assert_ptr_nonnull(name);
	memset(name, '\x1b', 65536);
	name[65536] = '\0';
	cut = text_end(name, 32);
	ck_assert_uint_lt(strlen(cut), 40);
	free(cut);
	free(name);
	buf_done(&text);
}
END_TEST

static size_t columns(const char *line, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)line[i] & 0xc0) != 0x80;
	return n;
}

/* RSS goes to 100 MiB under a limit. */
static struct plot *plot_under(uint64_t limit, struct plot_ask ask)
{
	struct recording_about about = made_about();
	struct recording_writer *w = NULL;
	struct sample s;
	int fd = -1;

	about.memory_limit = limit;
	snprintf(path, sizeof(path), "%s", made_path());
	ck_ok(names_new(&names, &e), e);
	ck_ok(recording_create(path, true, &fd, &e), e);
	ck_ok(recording_writer_new(&w, fd, &about, 0, &e), e);
	for (int i = 0; i < 3; i++) {
		s = made_sample(i, (uint64_t)(i + 1) * 100 * MIB / 3, NULL, 0);
		ck_ok(recording_writer_tick(w, &s, names, &e), e);
	}
	recording_writer_free(w);
	return plot_of(ask);
}

START_TEST(a_limit_within_reach_is_a_line_and_another_is_told)
{
	static const struct plot_look look = { .width = 80, .height = 24, .unicode = true };
	static const char *two[2];
	struct buf text = { 0 };
	struct plot_ask both = { .paths = two, .path_count = 2, .many = PLOT_STACK };
	struct plot *p = plot_under(128 * MIB, (struct plot_ask){ .slope = true });
	const struct curve *limit = curve_of(p, "memory limit");

	ck_assert_str_eq(limit->figure, "128.0 MiB");
	ck_assert_double_eq(limit->spots[0].y, 128.0 * MIB);
	ck_assert_double_eq(limit->spots[1].t, p->chart.to);
	ck_assert_double_gt(p->chart.top, 128.0 * MIB);
	ck_ok(plot_terminal(p, &look, &text, &e), e);
	ck_assert_msg(strstr(text.data, "128.0 MiB  memory limit\n") != NULL, "%s", text.data);
	buf_reset(&text);
	ck_ok(plot_svg(p, &(struct plot_look){ 0 }, &text, &e), e);
	ck_assert_msg(strstr(text.data, ">memory limit<") != NULL, "%s", text.data);
	buf_done(&text);
	plot_free(p);
	two[0] = two[1] = path;
	ck_ok(plot_new(&p, &both, &e), e);
	ck_assert_ptr_nonnull(strstr(p->chart.note, "memory limit: 128.0 MiB each"));
	plot_free(p);
	done();

	p = plot_under(4096 * MIB, (struct plot_ask){ 0 });
	ck_assert_ptr_nonnull(strstr(p->chart.note, "memory limit: 4.0 GiB, above this picture"));
	ck_assert_double_lt(p->chart.top, 128.0 * MIB);
	plot_free(p);
	done();
}
END_TEST

START_TEST(a_chart_fits_its_terminal)
{
	static const struct plot_look looks[] = {
		{ .width = 80, .height = 24, .unicode = true }, { .width = 80, .height = 24 }, { .width = 200, .height = 60, .unicode = true },
		{ .width = 40, .height = 10 }, { 0 },
	};
	struct plot *p;

	record_a_shop();
	p = plot_of((struct plot_ask){ .lines = 3, .slope = true, .function = "copy" });
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct buf text = { 0 };
		size_t rows = 0, most = looks[i].height ? looks[i].height : 24;

		ck_ok(plot_terminal(p, &looks[i], &text, &e), e);
		for (const char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1, rows++) {
			ck_assert_uint_le(columns(line, (size_t)(end - line)), looks[i].width ? looks[i].width : 100);
			for (const char *c = line; c < end && !looks[i].unicode; c++)
				ck_assert((unsigned char)*c < 0x80);
		}
		ck_assert_uint_le(rows, most < 11 ? 11 : most);
		buf_done(&text);
	}
	plot_free(p);
	done();
}
END_TEST

START_TEST(mprof_is_read_with_its_functions_and_children)
{
	const struct curve *c;
	struct plot *p;

	write_file(MPROF "CHLD 0 0.0 1002.0\nMEM 40.0 10"); /* it is being written */
	p = plot_of((struct plot_ask){ 0 });
	c = curve_of(p, p->chart.curves[0].name);
	ck_assert_uint_eq(p->chart.curve_count, 2);
	ck_assert_uint_eq(c->count, 3);
	ck_assert_double_eq(c->spots[2].y, 30.0 * MIB);
	ck_assert_double_eq(c->spots[2].t, 2);
	ck_assert_uint_eq(p->chart.curves[1].count, 1);
	ck_assert_double_eq(p->chart.curves[1].spots[0].t, 1);
	ck_assert_str_eq(p->chart.lanes[0].name, "app.work");
	ck_assert_double_eq_tol(p->chart.lanes[0].bars[0].from, 0.2, 1e-6);
	ck_assert_double_eq_tol(p->chart.lanes[0].bars[0].to, 0.9, 1e-6);
	plot_free(p);

	p = plot_of((struct plot_ask){ .many = PLOT_SUM });
	c = curve_of(p, "RSS, summed");
	ck_assert_uint_eq(c->count, 4); /* 1001 is there twice */
	ck_assert_double_eq(c->spots[1].y, 25.0 * MIB);
	ck_assert_double_eq(c->spots[3].y, 30.0 * MIB); /* the child is gone */
	plot_free(p);

	p = plot_of((struct plot_ask){ .many = PLOT_STACK });
	ck_assert_double_eq(p->chart.curves[1].spots[1].low, 20.0 * MIB);
	ck_assert_double_eq(p->chart.curves[1].spots[1].y, 25.0 * MIB);
	plot_free(p);
	unlink(path);
}
END_TEST

START_TEST(processes_that_are_watched_to_the_end_stand_there)
{
	struct plot *p;
	const struct curve *curve;

	/* The first is looked at half a second before the second at last; the third ended long before. */
	write_file("CMDLINE python app.py\nMEM 10.0 1000.0\nCHLD 0 5.0 1000.5\nCHLD 1 7.0 1000.6\nMEM 10.0 1001.0\nCHLD 0 5.0 1001.5\n"
		   "CHLD 1 7.0 1001.6\nMEM 10.0 1002.0\nCHLD 0 5.0 1002.5\nMEM 10.0 1003.0\nCHLD 0 5.0 1003.5\n");
	p = plot_of((struct plot_ask){ .many = PLOT_STACK });
	curve = &p->chart.curves[1];
	ck_assert_double_eq(curve->spots[curve->count - 1].low, 10.0 * MIB);
	ck_assert_double_eq(curve->spots[curve->count - 1].y, 15.0 * MIB);
	curve = &p->chart.curves[2];
	ck_assert_double_eq(curve->spots[curve->count - 1].low, curve->spots[curve->count - 1].y);
	plot_free(p);
	done();
}
END_TEST

START_TEST(foreign_and_damaged_files_are_a_sentence)
{
	static const struct {
		const char *what, *text, *says;
	} cases[] = {
		{ "nothing", "", "is empty" },
		{ "something else", "hello\n", "is not a recording" },
		{ "no memory", "CMDLINE python app.py\n", "holds no moment" },
		{ "no number", "MEM x 1000.0\n", "line 1 is not \"MEM" },
		{ "not finite", "MEM nan 1000.0\n", "line 1 is not \"MEM" },
		{ "endless", "MEM inf 1000.0\n", "line 1 is not \"MEM" },
		{ "no time", "MEM 10.0\n", "line 1 is not \"MEM" },
		{ "too much", "MEM 1.0 1000.0 7\n", "line 1 is not \"MEM" },
		{ "a time before all times", "MEM 1.0 -3\n", "line 1 is not \"MEM" },
		{ "a child without a name", "MEM 1 2\nCHLD  3 4\n", "line 2 is not \"CHLD" },
		{ "a child called x", "MEM 1 2\nCHLD x 3 4\n", "line 2 is not \"CHLD" },
		{ "a function with three numbers", "MEM 1 2\nFUNC f 1.0 2.0 3.0\n", "line 2 is not \"FUNC" },
		{ "another word", "MEM 1 2\nFROG 3\n", "line 2 is not one that mprof writes" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plot_ask ask;
		struct plot *p = NULL;

		write_file(cases[i].text);
		ask = one_file((struct plot_ask){ 0 });
		e.text[0] = '\0';
		ck_assert_msg(plot_new(&p, &ask, &e) < 0, "%s", cases[i].what);
		ck_assert_msg(strstr(e.text, cases[i].says), "%s: %s", cases[i].what, e.text);
		unlink(path);
	}
}
END_TEST

START_TEST(a_long_recording_keeps_its_extremes)
{
	struct tracks tracks = { 0 };
	struct track *t;
	uint64_t most = 0, least = UINT64_MAX;

	ck_ok(tracks_add(&tracks, &t, &e), e);
	for (uint64_t i = 0; i < 200000; i++) {
		struct tick tick = { .t = (double)i, .rss = 1000 + i % 777, .has_heap = true, .heap = { .is = i % 999 } };

		tick.rss = i == 123457 ? 99999 : i == 77777 ? 3 : tick.rss;
		ck_ok(track_tick(t, &tick, &e), e);
	}
	track_thin(t, 2048);
	ck_assert_uint_le(t->count, 2048);
	ck_assert_uint_ge(t->count, 500);
	ck_assert_double_eq(t->ticks[0].t, 0);
	ck_assert_double_eq(t->ticks[t->count - 1].t, 199999);
	for (size_t i = 0; i < t->count; i++) {
		ck_assert(i == 0 || t->ticks[i].t > t->ticks[i - 1].t);
		most = t->ticks[i].rss > most ? t->ticks[i].rss : most;
		least = t->ticks[i].rss < least ? t->ticks[i].rss : least;
	}
	ck_assert_uint_eq(most, 99999);
	ck_assert_uint_eq(least, 3);
	tracks_done(&tracks);
}
END_TEST

/* Three million changes of two sites of different lines, the last of which are known. */
START_TEST(a_log_that_is_full_keeps_what_was_held_in_the_end)
{
	enum { TICKS = 1600000 };
	struct plot_ask ask = one_file((struct plot_ask){ .lines = 2 });
	struct tracks tracks = { 0 };
	struct series *s;
	struct plot_log *log;
	struct track *t;

	record_a_shop();
	ck_ok(series_open(&s, path, &e), e);
	while (series_next(s, &e) == 0)
		;
	ck_ok(tracks_add(&tracks, &t, &e), e);
	ck_ok(plot_log_new(&log, &e), e);
	for (uint64_t i = 0; i < TICKS; i++) {
		ck_ok(plot_log_add(log, 0, i, i, &e), e);
		ck_ok(plot_log_add(log, 1, 2 * i, i, &e), e);
		ck_ok(i % 4096 == 4095 || i == TICKS - 1 ? track_tick(t, &(struct tick){ .t = (double)i, .number = i }, &e) : 0, e);
	}
	ck_ok(plot_log_lines(log, s, ask.lines, t, &e), e);
	for (size_t i = 0; i < t->count; i++) { /* site 1 is the larger line; groups of ticks say what held at their end */
		ck_assert_uint_ge(t->ticks[i].lines[1], t->ticks[i].number);
		ck_assert_uint_le(t->ticks[i].lines[1], t->ticks[i].number + 8);
		ck_assert_uint_eq(t->ticks[i].lines[0], 2 * t->ticks[i].lines[1]);
	}
	plot_log_free(log);
	tracks_done(&tracks);
	series_free(s);
	done();
}
END_TEST

START_TEST(what_is_too_long_is_cut_where_it_says_least)
{
	static const struct {
		const char *text;
		size_t columns;
		bool unicode;
		const char *end;
	} cases[] = {
		{ "shop/cache.py:88", 16, true, "shop/cache.py:88" }, { "shop/cache.py:88", 9, true, "…he.py:88" },
		{ "shop/cache.py:88", 9, false, "..e.py:88" },	     { "größe.py:88", 10, true, "…öße.py:88" },
		{ "shop/cache.py:88", 1, true, "" },		     { "äöü", 2, true, "…ü" },
	};
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		words_put_end(&b, cases[i].text, cases[i].columns, cases[i].unicode);
		ck_assert_uint_le(words_columns(b.data ? b.data : ""), cases[i].columns);
		ck_assert_str_eq(b.data ? b.data : "", cases[i].end);
	}
	buf_reset(&b);
	ck_assert_uint_eq(words_wrap(&b, "heap: allocated ± 5 %; nothing lost", 20, true), 2);
	ck_assert_str_eq(b.data, "heap: allocated ± 5\n%; nothing lost\n");
	buf_reset(&b);
	ck_assert_uint_eq(words_wrap(&b, "aaaaaaaaaaaa b", 5, true), 3);
	ck_assert_str_eq(b.data, "aaaaa\naaaaa\naa b\n");
	buf_done(&b);
}
END_TEST

TESTS("plot", a_window_has_its_moments_only, a_window_with_nothing_in_it_is_a_sentence,
      a_log_that_is_full_keeps_what_was_held_in_the_end, axes_have_round_numbers_that_are_not_too_many,
      time_is_told_in_the_unit_that_fits, a_curve_says_what_the_recording_says,
      lines_and_the_rest_pile_up_to_the_heap_to_the_byte, a_function_is_there_while_it_has_live_bytes,
      hostile_names_are_harmless_in_every_form, names_of_64_kilobytes_are_cut, a_chart_fits_its_terminal,
      a_limit_within_reach_is_a_line_and_another_is_told,
      mprof_is_read_with_its_functions_and_children, processes_that_are_watched_to_the_end_stand_there,
      foreign_and_damaged_files_are_a_sentence, a_long_recording_keeps_its_extremes, what_is_too_long_is_cut_where_it_says_least)
