/*
 * control: the socket between commands and the daemon.
 *
 * A Unix socket in a directory of its owner's only; whoever is on the other end must have the same uid or be
 * root. Requests and replies are JSON, one to a line, with at most one descriptor sent along. All bytes are
 * claims: lines have a ceiling, and nothing here waits for longer than it is told.
 *
 * Where: /run/memspy for root, $XDG_RUNTIME_DIR/memspy for others, else /tmp/memspy-UID;
 * MEMSPY_RUNTIME_DIR names another place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/err.h"

enum { CONTROL_LINE_MAX = 1 << 16, CONTROL_PATH_MAX = 90 };

enum { CONTROL_AGAIN = 3 }; /* nothing to read or no room to write just now; READ_GONE: the other end is closed */

int control_directory(char to[CONTROL_PATH_MAX], struct err *e); /* made if it is missing; refused if it is not ours alone */

/* One daemon at a time: -EBUSY when another holds the lock. A stale socket is replaced. */
int control_listen(int *ret_socket, int *ret_lock, struct err *e);
void control_unlink(void);
int control_accept(int listener, int *ret_fd, struct err *e); /* checked; CONTROL_AGAIN */
/* -ENOENT: no daemon is listening. */
int control_connect(int *ret_fd, struct err *e);

struct control_input {
	char *data;
	size_t length, room;
	size_t used; /* by the line handed out last */
	int fd;	     /* received and not taken yet; -1: none */
};

void control_input_init(struct control_input *in);
void control_input_done(struct control_input *in);
/* Reads what is there, without waiting: 0, CONTROL_AGAIN, READ_GONE, or -EMSGSIZE for a line that is too long. */
int control_receive(int socket, struct control_input *in, struct err *e);
/* The next whole line without its newline, or NULL. Lent until the next call on the input. */
char *control_line(struct control_input *in);
/* Sends what fits, without waiting: 0 and *ret_sent, CONTROL_AGAIN, READ_GONE. fd -1: none. */
int control_send(int socket, const char *bytes, size_t length, int fd, size_t *ret_sent, struct err *e);
