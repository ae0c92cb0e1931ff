/*
 * session_about: who the target is, as a recording says it at its top.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cgroup.h"
#include "memspy/clock.h"
#include "session_private.h"

static void arguments_to_line(char *text, size_t length)
{
	while (length && !text[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
}

/* The last part of the cgroup path is what container runtimes name after the container. */
static void find_container(struct session *s)
{
	char path[64], line[512], *last;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", s->id.pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, '/');
		if (last && strlen(last + 1) >= 12 && !s->container[0])
			snprintf(s->container, sizeof(s->container), "%.*s", (int)sizeof(s->container) - 1, last + 1);
	}
	if (f)
		fclose(f);
}

static void name_domains(struct session *s)
{
	size_t used = 0;

	for (int i = 0; i < DOMAIN_COUNT; i++)
		if (s->options.domains & 1u << i)
			used += (size_t)snprintf(s->domains + used, sizeof(s->domains) - used, "%s%s", used ? "," : "", domain_names[i]);
}

int session_about_read(struct session *s, struct err *e)
{
	struct cgroup *group;
	size_t length;
	int r = proc_cmdline(s->id.pid, &s->cmdline, &length, e);

	if (!r)
		r = proc_title(s->id.pid, &s->title, e);
	if (r)
		return r;
	arguments_to_line(s->cmdline, length);
	if (proc_exe(s->id.pid, s->exe, sizeof(s->exe), e))
		s->exe[0] = '\0';
	gethostname(s->host, sizeof(s->host) - 1);
	find_container(s);
	group = cgroup_find(s->id.pid);
	s->memory_limit = group ? cgroup_limit(group) : 0;
	cgroup_free(group);
	name_domains(s);
	return 0;
}

void session_about_tell(const struct session *s, struct recording_about *ret)
{
	*ret = (struct recording_about){
		.pid = s->id.pid,
		.start_time_ns = proc_start_ns(&s->id),
		.name = s->title,
		.cmdline = s->cmdline,
		.exe = s->exe,
		.python = python_version_text(s->python),
		.build = python_build(s->python),
		.host = s->host,
		.container = s->container,
		.memspy_version = MEMSPY_VERSION,
		.wall_ns = clock_wall_ns(),
		.interval_s = s->options.interval_s,
		.sample_bytes = s->options.sample_bytes,
		.domains = s->domains,
		.rss_at_attach = s->memory_at_attach.rss,
		.memory_limit = s->memory_limit,
	};
}
