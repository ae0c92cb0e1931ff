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
	char heap_text[48] = "-";

	if (json_is_true(json_object_get(s, "has_heap")) && heap)
		snprintf(heap_text, sizeof(heap_text), "%s ± %.0f %%", units_bytes(heap).text,
			 100 * half / (double)heap);
	else if (json_is_true(json_object_get(s, "has_heap")))
		snprintf(heap_text, sizeof(heap_text), "< %s", units_bytes(whole(s, "heap_high")).text);
	printf("%7llu  %-8s  %7s  %10s  %10s  %*s  %4llu  %3llu  %s\n", (unsigned long long)whole(s, "pid"), say_text(s, "python"),
	       sample ? units_size_option(sample).text : "exact",
	       units_seconds(floor(json_number_value(json_object_get(s, "seconds")))).text, units_bytes(whole(s, "rss")).text,
	       strstr(heap_text, "±") ? 18 : 17, heap_text, /* ± is two bytes and one column wide */
	       (unsigned long long)whole(s, "lost"),
	       (unsigned long long)whole(s, "recordings"), say_safely(say_text(s, "name")));
}

static int run(const struct args *a, struct err *e)
{
	json_t *answer = NULL, *sessions, *s;
	int r = client_once(json_pack("{s:s}", "op", "status"), false, &answer, e);
	size_t i;

	if (r < 0)
		return r;
	sessions = r == CLIENT_NONE ? json_array() : json_incref(json_object_get(answer, "sessions"));
	if (args_is(a, "format", "json")) {
		json_t *all = json_pack("{s:O}", "sessions", sessions);

		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else if (json_array_size(sessions) == 0) {
		fprintf(stderr, "memspy: nothing is attached; memspy attach --pid N attaches a process\n");
	} else {
		printf("    PID  PYTHON     SAMPLE       SINCE         RSS               HEAP  LOST  REC  NAME\n");
		json_array_foreach(sessions, i, s)
			print_session(s);
	}
	json_decref(sessions);
	json_decref(answer);
	return 0;
}

const struct command cmd_status = {
	.name = "status",
	.does = "list the attached processes",
	.about = "SAMPLE is the mean distance of samples, or exact. LOST counts samples that did not make it into the table. REC is "
		 "how many recordings are being made.",
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
