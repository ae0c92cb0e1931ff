#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/client.h"
#include "memspy/command.h"
#include "memspy/units.h"
#include "say_private.h"

static uint64_t whole(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

static void print_session(const json_t *s)
{
	uint64_t sample = whole(s, "sample_bytes"), heap = whole(s, "heap");
	double half = (double)(whole(s, "heap_high") - whole(s, "heap_low")) / 2;
	char heap_text[48] = "-", parent[24] = "-";

	if (json_is_true(json_object_get(s, "has_heap")) && heap)
		snprintf(heap_text, sizeof(heap_text), "%s ± %.0f %%", units_bytes(heap).text,
			 100 * half / (double)heap);
	else if (json_is_true(json_object_get(s, "has_heap")))
		snprintf(heap_text, sizeof(heap_text), "< %s", units_bytes(whole(s, "heap_high")).text);
	if (whole(s, "parent"))
		snprintf(parent, sizeof(parent), "%llu", (unsigned long long)whole(s, "parent"));
	printf("%7llu  %7s  %-8s  %7s  %10s  %10s  %*s  %4llu  %3llu  %s\n", (unsigned long long)whole(s, "pid"), parent, say_text(s, "python"),
	       sample ? units_size_option(sample).text : "exact",
	       units_seconds(floor(json_number_value(json_object_get(s, "seconds")))).text, units_bytes(whole(s, "rss")).text,
	       strstr(heap_text, "±") ? 18 : 17, heap_text, /* ± is two bytes and one column wide */
	       (unsigned long long)whole(s, "lost"),
	       (unsigned long long)whole(s, "recordings"), say_safely(say_text(s, "name")));
}

/* What came of a process that was attached with its children, and what was left out. */
static void print_family(const json_t *f)
{
	const struct follow_counts n = {
		.now = (unsigned)whole(f, "now"), .watched = whole(f, "watched"), .refused = whole(f, "refused"),
		.missed = whole(f, "missed"), .others = whole(f, "others"), .failed = whole(f, "failed"),
	};

	printf("children of %llu: %u followed now, %llu in all", (unsigned long long)whole(f, "root"), n.now, (unsigned long long)n.watched);
	say_left_out(stdout, &n, say_text(f, "why"));
	putchar('\n');
}

static int run(const struct args *a, struct err *e)
{
	json_t *answer = NULL, *sessions, *families, *s;
	int r = client_once(json_pack("{s:s}", "op", "status"), false, &answer, e);
	size_t i;

	if (r < 0)
		return r;
	sessions = r == CLIENT_NONE ? json_array() : json_incref(json_object_get(answer, "sessions"));
	families = r == CLIENT_NONE ? json_array() : json_incref(json_object_get(answer, "families"));
	if (args_is(a, "format", "json")) {
		json_t *all = json_pack("{s:O, s:O*}", "sessions", sessions, "families", families);

		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else if (json_array_size(sessions) == 0) {
		fprintf(stderr, "memspy: nothing is attached; memspy attach --pid N attaches a process\n");
	} else {
		printf("    PID   PARENT  PYTHON     SAMPLE       SINCE         RSS               HEAP  LOST  REC  NAME\n");
		json_array_foreach(sessions, i, s)
			print_session(s);
		json_array_foreach(families, i, s)
			print_family(s);
	}
	json_decref(sessions);
	json_decref(families);
	json_decref(answer);
	return 0;
}

const struct command cmd_status = {
	.name = "status",
	.does = "list the attached processes",
	.about = "SAMPLE is the mean distance of samples, or exact. LOST counts samples that did not make it into the table. REC is "
		 "how many recordings are being made. PARENT is told of children that attach --follow-fork follows; a line of their own "
		 "says how many those are, and what was left out.",
	.options = (const struct command_option[]){
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "table|json", .fallback = "table", .does = "how to print it" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy status", "what is attached" },
		{ "memspy status --format json", "the same for programs" },
		{ 0 },
	},
	.run = run,
};
