/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "board/facts.h"
#include "util.h"

static void test_the_build_id_is_found_behind_other_notes(void **state)
{
	/* namesz, descsz, type, then both padded to four bytes */
	static const uint8_t notes[] = {
		6, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 'L', 'i', 'n', 'u', 'x', 0, 0, 0, 9, 0, 0, 0,
		4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xab, 0x01, 0xff, 0,
	};
	char hex[65];

	vs_notes_build_id(notes, sizeof(notes), hex, sizeof(hex));
	assert_string_equal(hex, "ab01ff");
	/* Cut anywhere, it is not there, and nothing behind the end is read. */
	for (size_t size = 0; size < sizeof(notes) - 1; size++) {
		uint8_t *copy = vs_xrealloc(NULL, size, 1);

		memcpy(copy, notes, size);
		vs_notes_build_id(copy, size, hex, sizeof(hex));
		assert_string_equal(hex, "");
		free(copy);
	}
}

static void test_this_machine_has_a_kernel(void **state)
{
	struct vs_facts facts;

	vs_facts_read(&facts);
	assert_true(facts.release[0] != 0);
	assert_true(facts.page_size >= 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_build_id_is_found_behind_other_notes),
		cmocka_unit_test(test_this_machine_has_a_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
