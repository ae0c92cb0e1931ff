#include <stdio.h>

#include "memspy/buf.h"
#include "memspy/units.h"
#include "say_private.h"

const char *say_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *say_safely(const char *text)
{
	static char safe[512];
	const size_t room = sizeof(safe) - sizeof("…");
	struct buf plain = { 0 };
	size_t n;

	buf_plain(&plain, text ? text : "");
	n = plain.length < room ? plain.length : room;
	while (n < plain.length && n && (plain.data[n] & 0xc0) == 0x80) /* between two characters, not within one */
		n--;
	snprintf(safe, sizeof(safe), "%.*s%s", (int)n, plain.data ? plain.data : "", n < plain.length ? "…" : "");
	buf_done(&plain);
	return safe;
}

void say_left_out(FILE *to, const struct follow_counts *n, const char *why)
{
	if (n->missed)
		fprintf(to, ", %llu came and went too quickly", (unsigned long long)n->missed);
	if (n->refused)
		fprintf(to, ", %llu too many at once (%d are followed)", (unsigned long long)n->refused, MOST_FOLLOWED);
	if (n->others)
		fprintf(to, ", %llu other program%s", (unsigned long long)n->others, n->others == 1 ? "" : "s");
	if (n->failed)
		fprintf(to, ", %llu could not be followed (%s)", (unsigned long long)n->failed, say_safely(why));
}

void say_attached_to(int pid, const char *name, const char *python, const struct session_facts *facts, bool verbose)
{
	fprintf(stderr, "memspy: attached to %d %s (CPython ", pid, say_safely(name));
	fprintf(stderr, "%s)", say_safely(python));
	if (facts->held_ns)
		fprintf(stderr, ", one thread held %s", units_seconds((double)facts->held_ns / 1e9).text);
	fputc('\n', stderr);
	if (verbose && facts->way && *facts->way)
		fprintf(stderr, "memspy: way in: %s; %u function pointers patched\n", facts->way, facts->slots);
}

void say_attached(const json_t *session, bool verbose)
{
	struct session_facts facts = {
		.way = say_text(session, "way"),
		.held_ns = (uint64_t)json_integer_value(json_object_get(session, "held_ns")),
		.slots = (unsigned)json_integer_value(json_object_get(session, "slots")),
	};

	say_attached_to((int)json_integer_value(json_object_get(session, "pid")), say_text(session, "name"),
			say_text(session, "python"), &facts, verbose);
}
