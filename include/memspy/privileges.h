/*
 * privileges: what memspy may do is cut down to what it still has to do.
 *
 * It cannot be undone, and holds for the calling thread and those it starts. What we never had is no fault.
 */
#pragma once

enum privileges_use {
	PRIVILEGES_ATTACH, /* to attach to processes, look at them, and write files for others */
	PRIVILEGES_LOOK,   /* to look at one that is attached, detach, and write files */
};

void privileges_keep(enum privileges_use use);
