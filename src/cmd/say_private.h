/*
 * say_private: what several commands say of a session, from the daemon's description of it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "memspy/session_ops.h"

const char *say_text(const json_t *object, const char *key); /* "" where there is none */
/* "memspy: attached to 4711 app.py (CPython 3.12.1), one thread held 0.21 ms" on stderr */
void say_attached(const json_t *session, bool verbose);
void say_attached_to(int pid, const char *name, const char *python, const struct session_facts *facts, bool verbose);
/* Text that other processes made up, with control characters made harmless, into a static buffer. */
const char *say_safely(const char *text);
