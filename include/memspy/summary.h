/*
 * summary: one recording on a page: what it holds, where most of it is, and how far the figures can be trusted.
 *
 * It is of the moment and the stretch of a report of the view live. `summary` is for a first look; `stats` says everything that
 * is known of sizes, allocators, threads, ages and of the sampling itself. What cannot be known is said.
 */
#pragma once

#include <stdbool.h>

#include "memspy/report.h"

struct summary;

int summary_new(struct summary **ret, const struct report *r, struct err *e);
void summary_free(struct summary *s);

void summary_text(const struct summary *s, bool stats, const struct report_look *look, struct buf *to);
void summary_json(const struct summary *s, bool stats, const struct report_look *look, struct buf *to);
