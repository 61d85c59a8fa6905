// SPDX-License-Identifier: MIT
/* The random sequence is part of what makes a session repeatable: it must be the published one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenario/rng.h"

static void test_splitmix64_gives_the_published_values_for_seed_0(void **state)
{
	uint64_t s = 0;

	assert_int_equal(vs_splitmix64(&s), 0xe220a8397b1dcdaf);
	assert_int_equal(vs_splitmix64(&s), 0x6e789e6aa1b965f4);
	assert_int_equal(vs_splitmix64(&s), 0x06c45d188009454f);
}

static void test_xoshiro256_starstar_gives_the_published_values_for_state_1_2_3_4(void **state)
{
	static const uint64_t expected[] = {
		11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
	};
	struct vs_rng rng = { { 1, 2, 3, 4 } };

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(vs_rng_next(&rng), expected[i]);
}

static void test_init_fills_the_state_by_splitmix64(void **state)
{
	struct vs_rng rng;
	uint64_t s = 42;

	vs_rng_init(&rng, 42);
	for (int i = 0; i < 4; i++)
		assert_int_equal(rng.s[i], vs_splitmix64(&s));
}

static void test_below_stays_below_and_reaches_every_value(void **state)
{
	unsigned seen[7] = { 0 };
	struct vs_rng rng;

	vs_rng_init(&rng, 1);
	for (int i = 0; i < 7000; i++) {
		uint64_t x = vs_rng_below(&rng, 7);

		assert_true(x < 7);
		seen[x]++;
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
	assert_int_equal(vs_rng_below(&rng, 1), 0);
}

static void test_different_seeds_give_different_sequences(void **state)
{
	struct vs_rng a, b;

	vs_rng_init(&a, 1);
	vs_rng_init(&b, 2);
	assert_int_not_equal(vs_rng_next(&a), vs_rng_next(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splitmix64_gives_the_published_values_for_seed_0),
		cmocka_unit_test(test_xoshiro256_starstar_gives_the_published_values_for_state_1_2_3_4),
		cmocka_unit_test(test_init_fills_the_state_by_splitmix64),
		cmocka_unit_test(test_below_stays_below_and_reaches_every_value),
		cmocka_unit_test(test_different_seeds_give_different_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
