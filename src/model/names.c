#include "memspy/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Three open-addressing indexes over three growing arrays; a slot holds an id, 0 is empty. */
struct index {
	uint32_t *slots;
	uint32_t mask;
};

struct names {
	char **strings;
	struct frame *frames;
	struct stack *stacks;
	uint32_t string_count, frame_count, stack_count;
	uint32_t string_room, frame_room, stack_room;
	struct index by_text, by_frame, by_stack;
};

static uint64_t hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

/* Of a few numbers: eight bytes at a time. */
static uint64_t hash_numbers(const void *numbers, size_t bytes)
{
	uint64_t h = 0x9e3779b97f4a7c15u, eight;

	for (size_t at = 0; at < bytes; at += sizeof(eight)) {
		memcpy(&eight, (const char *)numbers + at, sizeof(eight));
		h = (h ^ eight) * 0xd6e8feb86659fd93u;
		h ^= h >> 32;
	}
	return h;
}

int names_new(struct names **ret, struct err *e)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return err_set(e, ENOMEM, "out of memory for names");
	*ret = n;
	return 0;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->string_count; i++)
		free(n->strings[i]);
	free(n->strings);
	free(n->frames);
	free(n->stacks);
	free(n->by_text.slots);
	free(n->by_frame.slots);
	free(n->by_stack.slots);
	free(n);
}

static uint64_t hash_of_string(const struct names *n, uint32_t id)
{
	return hash_bytes(n->strings[id - 1], strlen(n->strings[id - 1]));
}

static uint64_t hash_of_frame(const struct names *n, uint32_t id)
{
	return hash_numbers(&n->frames[id - 1], sizeof(struct frame));
}

static uint64_t hash_of_stack(const struct names *n, uint32_t id)
{
	return hash_numbers(&n->stacks[id - 1], sizeof(struct stack));
}

/* Keeps the index at most half full; the ids 1 .. count are put back into the larger one. */
static int index_room(const struct names *n, struct index *index, uint32_t count,
		      uint64_t (*hash)(const struct names *, uint32_t))
{
	uint32_t size = index->slots ? index->mask + 1 : 0;
	uint32_t *slots;

	if (size && (count + 1) * 2 <= size)
		return 0;
	size = size ? size * 2 : 256;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t id = 1; id <= count; id++) {
		uint32_t at = (uint32_t)hash(n, id) & (size - 1);

		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = id;
	}
	free(index->slots);
	index->slots = slots;
	index->mask = size - 1;
	return 0;
}

static int array_room(void **array, uint32_t *room, uint32_t count, size_t size)
{
	uint32_t more = *room ? *room * 2 : 128;
	void *p;

	if (count < *room)
		return 0;
	p = realloc(*array, more * size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = more;
	return 0;
}

int names_string(struct names *n, const char *text, size_t length, uint32_t *ret, struct err *e)
{
	const char *nul = memchr(text, '\0', length);
	uint32_t at;
	char *copy;

	if (nul) /* a name is text: it ends where C says it ends */
		length = (size_t)(nul - text);
	if (length == 0) {
		*ret = 0;
		return 0;
	}
	if (index_room(n, &n->by_text, n->string_count, hash_of_string) ||
	    array_room((void **)&n->strings, &n->string_room, n->string_count, sizeof(*n->strings)))
		return err_set(e, ENOMEM, "out of memory for names");

	at = (uint32_t)hash_bytes(text, length) & n->by_text.mask;
	for (; n->by_text.slots[at]; at = (at + 1) & n->by_text.mask) {
		const char *have = n->strings[n->by_text.slots[at] - 1];

		if (!strncmp(have, text, length) && !have[length]) {
			*ret = n->by_text.slots[at];
			return 0;
		}
	}
	copy = strndup(text, length);
	if (!copy)
		return err_set(e, ENOMEM, "out of memory for names");
	n->strings[n->string_count++] = copy;
	*ret = n->by_text.slots[at] = n->string_count;
	return 0;
}

int names_frame(struct names *n, const struct frame *frame, uint32_t *ret, struct err *e)
{
	uint32_t at;

	if (index_room(n, &n->by_frame, n->frame_count, hash_of_frame) ||
	    array_room((void **)&n->frames, &n->frame_room, n->frame_count, sizeof(*n->frames)))
		return err_set(e, ENOMEM, "out of memory for names");

	at = (uint32_t)hash_numbers(frame, sizeof(*frame)) & n->by_frame.mask;
	for (; n->by_frame.slots[at]; at = (at + 1) & n->by_frame.mask) {
		if (!memcmp(&n->frames[n->by_frame.slots[at] - 1], frame, sizeof(*frame))) {
			*ret = n->by_frame.slots[at];
			return 0;
		}
	}
	n->frames[n->frame_count++] = *frame;
	*ret = n->by_frame.slots[at] = n->frame_count;
	return 0;
}

int names_stack(struct names *n, uint32_t parent, uint32_t frame, uint32_t *ret, struct err *e)
{
	struct stack stack = { parent, frame };
	uint32_t at;

	if (index_room(n, &n->by_stack, n->stack_count, hash_of_stack) ||
	    array_room((void **)&n->stacks, &n->stack_room, n->stack_count, sizeof(*n->stacks)))
		return err_set(e, ENOMEM, "out of memory for names");

	at = (uint32_t)hash_numbers(&stack, sizeof(stack)) & n->by_stack.mask;
	for (; n->by_stack.slots[at]; at = (at + 1) & n->by_stack.mask) {
		if (!memcmp(&n->stacks[n->by_stack.slots[at] - 1], &stack, sizeof(stack))) {
			*ret = n->by_stack.slots[at];
			return 0;
		}
	}
	n->stacks[n->stack_count++] = stack;
	*ret = n->by_stack.slots[at] = n->stack_count;
	return 0;
}

uint32_t names_strings(const struct names *n)
{
	return n->string_count;
}

uint32_t names_frames(const struct names *n)
{
	return n->frame_count;
}

uint32_t names_stacks(const struct names *n)
{
	return n->stack_count;
}

const char *names_text(const struct names *n, uint32_t string)
{
	return string && string <= n->string_count ? n->strings[string - 1] : "";
}

struct frame names_frame_at(const struct names *n, uint32_t frame)
{
	return frame && frame <= n->frame_count ? n->frames[frame - 1] : (struct frame){ 0 };
}

struct stack names_stack_at(const struct names *n, uint32_t stack)
{
	return stack && stack <= n->stack_count ? n->stacks[stack - 1] : (struct stack){ 0 };
}
