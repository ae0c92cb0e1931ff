/*
 * buf: bytes that grow.
 *
 * Always NUL-terminated, so that text can be handed to C; the length counts without the NUL. When memory
 * runs out the buffer remembers it (failed) and takes nothing more: check once, at the end.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t length;
	size_t room;
	bool failed;
};

void buf_done(struct buf *b);
void buf_reset(struct buf *b); /* keeps the memory */
void buf_add(struct buf *b, const void *bytes, size_t length);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_number(struct buf *b, int64_t number); /* as %lld does, in a fraction of the time */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, control characters are escaped. */
void buf_json_string(struct buf *b, const char *text);
/* One more member of a JSON object, with its comma: ,"key":"text". NULL is "". */
void buf_json_text(struct buf *b, const char *key, const char *text);
/* The same of a whole number: ,"key":1 */
void buf_json_number(struct buf *b, const char *key, int64_t number);
/* Text of at most so many bytes between tags or in an attribute of XML, which has no way to write U+FFFE and U+FFFF: those
 * become U+FFFD. */
void buf_xml(struct buf *b, const char *text, size_t most);
/* Text that another process made up, for a terminal or a log: whatever is no UTF-8, a control character or a mark that
 * turns the direction of writing becomes '?'. */
void buf_plain(struct buf *b, const char *text);
