#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

enum { SCAN_CHUNK = 64 << 10, SCAN_MAX = 32 << 20, TEXT_MAX = 256 };

static void set_version(struct python *p, uint32_t hex)
{
	static const char *const levels[16] = { [0xa] = "a", [0xb] = "b", [0xc] = "rc" };
	const char *level = levels[hex >> 4 & 15];
	int n;

	p->version = hex;
	n = snprintf(p->version_text, sizeof(p->version_text), "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);
	if (level && n > 0)
		snprintf(p->version_text + n, sizeof(p->version_text) - (size_t)n, "%s%u", level, hex & 15);
}

static uint32_t hex_of(unsigned major, unsigned minor, unsigned micro)
{
	return major << 24 | (minor & 255) << 16 | (micro & 255) << 8 | 0xf0;
}

/* 3.13+: the table of debug offsets opens _PyRuntime; 3.11+: a constant. */
static bool from_constant(struct python *p, struct remote *r)
{
	uint8_t head[24];
	struct symbol s;
	struct err ignored;
	uint32_t hex;
	uint64_t value;
	bool free_threaded;

	if (p->runtime && !remote_read(r, p->runtime, head, sizeof(head), &ignored) &&
	    layout_own_version(head, sizeof(head), &hex, &free_threaded)) {
		set_version(p, hex);
		return true;
	}
	if (!symbols_find(p->symbols, "Py_Version", &s) ||
	    remote_read_u64(r, s.value + p->object.bias, &value, &ignored) || value >> 24 != 3)
		return false;
	set_version(p, (uint32_t)value);
	return true;
}

/* "3.9.18 (main, Nov 20 2026, 14:02:11) \n[GCC 12.2.0]": what sys.version shows stands in a static buffer. */
static bool parse_banner(const char *text, unsigned *major, unsigned *minor, unsigned *micro)
{
	char extra;

	return (text[0] == '2' || text[0] == '3') && text[1] == '.' &&
	       sscanf(text, "%1u.%2u.%3u%c", major, minor, micro, &extra) == 4 && strchr(" +abr", extra) &&
	       strstr(text, " (") && (strstr(text, "[GCC") || strstr(text, "[Clang"));
}

static bool from_banner(struct python *p, struct remote *r)
{
	_cleanup_(freep) char *bytes = malloc(SCAN_CHUNK + 1);
	uint64_t at, size, done = 0;
	struct err ignored;

	if (!bytes || !symbols_section(p->symbols, ".bss", &at, &size))
		return false;
	for (; done < size && done < SCAN_MAX; done += SCAN_CHUNK - TEXT_MAX) {
		size_t n = size - done < SCAN_CHUNK ? size - done : SCAN_CHUNK;
		unsigned major, minor, micro;

		if (remote_read(r, at + p->object.bias + done, bytes, n, &ignored))
			continue;
		bytes[n] = '\0';
		for (size_t i = 0; i + 8 < n; i++)
			if (bytes[i + 1] == '.' && parse_banner(bytes + i, &major, &minor, &micro)) {
				set_version(p, hex_of(major, minor, micro));
				return true;
			}
	}
	return false;
}

/* libpython3.9.so.1.0, python3.9: the minor version at least. */
static bool from_name(struct python *p)
{
	const char *slash = strrchr(p->object.path, '/');
	const char *names[] = { symbols_soname(p->symbols), slash ? slash + 1 : p->object.path };
	unsigned major, minor;

	for (size_t i = 0; i < 2; i++) {
		const char *name = !strncmp(names[i], "lib", 3) ? names[i] + 3 : names[i];

		if (sscanf(name, "python%1u.%2u", &major, &minor) != 2)
			continue;
		p->version = hex_of(major, minor, 0);
		snprintf(p->version_text, sizeof(p->version_text), "%u.%u", major, minor);
		return true;
	}
	return false;
}

int version_find(struct python *p, struct remote *r, struct err *e)
{
	(void)e;
	return from_constant(p, r) || from_banner(p, r) || from_name(p) ? 0 : READ_TORN;
}
