/*
 * start_private: a daemon of our own, in the background.
 */
#pragma once

#include "memspy/err.h"

/* Runs this very program as a daemon and returns once its socket answers. */
int start_daemon(struct err *e);
