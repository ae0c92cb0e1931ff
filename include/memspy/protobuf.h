/*
 * protobuf: messages in Protocol Buffers' wire format, as much of it as one needs to write them.
 *
 * A message is the bytes of its fields: build it in a buffer of its own, then add it to another as bytes. Fields may come
 * in any order, and more than once where they are lists. A field that is 0 may be left out: that is what it is read as.
 */
#pragma once

#include <stdint.h>

#include "memspy/buf.h"

/* A bare number, for packed lists. */
void protobuf_varint(struct buf *to, uint64_t v);
/* Left out when it is 0. Signed ones as two's complement. */
void protobuf_number(struct buf *to, unsigned field, uint64_t v);
/* A string, a message or a packed list; written when it is empty, too. */
void protobuf_bytes(struct buf *to, unsigned field, const void *bytes, size_t length);
/* Likewise, and leaves `what` empty for the next. */
void protobuf_take(struct buf *to, unsigned field, struct buf *what);
