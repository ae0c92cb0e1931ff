/*
 * follow_private: the processes that are known, and the places in which children count.
 */
#pragma once

#include "memspy/family.h"
#include "memspy/follow.h"
#include "memspy/proc.h"

enum { MOST_MEMBERS = 256, MOST_LINES = MOST_FOLLOWED + 1 };

enum member_state {
	MEMBER_NEW,	/* seen; perhaps between fork and its first call of a hook */
	MEMBER_READY,	/* at a place: to be watched */
	MEMBER_TRYING,	/* to be attached, as soon as there is an interpreter */
	MEMBER_OPENING, /* the owner is at it */
	MEMBER_WATCHED,
	MEMBER_IDLE,	/* not to be watched as the program that it is */
};

struct member {
	struct proc_id id;
	enum member_state state;
	struct line *line; /* at a place of it */
	unsigned place;
	bool unseen;	   /* it counts at a place, and was not watched yet */
	bool refused;	   /* is counted as that */
	unsigned tries;
	uint64_t since_ns, try_ns;
	uint64_t program; /* which file it runs, while it is idle */
};

/* A family and what is known of its places. */
struct line {
	struct family *family; /* NULL: free */
	uint64_t known;	       /* places whose child is a member */
	uint64_t since_ns[64]; /* of the others that are taken */
};

struct follow {
	struct member members[MOST_MEMBERS];
	size_t count;
	struct line lines[MOST_LINES];
	pid_t first;
	bool same_pids; /* they see the pids that we see */
	uint64_t look_ns, scan_ns;
	struct follow_counts counts;
};

struct member *members_find(struct follow *f, pid_t pid);
/* NULL: no such process, or no room. */
struct member *members_add(struct follow *f, pid_t pid, uint64_t now);
void members_drop(struct follow *f, struct member *m);
void members_leave_place(struct member *m); /* its process is gone */
/* Children at places become members; those that are gone again are counted. */
void members_of_places(struct follow *f, uint64_t now);
/* Children of members become members. */
void members_scan(struct follow *f, uint64_t now);
uint64_t members_program(pid_t pid); /* tells executables apart; 0: not known */
