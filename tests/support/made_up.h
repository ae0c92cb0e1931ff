/*
 * made_up: names, samples and recordings that no process ever had, for tests.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_memspy.h"
#include "memspy/names.h"
#include "memspy/recording.h"
#include "memspy/sample.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

static struct err e;

static inline uint32_t made_string(struct names *n, const char *text)
{
	uint32_t id;

	ck_ok(names_string(n, text, strlen(text), &id, &e), e);
	return id;
}

/* The stack of `parent` and one more frame. */
static inline uint32_t made_call(struct names *n, uint32_t parent, const char *function, const char *file, int line)
{
	struct frame f = { .function = made_string(n, function), .file = made_string(n, file), .line = line };
	uint32_t frame, stack;

	ck_ok(names_frame(n, &f, &frame, &e), e);
	ck_ok(names_stack(n, parent, frame, &stack, &e), e);
	return stack;
}

/* `samples` small blocks of 1000 bytes each, at T = 512 KiB. */
static inline struct estimate made_estimate(uint64_t bytes, uint64_t samples)
{
	return (struct estimate){
		.bytes = bytes, .blocks = bytes / 1000, .samples = samples,
		.variance = samples ? (double)bytes * (double)bytes / (double)samples : 0,
	};
}

static inline struct site made_site(uint32_t stack, uint64_t live, uint64_t samples)
{
	return (struct site){
		.stack = stack, .thread = 100, .domain = DOMAIN_OBJ,
		.live = made_estimate(live, samples), .alloc = made_estimate(live * 2, samples * 2),
		.peak = made_estimate(live + live / 8, samples),
	};
}

static inline struct sample made_sample(double seconds, uint64_t rss, struct site *sites, size_t count)
{
	return (struct sample){
		.time_ns = 5000000000u + (uint64_t)(seconds * 1e9), .memory = { .rss = rss }, .table_bytes = 6 * MIB,
		.has_heap = true, .sample_bytes = 512 * KIB, .sites = sites, .site_count = count,
	};
}

static inline struct recording_about made_about(void)
{
	return (struct recording_about){
		.pid = 4711, .start_time_ns = 123456789, .name = "shop.wsgi", .cmdline = "gunicorn \"shop\".wsgi", .exe = "/usr/bin/python3",
		.python = "3.12.1", .build = "static, stripped", .host = "host", .memspy_version = "0.1.0",
		.wall_ns = 1795183331000000000u, .interval_s = 1, .sample_bytes = 512 * KIB, .domains = "malloc,mem,obj",
		.rss_at_attach = 58 * MIB,
	};
}

/* A name for a file that does not exist yet, in memory if there is such a place. Lent until the next call. */
static inline const char *made_path(void)
{
	static char path[64];
	static int count;

	snprintf(path, sizeof(path), "%s/memspy-test-%d-%d.json", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", getpid(), count++);
	unlink(path);
	return path;
}

static inline struct recording_writer *made_writer(const char *path, uint64_t max_bytes)
{
	struct recording_about about = made_about();
	struct recording_writer *w = NULL;
	int fd = -1;

	ck_ok(recording_create(path, true, &fd, &e), e);
	ck_ok(recording_writer_new(&w, fd, &about, max_bytes, &e), e);
	return w;
}
