/*
 * progress_private: the moving line of record, on a terminal only.
 */
#pragma once

#include "memspy/watch.h"

void progress_show(const struct progress *p);
void progress_clear(void); /* before anything else is printed */
