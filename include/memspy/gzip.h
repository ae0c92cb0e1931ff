/* gzip: a buffer in gzip's format, the same bytes for the same input. */
#pragma once

#include "memspy/buf.h"
#include "memspy/err.h"

int gzip_buf(struct buf *to, const struct buf *from, struct err *e);
