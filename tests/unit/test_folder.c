#include "made_up.h"
#include "memspy/folder.h"
#include "memspy/screen.h"

static struct report *report;
static struct outline *outline;
static struct folder *folder;

/* main calls run, run calls only loop, loop calls eat (80), sip (15) and five that take 1 each; beside main is idle (2). */
static void set_up(void)
{
	static const char *const small[] = { "a", "b", "c", "d", "\x1b[2Je" };
	const char *path = made_path();
	struct recording_writer *w = made_writer(path, 0);
	struct names *n;
	struct site sites[8];
	uint32_t loop;
	struct sample s;

	ck_ok(names_new(&n, &e), e);
	loop = made_call(n, made_call(n, made_call(n, 0, "main", "m.py", 1), "run", "m.py", 2), "loop", "m.py", 3);
	sites[0] = made_site(made_call(n, loop, "eat", "m.py", 4), 80 * MIB, 160);
	sites[1] = made_site(made_call(n, loop, "sip", "m.py", 5), 15 * MIB, 30);
	for (unsigned i = 0; i < 5; i++)
		sites[2 + i] = made_site(made_call(n, loop, small[i], "m.py", 10 + (int)i), MIB, 2);
	sites[7] = made_site(made_call(n, 0, "idle", "m.py", 6), 2 * MIB, 4);
	s = made_sample(0, 200 * MIB, sites, 8);
	ck_ok(recording_writer_tick(w, &s, n, &e), e);
	recording_writer_free(w);
	names_free(n);
	ck_ok(report_new(&report, path, &(struct report_ask){ 0 }, &e), e);
	unlink(path);
	ck_ok(outline_new(&outline, report, &e), e);
	ck_ok(folder_new(&folder, outline, "made up", 4, &e), e);
}

static void tear_down(void)
{
	folder_free(folder);
	outline_free(outline);
	report_free(report);
}

/* What is on the page: each line's text behind its figures, with what is selected marked by '>'. */
static const char *page(int rows)
{
	static char said[4000];
	struct canvas c;

	ck_ok(canvas_init(&c, rows, 70, true, &e), e);
	folder_draw(folder, &c);
	said[0] = '\0';
	for (int row = 2; row < rows - 1; row++) {
		char line[400] = "";
		size_t length;

		for (int column = 33; column < c.columns; column++)
			strcat(line, c.cells[row * c.columns + column].text);
		for (length = strlen(line); length && line[length - 1] == ' ';)
			line[--length] = '\0';
		if (length)
			sprintf(said + strlen(said), "%s%s\n", c.cells[row * c.columns].is_selected ? ">" : "", line);
	}
	canvas_done(&c);
	return said;
}

static void is_page(int key, const char *want)
{
	bool quit = false;

	if (key)
		ck_ok(folder_key(folder, key, &quit, &e), e);
	ck_assert(!quit);
	ck_assert_msg(strcmp(page(16), want) == 0, "behind key %d: want\n%s\ngot\n%s", key, want, page(16));
}

START_TEST(keys_fold_and_unfold)
{
	const char *at_first = ">▾ main  m.py:1\n▾ run  m.py:2\n▾ loop  m.py:3\n├   eat  m.py:4\n└   … 6 more\n  … 1 more\n";
	const char *folded = ">▸ main  m.py:1\n  … 1 more\n";
	/* What calls but one is unfolded to where there is a choice. */
	const char *unfolded = ">▾ main  m.py:1\n▾ run  m.py:2\n▾ loop  m.py:3\n├   eat  m.py:4\n├   sip  m.py:5\n"
			       "├   \\x1b[2Je  m.py:14\n├   a  m.py:10\n├   b  m.py:11\n├   c  m.py:12\n└   d  m.py:13\n  … 1 more\n";

	is_page(0, at_first);
	is_page(KEY_IS_LEFT, folded);
	is_page(KEY_IS_UP, folded);
	is_page(KEY_IS_RIGHT, unfolded);
	is_page('c', ">▸ main  m.py:1\n  idle  m.py:6\n");
	is_page(KEY_IS_END, "▸ main  m.py:1\n>  idle  m.py:6\n");
	is_page(KEY_IS_RIGHT, "▸ main  m.py:1\n>  idle  m.py:6\n"); /* it calls nobody */
	is_page(KEY_IS_LEFT, "▸ main  m.py:1\n>  idle  m.py:6\n");	/* and nobody calls it */
}
END_TEST

START_TEST(the_rest_unfolds_where_it_stands)
{
	bool quit = false;

	/* The line "… 6 more" */
	for (int i = 0; i < 4; i++)
		ck_ok(folder_key(folder, KEY_IS_DOWN, &quit, &e), e);
	is_page(KEY_IS_ENTER, "▾ main  m.py:1\n▾ run  m.py:2\n▾ loop  m.py:3\n├   eat  m.py:4\n>├   sip  m.py:5\n"
			      "├   \\x1b[2Je  m.py:14\n├   a  m.py:10\n├   b  m.py:11\n├   c  m.py:12\n└   d  m.py:13\n  … 1 more\n");
	/* Left goes to who called it, and folds that. */
	is_page(KEY_IS_LEFT, "▾ main  m.py:1\n▾ run  m.py:2\n>▾ loop  m.py:3\n├   eat  m.py:4\n├   sip  m.py:5\n"
			     "├   \\x1b[2Je  m.py:14\n├   a  m.py:10\n├   b  m.py:11\n├   c  m.py:12\n└   d  m.py:13\n  … 1 more\n");
	is_page(KEY_IS_LEFT, "▾ main  m.py:1\n▾ run  m.py:2\n>▸ loop  m.py:3\n  … 1 more\n");
	is_page(KEY_IS_END, "▾ main  m.py:1\n▾ run  m.py:2\n▸ loop  m.py:3\n>  … 1 more\n");
	is_page(KEY_IS_RIGHT, "▾ main  m.py:1\n▾ run  m.py:2\n▸ loop  m.py:3\n>  idle  m.py:6\n");
	ck_ok(folder_key(folder, 'q', &quit, &e), e);
	ck_assert(quit);
}
END_TEST

START_TEST(what_is_selected_is_on_the_page_whatever_its_size)
{
	static const int keys[] = { 'e', KEY_IS_END, KEY_IS_PAGE_UP, KEY_IS_PAGE_DOWN, KEY_IS_HOME, 'j', 'G', 'k', 'c', 'l', 'h', '?' };

	for (int rows = 4; rows < 20; rows++)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			bool quit = false;

			ck_ok(folder_key(folder, keys[i], &quit, &e), e);
			ck_assert_msg(strchr(page(rows), '>'), "%d rows, behind key %d", rows, keys[i]);
		}
	for (int size = 1; size < 40; size += 3) {
		struct canvas c;

		ck_ok(canvas_init(&c, size % 7, size, false, &e), e);
		folder_draw(folder, &c);
		canvas_done(&c);
	}
}
END_TEST

TESTS_WITH("folder", set_up, tear_down, keys_fold_and_unfold, the_rest_unfolds_where_it_stands,
	   what_is_selected_is_on_the_page_whatever_its_size)
