/*
 * daemon: many sessions in the background, driven by one loop and asked through the control socket.
 *
 * It comes with the first attach and leaves with its last session. SIGTERM and SIGINT end all sessions well. No
 * client can hold it up: every connection has a deadline and bounded buffers.
 */
#pragma once

#include "memspy/err.h"
#include "memspy/session_ops.h"

/* Runs until there is nothing left to do. ready_fd: gets "ready\n" once the socket answers, then is closed; -1: nobody asks. */
int daemon_run(const struct session_ops *ops, int ready_fd, struct err *e);
