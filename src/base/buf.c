#include "memspy/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->length = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

static bool grow(struct buf *b, size_t more)
{
	size_t room = b->room ? b->room : 256;
	char *data;

	if (b->failed)
		return false;
	if (b->length + more + 1 <= b->room)
		return true;
	while (room < b->length + more + 1)
		room *= 2;
	data = realloc(b->data, room);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->room = room;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t length)
{
	if (!grow(b, length))
		return;
	memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

/* Mostly there is room at once: what is printed twice costs twice. */
void buf_printf(struct buf *b, const char *format, ...)
{
	size_t room = b->room - b->length;
	va_list args;
	int need;

	if (b->failed)
		return;
	va_start(args, format);
	need = vsnprintf(b->data ? b->data + b->length : NULL, b->data ? room : 0, format, args);
	va_end(args);
	if (b->data && need >= 0 && (size_t)need < room) {
		b->length += (size_t)need;
		return;
	}
	if (b->data)
		b->data[b->length] = '\0';
	if (need < 0 || !grow(b, (size_t)need))
		return;
	va_start(args, format);
	vsnprintf(b->data + b->length, (size_t)need + 1, format, args);
	va_end(args);
	b->length += (size_t)need;
}

void buf_number(struct buf *b, int64_t number)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char text[24], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (number < 0)
		*--at = '-';
	buf_add(b, at, (size_t)(text + sizeof(text) - at));
}

/* How many bytes of well-formed UTF-8 start here; 0 when the bytes are not UTF-8. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },	{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first_low || s[0] > forms[i].first_high)
			continue;
		if (forms[i].length > 1 && (s[1] < forms[i].second_low || s[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* How many bytes from here on stand for themselves in JSON, one by one. */
static size_t simple_length(const unsigned char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

void buf_json_string(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_putc(b, '"');
	while (*s) {
		size_t n = simple_length(s);

		if (n) {
			buf_add(b, s, n);
			s += n;
			continue;
		}
		n = utf8_length(s);
		if (n == 0) {
			buf_puts(b, "\\ufffd");
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if (*s == '\n')
			buf_puts(b, "\\n");
		else if (*s == '\t')
			buf_puts(b, "\\t");
		else if (*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\u%04x", *s);
		else
			buf_add(b, s, n);
		s += n;
	}
	buf_putc(b, '"');
}

static bool is_plain(const unsigned char *s, size_t n)
{
	if (n == 1)
		return *s >= 0x20 && *s != 0x7f;
	if (n == 2 && s[0] == 0xc2)
		return s[1] >= 0xa0; /* C1: a terminal obeys these, too */
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x80)
		return !(s[2] >= 0x8b && s[2] <= 0x8f) && !(s[2] >= 0xa8 && s[2] <= 0xae);
	if (n == 3 && s[0] == 0xe2 && s[1] == 0x81)
		return s[2] < 0xa0 || s[2] > 0xaf;
	return n > 0;
}

static void add_key(struct buf *b, const char *key)
{
	buf_puts(b, ",\"");
	buf_puts(b, key);
	buf_puts(b, "\":");
}

void buf_json_text(struct buf *b, const char *key, const char *text)
{
	add_key(b, key);
	buf_json_string(b, text ? text : "");
}

void buf_json_number(struct buf *b, const char *key, int64_t number)
{
	add_key(b, key);
	buf_number(b, number);
}

void buf_plain(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = utf8_length(s);

		if (is_plain(s, n))
			buf_add(b, s, n);
		else
			buf_putc(b, '?');
		s += n ? n : 1;
	}
}

void buf_xml(struct buf *b, const char *text, size_t most)
{
	for (const char *p = text; *p && (size_t)(p - text) < most; p++) {
		if (strncmp(p, "\xef\xbf\xbe", 3) == 0 || strncmp(p, "\xef\xbf\xbf", 3) == 0) {
			buf_puts(b, "\xef\xbf\xbd");
			p += 2;
		} else if (*p == '&') {
			buf_puts(b, "&amp;");
		} else if (*p == '<') {
			buf_puts(b, "&lt;");
		} else if (*p == '>') {
			buf_puts(b, "&gt;");
		} else if (*p == '"') {
			buf_puts(b, "&quot;");
		} else {
			buf_putc(b, *p);
		}
	}
}
