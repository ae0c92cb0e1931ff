/*
 * client: a command's side of the control socket.
 *
 * The daemon is started when it is needed and not there. A refusal of the daemon becomes our fault, with its
 * sentence. Waiting is bounded, except for the lines of a recording, which the caller polls for.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "memspy/err.h"

struct client;

enum { CLIENT_NONE = 4, CLIENT_AGAIN = 5 }; /* no daemon is running; nothing there yet */

/* start: start a daemon if none answers; otherwise CLIENT_NONE. */
int client_new(struct client **ret, bool start, struct err *e);
void client_free(struct client *c);

/* Sends a request, with a descriptor if fd is not -1. Takes request. */
int client_ask(struct client *c, json_t *request, int fd, struct err *e);
/* The next line of the answer within so many milliseconds; CLIENT_AGAIN when it has not come. */
int client_next(struct client *c, json_t **ret, int timeout_ms, struct err *e);
/* Both, for requests that have one answer. ret may be NULL. */
int client_call(struct client *c, json_t *request, json_t **ret, struct err *e);
/* Connects, asks, closes; start as above. A daemon that was just leaving is asked anew. */
int client_once(json_t *request, bool start, json_t **ret, struct err *e);
/* We want no more; what is still to be said will be. */
void client_finish(struct client *c);
int client_fd(const struct client *c);
