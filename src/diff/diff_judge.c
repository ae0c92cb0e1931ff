/* For machines that must not grow: was there more than a limit, beyond doubt? */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "diff_private.h"
#include "memspy/units.h"

int diff_limit_parse(struct diff_limit *ret, const char *text, struct err *e)
{
	size_t length = strlen(text);
	uint64_t bytes;
	char number[16];
	int used = 0;

	if (length && text[length - 1] == '%') {
		double percent = -1;

		if (length < sizeof(number) && strspn(text, "0123456789.") == length - 1)
			sscanf(text, "%lf%n", &percent, &used);
		if ((size_t)used != length - 1 || !(percent > 0 && percent <= 100000))
			return err_set(e, EINVAL, "\"%.40s\" is not a share; write 5%% or 0.5%%", text);
		*ret = (struct diff_limit){ .share = percent / 100 };
		return 0;
	}
	if (units_parse_size(text, &bytes, e) < 0)
		return err_set(e, EINVAL, "\"%.40s\" is neither a share (5%%) nor a size (10M)", text);
	*ret = (struct diff_limit){ .bytes = bytes };
	return 0;
}

/*
 * How much more than the limit, at least and at most. A share of an estimate is itself uncertain. Of two recordings that is the
 * difference of two independent figures, one of them made larger; of two moments of one, what is off in what came and went and
 * in what there was before is as good as independent.
 */
static void excess(const struct diff *d, const struct diff_limit *limit, double *ret_low, double *ret_high)
{
	const struct estimate *before = &d->rows.sum_before;
	struct interval was = estimate_interval(before, d->before.every);
	struct difference change = diff_sum_interval(d);
	struct estimate allowed = *before;
	const double more = 1 + limit->share;

	if (limit->share > 0 && !d->is_one) {
		allowed.bytes = (uint64_t)fmin(9e18, (double)before->bytes * more);
		allowed.sure_bytes = (uint64_t)fmin(9e18, (double)before->sure_bytes * more);
		allowed.variance *= more * more;
		change = estimate_difference(&allowed, &d->rows.sum, (uint64_t)((double)d->before.every * more),
					     d->after.every);
		*ret_low = (double)change.low;
		*ret_high = (double)change.high;
		return;
	}
	*ret_low = (double)change.bytes - limit->share * (double)before->bytes - (double)limit->bytes;
	*ret_high = *ret_low + hypot((double)change.high - (double)change.bytes,
				     limit->share * ((double)before->bytes - (double)was.low));
	*ret_low -= hypot((double)change.bytes - (double)change.low, limit->share * ((double)was.high - (double)before->bytes));
}

enum diff_verdict diff_judge(const struct diff *d, const struct diff_limit *limit, struct err *e)
{
	static const char *const say[] = {
		[DIFF_WITHIN] = "the growth is within the limit of %s",
		[DIFF_UNKNOWN] = ("whether that is more than the limit of %s cannot be told; "
				  "sample more finely (--sample-bytes) or count every allocation (--exact)"),
		[DIFF_MORE] = "that is more than the limit of %s",
	};
	struct difference change = diff_sum_interval(d);
	double before = (double)d->rows.sum_before.bytes, low, high;
	char what[40], rest[200], share[40] = "";
	enum diff_verdict verdict;

	excess(d, limit, &low, &high);
	verdict = low > 0 ? DIFF_MORE : high > 0 ? DIFF_UNKNOWN : DIFF_WITHIN;
	if (limit->share > 0)
		snprintf(what, sizeof(what), "%.10g %%", limit->share * 100);
	else
		snprintf(what, sizeof(what), "%s", units_bytes(limit->bytes).text);
	if (before > 0)
		snprintf(share, sizeof(share), ", %+.1f %%", (double)change.bytes / before * 100);
	snprintf(rest, sizeof(rest), say[verdict], what);
	err_set(e, EDOM, "the heap changed by %s (between %s and %s%s): %s", units_signed_bytes(change.bytes).text,
		units_signed_bytes(change.low).text, units_signed_bytes(change.high).text, share, rest);
	return verdict;
}
