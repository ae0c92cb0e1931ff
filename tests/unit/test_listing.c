#include <jansson.h>
#include <sys/stat.h>
#include <utime.h>

#include "made_up.h"
#include "memspy/listing.h"
#include "memspy/text.h"

static char folder[64], path[64], source[128];

static const char text[] = "import os\n"			   /* 1 */
			   "\n"
			   "class Shop:\n"
			   "    def buy(self):\n"		   /* 4 */
			   "        a = [0] * 1000\n"		   /* 5 */
			   "        # to the left of it all\n"
			   "# a comment does not end it\n"
			   "\n"
			   "        def inside(n):\n"		   /* 9 */
			   "            return n * 2\n"		   /* 10 */
			   "        return inside(a)\n"	   /* 11 */
			   "\n"
			   "def sell():\n"			   /* 13 */
			   "\treturn \"\x1b[31m\"\n"		   /* 14 */
			   "\n"
			   "async  def wait(): return sell()\n"	   /* 16 */
			   "x = sell()\n";			   /* 17 */

static void write_source(const char *name, const char *what)
{
	FILE *f;

	snprintf(source, sizeof(source), "%s/%s", folder, name);
	f = fopen(source, "we");
	ck_assert(f && fputs(what, f) >= 0 && fclose(f) == 0);
}

/* buy holds 1 MiB itself (line 5) and 4 MiB in what it calls (11 -> 10); the module 2 MiB by way of sell (17 -> 14); grows. */
static void set_up(void)
{
	struct names *n;
	struct site sites[4];
	struct recording_writer *w;
	char other[128];
	uint32_t module, buy;

	snprintf(folder, sizeof(folder), "/tmp/memspy-listing-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_source("shop.py", text);
	ck_ok(names_new(&n, &e), e);
	module = made_call(n, 0, "<module>", source, 17);
	buy = made_call(n, module, "Shop.buy", source, 11);
	sites[0] = made_site(made_call(n, made_call(n, buy, "Shop.buy", source, 11), "Shop.buy.<locals>.inside", source, 10), 4 * MIB, 8);
	sites[1] = made_site(made_call(n, module, "Shop.buy", source, 5), 1 * MIB, 2);
	sites[2] = made_site(made_call(n, module, "sell", source, 14), 2 * MIB, 4);
	snprintf(other, sizeof(other), "%s/lib/shop.py", folder);
	sites[3] = made_site(made_call(n, 0, "f", other, 1), 1 * MIB, 2);
	snprintf(path, sizeof(path), "%s", made_path());
	w = made_writer(path, 0);
	for (int i = 0; i < 2; i++) {
		struct sample s = made_sample(i * 10.0, 100 * MIB, sites, 4);

		ck_ok(recording_writer_tick(w, &s, n, &e), e);
		sites[2].live = made_estimate(6 * MIB, 12);
	}
	recording_writer_free(w);
	names_free(n);
}

static void tear_down(void)
{
	char command[100];

	unlink(path);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static json_t *listed(const char *what)
{
	struct listing *l;
	struct buf said = { 0 };
	json_t *j;

	ck_ok(listing_new(&l, path, &(struct listing_ask){ .what = what }, &e), e);
	listing_json(l, &said);
	j = json_loads(said.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(j != NULL, "%s", said.data);
	buf_done(&said);
	listing_free(l);
	return j;
}

static const json_t *line_of(const json_t *j, int line)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(j, "lines"), i, row)
		if (json_integer_value(json_object_get(row, "line")) == line)
			return row;
	ck_abort_msg("no line %d", line);
	return NULL;
}

static json_int_t mib(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key)) / (json_int_t)MIB;
}

START_TEST(a_line_has_what_it_called_and_own_is_its_own)
{
	static const struct {
		int line;
		json_int_t live, own, growth;
	} cases[] = { { 5, 1, 1, 0 }, { 10, 4, 4, 0 }, { 11, 4, 0, 0 }, { 14, 6, 6, 4 }, { 17, 11, 0, 4 } };
	char what[140];
	json_t *j;

	snprintf(what, sizeof(what), "%s", source);
	j = listed(what);
	ck_assert_uint_eq(json_array_size(json_object_get(j, "lines")), 5);
	ck_assert_str_eq(json_string_value(json_object_get(line_of(j, 11), "source")), "        return inside(a)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const json_t *line = line_of(j, cases[i].line);

		ck_assert_int_eq(mib(line, "live_bytes"), cases[i].live); /* 11 stands in its stack twice and counts once */
		ck_assert_int_eq(mib(line, "own_bytes"), cases[i].own);
		ck_assert_int_eq(mib(line, "growth_bytes"), cases[i].growth);
		ck_assert_int_le(json_integer_value(json_object_get(line, "live_low")), json_integer_value(json_object_get(line, "live_bytes")));
	}
	json_decref(j);
}
END_TEST

START_TEST(a_file_is_found_by_the_end_of_its_path_and_a_function_by_the_end_of_its_name)
{
	static const struct {
		const char *what, *says; /* NULL: found */
		size_t lines;
	} cases[] = {
		{ "lib/shop.py", NULL, 1 },
		{ "/lib/shop.py:f", NULL, 1 },
		{ "shop.py", "2 files of this recording end with \"shop.py\": ", 0 },
		{ "hop.py", "no file of this recording ends with \"hop.py\"", 0 },
		{ "", "no file of this recording ends with", 0 },
		{ ":", "no file of this recording ends with", 0 },
		{ "lib/shop.py:g", "no function of lib/shop.py that was seen allocating is called \"g\"", 0 },
	};
	char what[200];
	json_t *j;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listing *l = NULL;

		if (!cases[i].says) {
			j = listed(cases[i].what);
			ck_assert_uint_eq(json_array_size(json_object_get(j, "lines")), cases[i].lines);
			json_decref(j);
			continue;
		}
		ck_assert_int_lt(listing_new(&l, path, &(struct listing_ask){ .what = cases[i].what }, &e), 0);
		ck_assert_msg(strstr(e.text, cases[i].says), "%s: %s", cases[i].what, e.text);
	}
	snprintf(what, sizeof(what), "%s:buy", source);
	j = listed(what);
	ck_assert_uint_eq(json_array_size(json_object_get(j, "lines")), 2); /* 5 and 11; inside is another */
	json_decref(j);
}
END_TEST

static void shows(const char *what, bool whole, const char *const lines[], const char *hides)
{
	struct listing *l;
	struct buf said = { 0 };

	ck_ok(listing_new(&l, path, &(struct listing_ask){ .what = what }, &e), e);
	listing_text(l, whole, 0, &said);
	for (size_t i = 0; lines[i]; i++)
		ck_assert_msg(strstr(said.data, lines[i]), "%s is not in\n%s", lines[i], said.data);
	ck_assert_msg(!hides || !strstr(said.data, hides), "%s is in\n%s", hides, said.data);
	ck_assert_ptr_null(strchr(said.data, '\x1b'));
	buf_done(&said);
	listing_free(l);
}

/* On 80 columns the source has room beside the figures that matter most. */
static void fits(const char *what)
{
	struct listing *l;
	struct buf said = { 0 };

	ck_ok(listing_new(&l, path, &(struct listing_ask){ .what = what }, &e), e);
	listing_text(l, false, 80, &said);
	ck_assert_msg(strstr(said.data, "       live    ±       growth   line  source\n") != NULL, "%s", said.data);
	for (char *line = said.data, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		ck_assert_msg(text_columns(line) <= 80, "%s", line);
	}
	buf_done(&said);
	listing_free(l);
}

START_TEST(a_function_is_shown_whole_by_its_indentation)
{
	static const char *const buy[] = { "      4      def buy(self):\n", " 11          return inside(a)\n", " 7  # a comment", NULL };
	static const char *const sell[] = { "     13  def sell():\n", " 14          return \"\\x1b[31m\"\n", NULL };
	static const char *const all[] = { "      1  import os\n", "     16  async  def wait", NULL };
	char what[200];

	snprintf(what, sizeof(what), "%s:Shop.buy", source);
	shows(what, false, buy, "def sell");
	snprintf(what, sizeof(what), "%s:sell", source);
	shows(what, false, sell, "async");
	fits(what);
	shows(what, true, all, NULL);
}
END_TEST

START_TEST(a_source_that_is_newer_gone_or_no_python_is_said_and_lines_are_told)
{
	static const char *const newer[] = { "The source was changed on ", " 17  x = sell()\n", NULL };
	static const char *const gone[] = { "The source cannot be read here", " 17  <module>\n", " 14  sell\n", NULL };
	static const char *const shorter[] = { "      1  pass\n", " 17  <module>\n", NULL };
	char what[200];

	/* Recordings of made_up.h began in November 2026. */
	struct utimbuf late = { 1900000000, 1900000000 }, early = { 1000000000, 1000000000 };

	snprintf(what, sizeof(what), "%s", source);
	ck_assert_int_eq(utime(source, &late), 0);
	shows(what, false, newer, NULL);
	write_source("shop.py", "pass\n");
	ck_assert_int_eq(utime(source, &early), 0);
	shows(what, true, shorter, "changed");
	ck_assert_int_eq(unlink(source), 0);
	shows(what, false, gone, NULL);
	ck_assert_int_eq(mkdir(source, 0700), 0);
	shows(what, false, gone, NULL);
	ck_assert_int_eq(rmdir(source), 0);
	ck_assert_int_eq(mkfifo(source, 0600), 0);
	shows(what, false, gone, NULL);
}
END_TEST

TESTS_WITH("listing", set_up, tear_down, a_line_has_what_it_called_and_own_is_its_own,
	   a_file_is_found_by_the_end_of_its_path_and_a_function_by_the_end_of_its_name,
	   a_function_is_shown_whole_by_its_indentation, a_source_that_is_newer_gone_or_no_python_is_said_and_lines_are_told)
