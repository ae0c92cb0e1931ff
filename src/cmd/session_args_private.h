/*
 * session_args_private: the options of a session, shared by the commands that can start one.
 */
#pragma once

#include "memspy/command.h"
#include "memspy/session_ops.h"

/* Rows for a command's table of options. The choices of domains stand in the order of enum domain. */
#define SESSION_OPTIONS                                                                                             \
	{ .name = "sample-bytes", .kind = OPTION_SIZE, .fallback = "512K", .min = 1024, .max = 1 << 30,              \
	  .does = "pick one allocation in so many bytes, on average" },                                              \
	{ .name = "exact", .kind = OPTION_FLAG, .does = "see every allocation: no estimates, more cost" },           \
	{ .name = "domains", .kind = OPTION_LIST, .choices = "malloc|mem|obj|mmap", .fallback = "malloc,mem,obj,mmap", \
	  .does = "which allocators to watch" },                                                                     \
	{ .name = "table-size", .kind = OPTION_SIZE, .fallback = "16M", .min = 1 << 20, .max = 4294967296.0,         \
	  .does = "memory in the target for memspy's table; when it is full, sampling gets coarser" },               \
	{ .name = "inject", .kind = OPTION_CHOICE, .choices = "auto|dlopen|map", .fallback = "auto",                 \
	  .does = "the way into the target: dlopen at a safe point, or map, which runs no code of the target" }

#define FOLLOW_OPTION                                                                                               \
	{ .name = "follow-fork", .kind = OPTION_FLAG,                                                               \
	  .does = "its children, too: those it forks, from their fork on, and other Pythons that it has or starts" }

/* COMMAND_USAGE when they contradict each other. interval_s comes from the option of that name if there is one. */
int session_args(const struct args *a, struct session_options *ret, struct err *e);
/* The first of them that was written, or NULL. */
const char *session_args_given(const struct args *a);
