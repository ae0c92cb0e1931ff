/*
 * say_private: what several commands say of a session, from the daemon's description of it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "memspy/follow.h"
#include "memspy/session_ops.h"

const char *say_text(const json_t *object, const char *key); /* "" where there is none */
/* "memspy: attached to 4711 app.py (CPython 3.12.1), one thread held 0.21 ms" on stderr */
void say_attached(const json_t *session, bool verbose);
void say_attached_to(int pid, const char *name, const char *python, const struct session_facts *facts, bool verbose);
/* Text that other processes made up, with control characters made harmless, into a static buffer. */
const char *say_safely(const char *text);
/* ", 2 came and went too quickly, …": descendants that are not followed; nothing where there are none. */
void say_left_out(FILE *to, const struct follow_counts *n, const char *why);
