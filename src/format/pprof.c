#include "memspy/pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/gzip.h"
#include "memspy/protobuf.h"
#include "memspy/rows.h"
#include "memspy/text.h"

enum { MAPPING = 1 };

int pprof_init(struct pprof *p, const struct names *names, struct err *e)
{
	*p = (struct pprof){ .names = names, .located = calloc(names_frames(names) + 1u, sizeof(*p->located)) };
	return p->located ? names_new(&p->table, e) : err_set(e, ENOMEM, "out of memory for a report");
}

void pprof_done(struct pprof *p)
{
	names_free(p->table);
	free(p->located);
	buf_done(&p->bytes);
	buf_done(&p->message);
	buf_done(&p->inner);
	buf_done(&p->text);
}

uint32_t pprof_string(struct pprof *p, const char *text)
{
	struct err unused;
	uint32_t id = 0;

	if (names_string(p->table, text, strlen(text), &id, &unused) < 0)
		p->bytes.failed = true;
	return id;
}

uint32_t pprof_name(struct pprof *p, const char *of_target)
{
	buf_reset(&p->text);
	text_escape(&p->text, of_target);
	p->bytes.failed |= p->text.failed;
	return pprof_string(p, p->text.data ? p->text.data : "");
}

static uint32_t function_of(struct pprof *p, uint32_t frame)
{
	struct frame f = { .function = pprof_name(p, rows_function(p->names, frame)),
			   .file = pprof_name(p, names_text(p->names, names_frame_at(p->names, frame).file)) };
	uint32_t known = names_frames(p->table), id = 0;
	struct err unused;

	if (names_frame(p->table, &f, &id, &unused) < 0)
		p->bytes.failed = true;
	if (id <= known)
		return id;
	protobuf_number(&p->message, FUNCTION_ID, id);
	protobuf_number(&p->message, FUNCTION_NAME, f.function);
	protobuf_number(&p->message, FUNCTION_FILE, f.file);
	protobuf_take(&p->bytes, PROFILE_FUNCTION, &p->message);
	return id;
}

/* Location ids must not be 0; frame 0, memory without Python, has one as well. */
static uint32_t location_of(struct pprof *p, uint32_t frame)
{
	const uint32_t id = frame + 1;
	const int32_t line = names_frame_at(p->names, frame).line;

	if (p->located[frame])
		return id;
	p->located[frame] = true;
	protobuf_number(&p->inner, LINE_FUNCTION, function_of(p, frame));
	protobuf_number(&p->inner, LINE_LINE, line > 0 ? (uint64_t)line : 0);
	protobuf_number(&p->message, LOCATION_ID, id);
	protobuf_number(&p->message, LOCATION_MAPPING, MAPPING);
	protobuf_take(&p->message, LOCATION_LINE, &p->inner);
	protobuf_take(&p->bytes, PROFILE_LOCATION, &p->message);
	return id;
}

static void locate_stack(struct pprof *p, uint32_t stack)
{
	do {
		location_of(p, names_stack_at(p->names, stack).frame);
		stack = names_stack_at(p->names, stack).parent;
	} while (stack);
}

void pprof_begin_sample(struct pprof *p, uint32_t stack)
{
	locate_stack(p, stack);
	do {
		protobuf_varint(&p->inner, names_stack_at(p->names, stack).frame + 1u);
		stack = names_stack_at(p->names, stack).parent;
	} while (stack);
	protobuf_take(&p->message, SAMPLE_LOCATION, &p->inner);
}

void pprof_values(struct pprof *p)
{
	protobuf_take(&p->message, SAMPLE_VALUE, &p->inner);
}

void pprof_label(struct pprof *p, const char *key, const char *value)
{
	protobuf_number(&p->inner, LABEL_KEY, pprof_string(p, key));
	protobuf_number(&p->inner, LABEL_STRING, pprof_string(p, value));
	protobuf_take(&p->message, SAMPLE_LABEL, &p->inner);
}

void pprof_label_number(struct pprof *p, const char *key, uint64_t value)
{
	protobuf_number(&p->inner, LABEL_KEY, pprof_string(p, key));
	protobuf_number(&p->inner, LABEL_NUMBER, value);
	protobuf_take(&p->message, SAMPLE_LABEL, &p->inner);
}

void pprof_end_sample(struct pprof *p)
{
	protobuf_take(&p->bytes, PROFILE_SAMPLE, &p->message);
}

void pprof_value_type(struct pprof *p, unsigned field, const char *type, const char *unit)
{
	protobuf_number(&p->message, VALUE_TYPE_TYPE, pprof_string(p, type));
	protobuf_number(&p->message, VALUE_TYPE_UNIT, pprof_string(p, unit));
	protobuf_take(&p->bytes, field, &p->message);
}

void pprof_comment(struct pprof *p)
{
	p->bytes.failed |= p->text.failed;
	protobuf_number(&p->bytes, PROFILE_COMMENT, pprof_string(p, p->text.data ? p->text.data : ""));
	buf_reset(&p->text);
}

void pprof_mapping(struct pprof *p, const char *exe)
{
	protobuf_number(&p->message, MAPPING_ID, MAPPING);
	protobuf_number(&p->message, MAPPING_FILE, pprof_name(p, exe));
	protobuf_number(&p->message, MAPPING_HAS_FUNCTIONS, true);
	protobuf_number(&p->message, MAPPING_HAS_FILES, true);
	protobuf_number(&p->message, MAPPING_HAS_LINES, true);
	protobuf_take(&p->bytes, PROFILE_MAPPING, &p->message);
}

int pprof_write(struct pprof *p, struct buf *to, struct err *e)
{
	for (uint32_t i = 0; i <= names_strings(p->table); i++) {
		const char *text = names_text(p->table, i);

		protobuf_bytes(&p->bytes, PROFILE_STRING_TABLE, text, strlen(text));
	}
	if (p->bytes.failed)
		return err_set(e, ENOMEM, "out of memory for a report");
	return gzip_buf(to, &p->bytes, e);
}
