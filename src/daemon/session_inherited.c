/*
 * session_inherited: the hooks of a followed child. They came with the fork, and lead where its parent's do.
 */
#include <errno.h>
#include <string.h>

#include "memspy/clock.h"
#include "session_private.h"

static int add_inherited_table(struct session *s, const struct probe_config *config, unsigned domain, unsigned first, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; !r && config->tables[domain] && i < 4; i++)
		if (config->original[first + i])
			r = patches_add(s->patches, config->tables[domain] + 8 + 8 * i, first + i, config->original[first + i], e);
	return r;
}

int session_hooks_inherited(struct session *s, struct err *e)
{
	const struct heap_options options = session_heap_options(s);
	struct probe_config config;
	int r = session_hooks_earlier(s, &config, e);

	if (!r && config.table != s->probe.table)
		return err_set(e, EAGAIN, "it counts elsewhere");
	s->hooks = config.wanted;
	memcpy(s->originals, config.original, sizeof(s->originals));
	if (!r)
		r = patches_new(&s->patches, s->id.pid, s->hooks, e);
	if (r)
		return r;
	heap_adopt(s->heap, &config, &options);
	if (config.divert)
		injected_near(&s->probe, s->remote, &config);
	patches_earlier(s->patches, config.original);
	r = patches_find(s->patches, s->remote, s->maps, &s->probe, python_object(s->python)->start, e);
	if (!r)
		r = add_inherited_table(s, &config, 0, HOOK_MEM_MALLOC, e);
	if (!r)
		r = add_inherited_table(s, &config, 1, HOOK_OBJ_MALLOC, e);
	if (!r)
		r = patches_apply(s->patches, s->remote, &s->probe, e);
	s->rescan_at_ns = clock_now_ns() + RESCAN_NS;
	return r;
}
