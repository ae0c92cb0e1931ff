#include "memspy/protobuf.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

void protobuf_varint(struct buf *to, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (char)(0x80 | (v & 0x7f));
	bytes[n++] = (char)v;
	buf_add(to, bytes, n);
}

void protobuf_number(struct buf *to, unsigned field, uint64_t v)
{
	if (v == 0)
		return;
	protobuf_varint(to, field << 3 | WIRE_VARINT);
	protobuf_varint(to, v);
}

void protobuf_bytes(struct buf *to, unsigned field, const void *bytes, size_t length)
{
	protobuf_varint(to, field << 3 | WIRE_BYTES);
	protobuf_varint(to, length);
	if (length)
		buf_add(to, bytes, length);
}

void protobuf_take(struct buf *to, unsigned field, struct buf *what)
{
	protobuf_bytes(to, field, what->data, what->length);
	to->failed |= what->failed;
	buf_reset(what);
}
