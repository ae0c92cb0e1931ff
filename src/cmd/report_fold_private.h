/*
 * report_fold: a report's tree on the terminal, with keys, until it is left. Serves cmd_report only.
 */
#pragma once

#include "memspy/err.h"
#include "memspy/report.h"

/* -ENOTTY: the terminal cannot do it; then the tree is printed. */
int report_fold(const struct report *r, const char *title, struct err *e);
