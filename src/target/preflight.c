#include "memspy/preflight.h"

#include <errno.h>
#include <string.h>

#include "preflight_private.h"

void preflight_judge(const struct facts *f, struct preflight *p)
{
	for (size_t i = 0; i < preflight_checks_count; i++) {
		size_t before = p->count;

		preflight_checks[i].check(f, p);
		for (size_t k = before; k < p->count; k++)
			p->checks[k].why = preflight_checks[i].why;
		if (i == 0 && p->checks[0].answer == PREFLIGHT_NO)
			break; /* of no process the others would make no sense */
	}
}

int preflight_run(pid_t pid, struct preflight *ret, struct err *e)
{
	struct preflight p = { .pid = pid };
	struct facts f;
	char *remedy;
	int r = facts_gather(pid, &f, e);

	if (r < 0 && r != -ESRCH)
		return r;
	if (r == -ESRCH) {
		/* Its sentence has the remedy behind the semicolon. */
		remedy = strchr(e->text, ';');
		if (remedy)
			*remedy++ = '\0';
		preflight_add(&p, "exists", PREFLIGHT_NO, ESRCH, remedy ? remedy + strspn(remedy, " ") : "", "%s",
			      e->text);
	}
	if (r == 0)
		preflight_judge(&f, &p);
	*ret = p;
	return 0;
}

int preflight_refuse(const struct preflight *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct preflight_check *c = &p->checks[i];
		const char *between = c->remedy[0] ? "; " : "";

		if (c->answer != PREFLIGHT_NO)
			continue;
		if (strcmp(c->name, "exists") == 0)
			return err_set(e, c->code, "%s%s%s", c->text, between, c->remedy);
		return err_set(e, c->code, "cannot attach to %d: %s%s%s", p->pid, c->text, between, c->remedy);
	}
	return 0;
}
