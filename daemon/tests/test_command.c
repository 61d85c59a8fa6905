/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "util.h"
#include "wire/command.h"

static void test_a_command_is_decoded(void **state)
{
	/* run = { run_id: 3, scenario: "x", seed: 7 } */
	static const uint8_t run[] = { 0x22, 0x07, 0x08, 0x03, 0x12, 0x01, 'x', 0x18, 0x07 };
	Vascope__V1__Command *command = vs_command_unpack(run, sizeof(run));

	assert_non_null(command);
	assert_int_equal(command->body_case, VASCOPE__V1__COMMAND__BODY_RUN);
	assert_int_equal(command->run->run_id, 3);
	assert_string_equal(command->run->scenario, "x");
	assert_int_equal(command->run->seed, 7);
	vs_command_free(command);
}

static void test_what_is_no_command_is_refused(void **state)
{
	static const uint8_t cut[] = { 0x22, 0x7f, 0x08 };

	assert_null(vs_command_unpack(cut, sizeof(cut)));
	/* Nothing, and only a field from the future, are no command either. */
	assert_null(vs_command_unpack((const uint8_t *)"", 0));
	assert_null(vs_command_unpack((const uint8_t *)"\xa2\x06\x01z", 4));
}

/* Two bytes of input ask for a whole structure each: the budget must end that, not the machine's memory. */
static void test_decoding_has_a_budget(void **state)
{
	size_t n = 400000, size = 2 * n + 5;
	uint8_t *data = vs_xcalloc(size, 1);

	data[0] = 0x22;
	data[1] = (uint8_t)(2 * n) | 0x80;
	data[2] = (uint8_t)(2 * n >> 7) | 0x80;
	data[3] = (uint8_t)(2 * n >> 14);
	for (size_t i = 0; i < n; i++)
		data[4 + 2 * i] = 0x22; /* parameters: {} */
	assert_null(vs_command_unpack(data, size - 1));
	free(data);
}

static void test_every_cut_of_a_command_is_safe(void **state)
{
	Vascope__V1__ParameterValue value = VASCOPE__V1__PARAMETER_VALUE__INIT, *values[] = { &value, &value };
	Vascope__V1__RunScenario run = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	uint8_t bytes[256];
	size_t size;

	value.name = "rounds";
	value.value = 12;
	run.scenario = "vm-bind-churn";
	run.parameters = values;
	run.n_parameters = 2;
	command.body_case = VASCOPE__V1__COMMAND__BODY_RUN;
	command.run = &run;
	size = vascope__v1__command__pack(&command, bytes);
	for (size_t cut = 0; cut < size; cut++)
		for (int flip = 0; flip < 8; flip++) {
			uint8_t copy[256];

			memcpy(copy, bytes, size);
			copy[cut] ^= (uint8_t)(1 << flip);
			vs_command_free(vs_command_unpack(copy, size));
			vs_command_free(vs_command_unpack(copy, cut));
		}
	vs_command_free(vs_command_unpack(bytes, size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_is_decoded),
		cmocka_unit_test(test_what_is_no_command_is_refused),
		cmocka_unit_test(test_decoding_has_a_budget),
		cmocka_unit_test(test_every_cut_of_a_command_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
