#include "memspy/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"

size_t text_character(const char *text, uint32_t *ret)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80		       ? 1 :
		   s[0] >= 0xc2 && s[0] < 0xe0 ? 2 :
		   s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		   s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = n < 2 ? s[0] : s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return 0;
	*ret = c;
	return n;
}

static bool is_shown(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0)) /* controls, the second set included: some terminals obey it */
		return false;
	/* Marks and overrides of direction, separators, what has no width or is no character: a name must look like what it is. */
	return !(c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		 (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c & 0xfffe) == 0xfffe ||
		 c >= 0xe0000);
}

/* How many bytes from here on are shown as they are, one by one: nearly always all. */
static size_t plain_length(const unsigned char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

void text_escape(struct buf *to, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		uint32_t c = 0;
		size_t n = plain_length(s);

		if (n) {
			buf_add(to, s, n);
			s += n;
			continue;
		}
		n = text_character((const char *)s, &c);
		if (n && is_shown(c))
			buf_add(to, s, n);
		else if (n && c > 0xff)
			buf_printf(to, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
		else
			buf_printf(to, "\\x%02x", n ? c : *s);
		s += n ? n : 1;
	}
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

void text_path(struct buf *to, const char *path, size_t room)
{
	_cleanup_(buf_done) struct buf escaped = { 0 };
	size_t columns;
	char *from, *slash;

	text_escape(&escaped, module_path(path, NULL));
	if (!escaped.data)
		return;
	from = escaped.data;
	columns = text_columns(from);
	if (columns <= room) {
		buf_puts(to, from);
		return;
	}
	/* Whole folders go first, from the left; a name that is too long by itself loses its beginning. */
	for (slash = strchr(from + 1, '/'); slash; slash = strchr(slash + 1, '/'))
		if (text_columns(slash) + 1 <= room) {
			buf_puts(to, "…");
			buf_puts(to, slash);
			return;
		}
	for (; columns + 1 > room && *from; columns--)
		do
			from++;
		while (((unsigned char)*from & 0xc0) == 0x80);
	buf_puts(to, "…");
	buf_puts(to, from);
}

/* Where the character after so many columns begins. */
static size_t cut(const struct buf *escaped, size_t columns)
{
	size_t at = 0;

	for (; at < escaped->length; at++)
		if (((unsigned char)escaped->data[at] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return at;
}

void text_name(struct buf *to, const char *text)
{
	_cleanup_(buf_done) struct buf escaped = { 0 };
	_cleanup_(freep) char *start = strndup(text, TEXT_NAME * 4); /* no character has more bytes */
	size_t end;

	text_escape(&escaped, start ? start : "");
	end = cut(&escaped, TEXT_NAME);
	if (end)
		buf_add(to, escaped.data, end);
	if (end < escaped.length || (start && text[strlen(start)]))
		buf_puts(to, "…");
	to->failed |= escaped.failed || !start;
}

void text_line(struct buf *to, const struct buf *line, size_t width)
{
	bool fits = width == 0 || line->length == 0 || text_columns(line->data) <= width;
	size_t end = fits ? line->length : cut(line, width - 1);

	if (end)
		buf_add(to, line->data, end);
	buf_puts(to, fits ? "\n" : "…\n");
	to->failed |= line->failed;
}

/* Where a line of at most so many columns may end: before a space; else it is as long as it is. */
static size_t end_before_a_word(const char *line, size_t length, size_t columns)
{
	size_t used = 0, end = 0;

	for (size_t i = 0; i < length; i++) {
		used += ((unsigned char)line[i] & 0xc0) != 0x80;
		if (used > columns)
			return end ? end : length;
		if (line[i] != ' ' && (i + 1 == length || line[i + 1] == ' '))
			end = i + 1;
	}
	return length;
}

static void add_folded(struct buf *to, const char *line, size_t length, size_t width, size_t margin)
{
	size_t before = 0;

	while (length) {
		size_t fits = end_before_a_word(line, length, width - before);

		text_pad(to, before);
		buf_add(to, line, fits);
		for (line += fits, length -= fits; length && *line == ' '; length--)
			line++;
		buf_puts(to, length ? "\n" : "");
		before = margin;
	}
	buf_putc(to, '\n');
}

void text_fold(struct buf *to, const struct buf *lines, size_t width, size_t margin)
{
	const char *line = lines->data ? lines->data : "", *end;

	to->failed |= lines->failed;
	for (; (end = strchr(line, '\n')); line = end + 1)
		add_folded(to, line, (size_t)(end - line), width > 2 * margin ? width : SIZE_MAX, margin);
}

void text_pad(struct buf *to, size_t columns)
{
	while (columns--)
		buf_putc(to, ' ');
}

void text_number(struct buf *to, uint64_t n, size_t columns)
{
	char digits[24], text[40];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *p = text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	buf_printf(to, "%*s", (int)columns, text);
}

void text_percent(struct buf *to, uint64_t bytes, struct interval sure, size_t columns)
{
	double half = bytes ? (double)(sure.high - sure.low) / 2 / (double)bytes * 100 : 0;
	char text[24];

	if (bytes == 0)
		snprintf(text, sizeof(text), "-");
	else
		snprintf(text, sizeof(text), half >= 999.5 ? ">999 %%" : "%.0f %%", half);
	buf_printf(to, "%*s", (int)columns, text);
}

void text_growth_percent(struct buf *to, struct difference growth, size_t columns)
{
	const uint64_t size = growth.bytes < 0 ? -(uint64_t)growth.bytes : (uint64_t)growth.bytes;

	text_percent(to, size, (struct interval){ 0, (uint64_t)growth.high - (uint64_t)growth.low }, columns);
}

void text_place(struct buf *to, const struct row *row, size_t room)
{
	char line[16] = "";

	if (!*row->file) /* no Python, merged, truncated: the function's column says it all */
		return;
	if (row->line > 0)
		snprintf(line, sizeof(line), ":%d", row->line);
	text_path(to, row->file, room > strlen(line) + 4 ? room - strlen(line) : 4);
	buf_puts(to, line);
}

char *text_end(const char *text, size_t columns)
{
	_cleanup_(buf_done) struct buf escaped = { 0 };
	const char *from;
	size_t wide;
	char *cut;

	text_escape(&escaped, text);
	if (escaped.failed)
		return NULL;
	from = escaped.data ? escaped.data : "";
	wide = text_columns(from);
	if (wide <= columns)
		return strdup(from);
	for (; wide + 1 > columns && *from; wide--)
		do
			from++;
		while (((unsigned char)*from & 0xc0) == 0x80);
	return asprintf(&cut, "…%s", from) < 0 ? NULL : cut;
}
