/*
 * log: what the daemon has to say when nobody is listening. Lines on stderr, with the time.
 */
#pragma once

void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
