#include <jansson.h>

#include "made_up.h"
#include "memspy/summary.h"

static char path[64];
static struct report *report;
static struct summary *summary;

/* Two ticks; the caller's sites. */
static void record(struct names *n, struct site *sites, size_t count, struct losses lost, uint64_t sample_bytes)
{
	struct recording_writer *w;

	snprintf(path, sizeof(path), "%s", made_path());
	w = made_writer(path, 0);
	for (int i = 0; i < 2; i++) {
		struct sample s = made_sample(i * 60.0, 700 * MIB, sites, count);

		s.lost = lost;
		s.sample_bytes = sample_bytes;
		ck_ok(recording_writer_tick(w, &s, n, &e), e);
	}
	ck_ok(recording_writer_end(w, "duration", &e), e);
	recording_writer_free(w);
	names_free(n);
	ck_ok(report_new(&report, path, &(struct report_ask){ 0 }, &e), e);
	ck_ok(summary_new(&summary, report, &e), e);
}

static void done(void)
{
	summary_free(summary);
	report_free(report);
	unlink(path);
}

static json_t *json(bool stats)
{
	struct buf text = { 0 };
	json_t *j;

	summary_json(summary, stats, &(struct report_look){ 0 }, &text);
	j = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(j != NULL, "%s", text.data);
	buf_done(&text);
	return j;
}

static json_int_t number(const json_t *j, const char *one, const char *two)
{
	const json_t *v = two ? json_object_get(json_object_get(j, one), two) : json_object_get(j, one);

	ck_assert_msg(json_is_integer(v), "%s %s is no integer", one, two ? two : "");
	return json_integer_value(v);
}

static json_int_t sum(const json_t *list, const char *key, const char *inner)
{
	json_int_t sum = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
		sum += number(row, key, inner);
	return sum;
}

START_TEST(every_cut_of_the_heap_has_the_same_sum)
{
	struct names *n;
	struct site sites[6];
	json_t *j;

	ck_ok(names_new(&n, &e), e);
	for (unsigned i = 0; i < 6; i++) {
		sites[i] = made_site(made_call(n, 0, i % 2 ? "f" : "\x1b]0;g\x07", "/srv/<script>.py", (int)i + 1), (i + 1) * 40 * MIB, (i + 1) * 80);
		sites[i].domain = i % DOMAIN_COUNT;
		sites[i].thread = 100 + i % 3;
		sites[i].live.blocks = 100000 >> i;
		sites[i].lifetimes[i] = i + 1;
	}
	record(n, sites, 6, (struct losses){ 0 }, 512 * KIB);
	j = json(true);
	ck_assert_int_eq(number(j, "live", "bytes"), 840 * MIB);
	ck_assert_int_eq(sum(json_object_get(j, "top_by_size"), "bytes", NULL), 840 * MIB);
	ck_assert_int_eq(sum(json_object_get(j, "top_modules"), "bytes", NULL), 840 * MIB);
	ck_assert_int_eq(sum(json_object_get(j, "threads"), "bytes", NULL), 840 * MIB);
	ck_assert_int_eq(sum(json_object_get(j, "allocators"), "live", "bytes"), 840 * MIB);
	ck_assert_int_eq(sum(json_object_get(json_object_get(j, "sizes"), "buckets"), "live_bytes", NULL), 840 * MIB);
	ck_assert_int_eq(number(j, "allocated", "bytes") - number(j, "freed", "bytes"), 840 * MIB);
	ck_assert_int_eq(number(json_array_get(json_object_get(j, "top_by_size"), 0), "line", NULL), 6);
	ck_assert_int_eq(number(json_array_get(json_object_get(j, "top_by_count"), 0), "line", NULL), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j, "quality"), "word")), "good");
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(j, "quality"), "recommendations")), 0);
	json_decref(j);
	for (int stats = 0; stats < 2; stats++) {
		struct buf text = { 0 };

		summary_text(summary, stats, &(struct report_look){ .width = 80 }, &text);
		ck_assert_ptr_null(strchr(text.data, '\x1b'));
		ck_assert_ptr_nonnull(strstr(text.data, "how sure: good"));
		ck_assert((strstr(text.data, "Sizes of single blocks are not recorded") != NULL) == stats);
		buf_done(&text);
	}
	done();
}
END_TEST

START_TEST(what_is_not_sure_is_said_with_what_to_do)
{
	/* One line of 100 samples is whole; what is beside it, and what is lost, is the case. */
	static const struct {
		const char *what, *word, *says; /* NULL: no advice */
		enum frame_kind kind;
		unsigned samples; /* of the second site */
		bool no_python;
		struct losses lost;
		uint64_t sample_bytes;
	} cases[] = {
		{ "all is well", "good", NULL, FRAME_PYTHON, 2000, false, { 0 }, 512 * KIB },
		{ "cut stacks", "fair", "stacks deeper than what is kept", FRAME_TRUNCATED, 20, false, { 0 }, 512 * KIB },
		{ "many cut stacks", "poor", "stacks deeper than what is kept", FRAME_TRUNCATED, 2000, false, { 0 }, 512 * KIB },
		{ "merged stacks", "poor", "larger --table-size", FRAME_MERGED, 400, false, { 0 }, 512 * KIB },
		{ "no Python", "good", "no Python behind it", FRAME_PYTHON, 2000, true, { 0 }, 512 * KIB },
		{ "frees missed", "good", "3 frees were missed", FRAME_PYTHON, 2000, false, { .frees = 3 }, 512 * KIB },
		{ "a busy table", "fair", "stood in each other's way", FRAME_PYTHON, 2000, false, { .contention = 500 }, 512 * KIB },
		{ "a full table", "poor", "500000 samples were dropped because the table was full", FRAME_PYTHON, 2000, false,
		  { .full = 500000 }, 512 * KIB },
		{ "sampling got coarser", "good", "every 2.0 MiB instead of 512.0 KiB", FRAME_PYTHON, 2000, false, { 0 }, 2 * MIB },
		{ "few samples", "fair", "few samples are live (101)", FRAME_PYTHON, 1, false, { 0 }, 512 * KIB },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names *n;
		struct site sites[2];
		struct frame f = { .kind = cases[i].kind };
		uint32_t frame, stack;
		json_t *j, *quality, *advice;
		char *said;

		ck_ok(names_new(&n, &e), e);
		sites[0] = made_site(made_call(n, 0, "f", "/srv/a.py", 1), 50 * MIB, 100);
		f.function = f.file = f.kind == FRAME_PYTHON ? made_string(n, "g") : 0;
		ck_ok(names_frame(n, &f, &frame, &e), e);
		ck_ok(names_stack(n, 0, frame, &stack, &e), e);
		sites[1] = made_site(cases[i].no_python ? 0 : stack, cases[i].samples * 512 * KIB, cases[i].samples);
		record(n, sites, 2, cases[i].lost, cases[i].sample_bytes);
		j = json(false);
		quality = json_object_get(j, "quality");
		advice = json_object_get(quality, "recommendations");
		said = json_dumps(advice, JSON_ENCODE_ANY);
		ck_assert_msg(strcmp(json_string_value(json_object_get(quality, "word")), cases[i].word) == 0, "%s: %s", cases[i].what,
			      json_string_value(json_object_get(quality, "word")));
		ck_assert_msg(cases[i].says ? strstr(said, cases[i].says) != NULL : json_array_size(advice) == 0, "%s: %s", cases[i].what,
			      said);
		free(said);
		json_decref(j);
		done();
	}
}
END_TEST

TESTS("summary", every_cut_of_the_heap_has_the_same_sum, what_is_not_sure_is_said_with_what_to_do)
