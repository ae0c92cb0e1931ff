/*
 * fault: what went wrong, said once.
 */
#pragma once

/*
 * "memspy: " and one sentence on stderr; a line, and on a terminal as many as it takes, broken between words. Names that others
 * made up may be in it: control characters are made harmless. command: "memspy record: " instead; NULL: none is named.
 */
void fault_say(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
