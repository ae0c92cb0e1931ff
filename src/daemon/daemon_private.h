/*
 * daemon_private: what the daemon's loop, its clients and its requests share.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/control.h"
#include "memspy/follow.h"
#include "memspy/watch.h"

enum { MOST_WATCHES = 64, MOST_RECORDERS = 8 };
enum { MOST_CLIENTS = 2 * MOST_WATCHES + 32 }; /* who looks at a process live has two: one holds, one is told */

/* Whose an attach is. */
enum hold {
	HOLD_NONE,   /* nobody's: it stays until detach */
	HOLD_ALONE,  /* it ends with the connection that asked for it */
	HOLD_SHARED, /* it ends with the last connection that holds it or records */
};

struct client {
	int fd; /* -1: a free place */
	struct control_input in;
	struct buf out;
	size_t sent; /* of out */
	uint64_t deadline_ns; /* when it must have finished asking or reading; 0: none */
	bool asked;	      /* one request to a connection */
	bool last;	      /* close when out is sent */
	struct watch *holds;  /* the session needs this connection; see enum hold */
	struct watch *records;
	struct recorder *recorder;
};

/* An attach that has come to its end: a session, or why there is none. */
struct attached {
	void *asker;		 /* NULL: went away meanwhile */
	struct lineage *lineage; /* asked for it, and nobody else */
	enum hold hold;
	pid_t pid;
	struct session_options options;
	struct watch *watch; /* yours to close; NULL: see e */
	int r;
	struct err e;
};

struct attaching {
	struct attach *first; /* is under way, the others wait for it */
	int ready;	      /* eventfd: the first has an answer */
};

struct daemon {
	const struct session_ops *ops;
	int listener, lock, signals;
	struct client clients[MOST_CLIENTS];
	struct watch *watches[MOST_WATCHES];
	bool shared[MOST_WATCHES]; /* HOLD_SHARED */
	struct lineage *of[MOST_WATCHES]; /* NULL: nobody follows it */
	struct lineage *lineages;
	struct attaching attaching;
	uint64_t leave_ns; /* without a session until then: leave */
	bool stop;
};

/* ---- daemon.c ---- */

/* There is something to read, or the other end went. */
void daemon_read_client(struct daemon *d, struct client *c);
void daemon_drop_client(struct daemon *d, struct client *c);

/* ---- attaching.c: an attach that was asked for, made beside the loop ---- */

struct attach_wish {
	void *asker;
	struct lineage *lineage;
	struct follow_child child; /* its pid; its family is lent until the answer is there */
	enum hold hold;
	struct session_options options;
};

int attaching_add(struct attaching *a, const struct session_ops *ops, const struct attach_wish *w, struct err *e);
bool attaching_has(const struct attaching *a, pid_t pid);
void attaching_forget(struct attaching *a, const void *asker); /* who is going away */
/* Poll says that there is an answer: true while there is one. */
bool attaching_next(struct attaching *a, struct attached *ret);
/* Waits for the one under way, if there is one (true, with its answer), and drops all others. */
bool attaching_stop(struct attaching *a, struct attached *ret);

/* ---- clients.c: a connection, which knows nothing of what is asked ---- */

void client_open(struct client *c, int fd, uint64_t now);
void client_close(struct client *c);
/* Its request, lent until the next call; NULL: none, or it was made. -errno or READ_GONE where nothing more will come. */
int client_read(struct client *c, char **ret_line);
/* Sends what there is; false: the connection is at its end. */
bool client_write(struct client *c);
bool client_wants_to_write(const struct client *c);
/* One line. `last`: nothing follows; `droppable`: not when the client is slow to read. Takes reply. */
void client_say(struct client *c, json_t *reply, bool last, bool droppable);
/* A JSON string of text that may hold any bytes. */
json_t *client_text(const char *text);
void client_refuse(struct client *c, int code, const char *sentence);

/* ---- sessions.c ---- */

struct watch *sessions_find(const struct daemon *d, pid_t pid);
int sessions_add(struct daemon *d, struct watch *w, struct lineage *of, enum hold hold, struct err *e);
/* Ends the session and forgets it wherever it is referred to. */
int sessions_drop(struct daemon *d, struct watch *w, const char *why, struct err *e);
bool sessions_is_shared(const struct daemon *d, const struct watch *w);
struct lineage *sessions_lineage(const struct daemon *d, const struct watch *w);

/* ---- lineages.c: who was attached with its children ---- */

struct lineage {
	struct lineage *next;
	struct follow *follow;
	struct session_options options;
	pid_t root;
	bool held;    /* it ends with the session of the root, however that ends */
	bool opening; /* one of it is being attached */
	bool over;    /* is freed when nobody is being attached */
};

/* What w forks and starts from now on, and has already, becomes sessions like it. */
int lineages_begin(struct daemon *d, struct watch *w, enum hold hold, struct err *e);
uint64_t lineages_due(const struct daemon *d); /* 0: never */
void lineages_turn(struct daemon *d, uint64_t now);
/* Takes it: a session that a lineage asked for. */
void lineages_attached(struct daemon *d, struct attached *a);
/* Somebody ends the session w: the root's ends those of all its children. */
int lineages_detach(struct daemon *d, struct watch *w, const char *why, struct err *e);
/* w ended by itself. */
void lineages_ended(struct daemon *d, struct watch *w, const char *why);
/* Ends all of them; nobody is being attached. */
void lineages_free(struct daemon *d, const char *why);
json_t *lineages_describe(const struct daemon *d);

/* ---- leaving.c: who looked has done ---- */

/* Somebody looks no more (who may be NULL: nobody in particular). 0: so the session ended; SESSION_STAYS: others use it, or it is nobody's. */
int sessions_leave(struct daemon *d, struct watch *w, const struct client *who, struct err *e);
enum { SESSION_STAYS = 1 };
/* Ends the shared ones that nobody uses any more. */
void sessions_sweep(struct daemon *d);

/* ---- requests.c ---- */

/* Answers one request. */
void request_serve(struct daemon *d, struct client *c, const char *line);
/* Tells who asked of the session, or why there is none. Takes it. */
void request_attached(struct daemon *d, struct attached *a);
/* The other end closed its side: it wants no more. */
void request_withdraw(struct daemon *d, struct client *c);
