// SPDX-License-Identifier: MIT
/* Requests against the catalogue: what is taken, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/catalogue.h"

static const struct vs_runner_fds all = { .card = 3, .card_path = "/dev/dri/card0", .render_path = "/dev/dri/renderD128" };

/* Prepare a request with up to one parameter. */
static int prepare(struct vs_run *run, const struct vs_runner_fds *fds, const char *id, const char *name, uint64_t value)
{
	Vascope__V1__RunScenario request = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__ParameterValue parameter = VASCOPE__V1__PARAMETER_VALUE__INIT;
	Vascope__V1__ParameterValue *parameters[] = { &parameter };

	memset(run, 0, sizeof(*run));
	parameter.name = (char *)name;
	parameter.value = value;
	request.scenario = (char *)id;
	request.seed = 7;
	request.n_parameters = !!name;
	request.parameters = parameters;
	return vs_catalogue_prepare(&request, fds, run);
}

static void test_takes_the_defaults_when_nothing_is_given(void **state)
{
	struct vs_run run;

	assert_int_equal(prepare(&run, &all, "vm-bind-churn", NULL, 0), 0);
	assert_string_equal(run.scenario->id, "vm-bind-churn");
	for (size_t i = 0; i < run.scenario->n_params; i++)
		assert_int_equal(run.param[i], run.scenario->params[i].value);
}

static void test_takes_the_limits_themselves(void **state)
{
	const struct vs_scenario *const *scenarios;
	size_t n = vs_scenarios(&scenarios);

	assert_true(n >= 4);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < scenarios[i]->n_params; k++) {
			const struct vs_param *param = &scenarios[i]->params[k];
			struct vs_run run;

			assert_true(param->min <= param->value && param->value <= param->max);
			assert_int_equal(prepare(&run, &all, scenarios[i]->id, param->name, param->min), 0);
			assert_int_equal(run.param[k], param->min);
			assert_int_equal(prepare(&run, &all, scenarios[i]->id, param->name, param->max), 0);
			assert_int_equal(run.param[k], param->max);
		}
	}
}

static void test_refuses_a_value_beyond_each_limit(void **state)
{
	const struct vs_scenario *const *scenarios;
	size_t n = vs_scenarios(&scenarios);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < scenarios[i]->n_params; k++) {
			const struct vs_param *param = &scenarios[i]->params[k];
			struct vs_run run;

			assert_int_equal(prepare(&run, &all, scenarios[i]->id, param->name, param->max + 1), -EINVAL);
			assert_non_null(strstr(run.text, param->name));
			if (param->min)
				assert_int_equal(prepare(&run, &all, scenarios[i]->id, param->name, param->min - 1),
						 -EINVAL);
		}
	}
}

static void test_says_parameter_limits_and_what_was_given(void **state)
{
	struct vs_run run;

	assert_int_equal(prepare(&run, &all, "vm-bind-churn", "bo-pages", 5000), -EINVAL);
	assert_string_equal(run.text, "parameter 'bo-pages' of vm-bind-churn must be 1 to 256 pages, not 5000");
}

static void test_says_which_parameters_there_are(void **state)
{
	struct vs_run run;

	assert_int_equal(prepare(&run, &all, "scanout-flip", "bo-pages", 1), -EINVAL);
	assert_string_equal(run.text,
			    "scanout-flip has no parameter 'bo-pages'; it has: flips, buffers, interval, close-handles, output");
}

static void test_says_which_scenarios_there_are(void **state)
{
	struct vs_run run;

	assert_int_equal(prepare(&run, &all, "vm-bind-chrun", NULL, 0), -EINVAL);
	assert_string_equal(run.text, "there is no scenario 'vm-bind-chrun'; vascope probe lists those that there are");
}

static void test_says_what_the_board_lacks(void **state)
{
	struct vs_runner_fds none = { .card = -1 };
	struct vs_run run;

	assert_int_equal(prepare(&run, &none, "vm-bind-churn", NULL, 0), -EINVAL);
	assert_non_null(strstr(run.text, "vm-bind-churn needs a DRM render node"));
	assert_int_equal(prepare(&run, &none, "scanout-flip", NULL, 0), -EINVAL);
	assert_non_null(strstr(run.text, "scanout-flip needs DRM master"));
}

static void test_the_catalogue_can_be_packed(void **state)
{
	Vascope__V1__ScenarioInfo **infos, *back;
	size_t n = vs_scenario_infos(&infos);
	uint8_t buffer[4096];

	for (size_t i = 0; i < n; i++) {
		size_t size = vascope__v1__scenario_info__get_packed_size(infos[i]);

		assert_true(size < sizeof(buffer));
		vascope__v1__scenario_info__pack(infos[i], buffer);
		back = vascope__v1__scenario_info__unpack(NULL, size, buffer);
		assert_non_null(back);
		assert_string_equal(back->id, infos[i]->id);
		assert_true(back->description[0]);
		assert_int_equal(back->n_parameters, infos[i]->n_parameters);
		vascope__v1__scenario_info__free_unpacked(back, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_the_defaults_when_nothing_is_given),
		cmocka_unit_test(test_takes_the_limits_themselves),
		cmocka_unit_test(test_refuses_a_value_beyond_each_limit),
		cmocka_unit_test(test_says_parameter_limits_and_what_was_given),
		cmocka_unit_test(test_says_which_parameters_there_are),
		cmocka_unit_test(test_says_which_scenarios_there_are),
		cmocka_unit_test(test_says_what_the_board_lacks),
		cmocka_unit_test(test_the_catalogue_can_be_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
