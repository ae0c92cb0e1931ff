/*
 * format_private: what two formats share. Serves this folder only.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/report_figures.h"

void report_moment(const struct report *r, struct buf *to); /* "live at 60.0 s" */
