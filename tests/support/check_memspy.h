/*
 * check_memspy: what our Check tests share.
 *
 * ck_ok prints the sentence of a fault; RUN builds the main of a test program from one list of test cases.
 */
#pragma once

#include <check.h>
#include <stdlib.h>

#include "memspy/err.h"

#define ck_ok(call, e)                                            \
	do {                                                      \
		int ck_r = (call);                                \
		ck_assert_msg(ck_r == 0, "%d: %s", ck_r, (e).text); \
	} while (0)

/* setup and teardown run around every test; NULL: none. */
static inline int run_tests(const char *name, SFun setup, SFun teardown, const TTest *const tests[], size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	if (setup)
		tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TESTS_WITH(name, setup, teardown, ...)                                                            \
	int main(void)                                                                                    \
	{                                                                                                 \
		const TTest *const tests[] = { __VA_ARGS__ };                                             \
		return run_tests(name, setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));         \
	}

#define TESTS(name, ...) TESTS_WITH(name, NULL, NULL, __VA_ARGS__)
