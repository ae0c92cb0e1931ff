/*
 * signals_private: SIGINT, SIGTERM and SIGHUP (not under nohup) as something to poll for, so that a session always ends well.
 */
#pragma once

#include "memspy/err.h"

/* Blocks them (and ignores SIGPIPE and SIGXFSZ) and returns a descriptor; it stays open until we exit. */
int signals_catch(struct err *e);
/* As they were: for a program that we start, between fork and exec. */
void signals_restore(void);
/* The signal that came, or 0. */
int signals_next(int fd);
