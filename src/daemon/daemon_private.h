/*
 * daemon_private: what the daemon's loop, its clients and its requests share.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/control.h"
#include "memspy/watch.h"

enum { MOST_CLIENTS = 32, MOST_WATCHES = 64, MOST_RECORDERS = 8 };

struct client {
	int fd; /* -1: a free place */
	struct control_input in;
	struct buf out;
	size_t sent; /* of out */
	uint64_t deadline_ns; /* when it must have finished asking or reading; 0: none */
	bool asked;	      /* one request to a connection */
	bool last;	      /* close when out is sent */
	struct watch *holds;  /* a foreground attach: the session ends with the connection */
	struct watch *records;
	struct recorder *recorder;
};

struct daemon {
	const struct session_ops *ops;
	int listener, lock, signals;
	struct client clients[MOST_CLIENTS];
	struct watch *watches[MOST_WATCHES];
	uint64_t leave_ns; /* without a session until then: leave */
	bool stop;
};

struct watch *daemon_find(const struct daemon *d, pid_t pid);
int daemon_add(struct daemon *d, struct watch *w, struct err *e);
/* Ends the session and forgets it wherever it is referred to. */
int daemon_drop(struct daemon *d, struct watch *w, const char *why, struct err *e);

void client_open(struct client *c, int fd, uint64_t now);
void client_close(struct daemon *d, struct client *c);
/* poll says so. */
void client_read(struct daemon *d, struct client *c);
void client_write(struct daemon *d, struct client *c);
bool client_wants_to_write(const struct client *c);
/* One line. `last`: nothing follows; `droppable`: not when the client is slow to read. Takes reply. */
void client_say(struct client *c, json_t *reply, bool last, bool droppable);
/* A JSON string of text that may hold any bytes. */
json_t *client_text(const char *text);
void client_refuse(struct client *c, int code, const char *sentence);

/* Answers one request. */
void request_serve(struct daemon *d, struct client *c, const char *line);
/* The other end closed its side: it wants no more. */
void request_withdraw(struct daemon *d, struct client *c);
