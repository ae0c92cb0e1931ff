/*
 * report_head: what stands above the rows of a report for people.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/report_figures.h"

/* The lines that open what people read: title, RSS, heap, what is not covered, losses. In so many columns (text_fold). */
void report_head(const struct report *r, size_t width, struct buf *to);
