/*
 * Thinning: two neighbouring ticks become one. It stands at the later one's time with the later one's figures, brings the
 * names of both, and the rows of the earlier one that the later one does not replace. So everything after it reads as
 * before; only what was seen at the earlier moment is gone.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "recording_private.h"

/* Lines of the document, or of memory of their own once merged. */
struct line {
	const char *text;
	size_t length;
	char *own;
};

struct lines {
	struct line *at;
	size_t count;
};

static void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->at[i].own);
	free(l->at);
	*l = (struct lines){ 0 };
}

/* The ticks between the header's line and the closing one, without their commas. */
static int split(const char *ticks, struct lines *ret, struct err *e)
{
	size_t room = 0;

	while (*ticks == '{') {
		size_t length = strcspn(ticks, "\n");

		if (ret->count == room) {
			struct line *at = realloc(ret->at, (room ? room * 2 : 64) * sizeof(*at));

			if (!at)
				return err_set(e, ENOMEM, "out of memory to thin a recording");
			ret->at = at;
			room = room ? room * 2 : 64;
		}
		ret->at[ret->count++] = (struct line){ .text = ticks, .length = length - (ticks[length - 1] == ',') };
		ticks += length + (ticks[length] == '\n');
	}
	return 0;
}

static const char *key_of(const json_t *row, char key[64])
{
	snprintf(key, 64, "%lld,%lld,%lld", (long long)json_integer_value(json_array_get(row, COLUMN_STACK)),
		 (long long)json_integer_value(json_array_get(row, COLUMN_THREAD)),
		 (long long)json_integer_value(json_array_get(row, COLUMN_DOMAIN)));
	return key;
}

/* Rows of `early` that `late` does not have, then those of `late`. */
static json_t *merge_sites(json_t *early, json_t *late)
{
	json_auto_t *replaced = json_object();
	json_auto_t *merged = json_array();
	json_t *row;
	size_t i;
	char key[64];
	bool failed = !replaced || !merged;

	json_array_foreach(late, i, row)
		failed |= json_object_set_new(replaced, key_of(row, key), json_true()) != 0;
	json_array_foreach(early, i, row)
		if (!json_object_get(replaced, key_of(row, key)))
			failed |= json_array_append(merged, row) != 0;
	if (failed || (late && json_array_extend(merged, late) != 0))
		return NULL;
	return TAKE(merged);
}

static int merge(const struct line *first, const struct line *second, struct line *ret, struct err *e)
{
	static const char *const names[] = { "strings", "frames", "stacks" };
	json_auto_t *early = json_loadb(first->text, first->length, 0, NULL);
	json_auto_t *late = json_loadb(second->text, second->length, 0, NULL);
	json_t *sites;
	char *text;

	if (!early || !late)
		return err_set(e, EBADMSG, "a tick of the recording does not read back");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *before = json_object_get(early, names[i]), *after = json_object_get(late, names[i]);

		if (before && after && json_array_extend(before, after) != 0)
			return err_set(e, ENOMEM, "out of memory to thin a recording");
		if (before)
			json_object_set(late, names[i], before);
	}
	sites = merge_sites(json_object_get(early, "sites"), json_object_get(late, "sites"));
	if (!sites || (json_array_size(sites) ? json_object_set_new(late, "sites", sites) : (json_decref(sites), 0)) != 0)
		return err_set(e, ENOMEM, "out of memory to thin a recording");
	text = json_dumps(late, JSON_COMPACT);
	if (!text)
		return err_set(e, ENOMEM, "out of memory to thin a recording");
	*ret = (struct line){ .text = text, .length = strlen(text), .own = text };
	return 0;
}

/* One pass over the ticks between the first and the newest tenth. */
static int halve(struct lines *l, struct err *e)
{
	size_t end = l->count - l->count / 10 - 1, to = 1, from = 1;
	int r = 0;

	for (; from + 1 < end && r == 0; from += 2) {
		struct line merged = { 0 };

		r = merge(&l->at[from], &l->at[from + 1], &merged, e);
		if (r < 0)
			break;
		free(l->at[from].own);
		free(l->at[from + 1].own);
		l->at[to++] = merged;
	}
	while (from < l->count)
		l->at[to++] = l->at[from++];
	l->count = to;
	return r;
}

static uint64_t bytes_of(const struct lines *l, size_t header)
{
	uint64_t bytes = header + strlen(RECORDING_CLOSING);

	for (size_t i = 0; i < l->count; i++)
		bytes += l->at[i].length + 2;
	return bytes;
}

int recording_thin(const char *document, uint64_t bytes, struct buf *ret, uint64_t *ret_tail, struct err *e)
{
	_cleanup_(lines_done) struct lines ticks = { 0 };
	size_t header = strcspn(document, "\n"), before = SIZE_MAX;
	int r = split(document + header + (document[header] == '\n'), &ticks, e);

	while (r == 0 && ticks.count > 3 && ticks.count < before && bytes_of(&ticks, header) > bytes) {
		before = ticks.count;
		r = halve(&ticks, e);
	}
	if (r < 0)
		return r;
	buf_reset(ret);
	buf_add(ret, document, header);
	for (size_t i = 0; i < ticks.count; i++) {
		buf_puts(ret, i ? ",\n" : "\n");
		buf_add(ret, ticks.at[i].text, ticks.at[i].length);
	}
	*ret_tail = ret->length;
	buf_puts(ret, RECORDING_CLOSING);
	return ret->failed ? err_set(e, ENOMEM, "out of memory to thin a recording") : 0;
}
