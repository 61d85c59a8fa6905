// SPDX-License-Identifier: MIT
/* The daemon's end of the ring. What the BPF programs do at the other end is done here by put(). */
#include <stdlib.h>

#include "trace/ring.h"
#include "vs_test.h"

#define SLOTS 256

struct numbers {
	struct vs_slot slot[SLOTS];
	struct vs_ring ring;
	volatile uint64_t head, tail;
	uint64_t taken;
	bool endless; /* another one for each that is taken */
};

/* The next slot, or NULL when it is still in use. */
static struct vs_slot *claim(struct numbers *numbers)
{
	struct vs_slot *slot = &numbers->slot[numbers->head % SLOTS];

	if (vs_ring_is_full(numbers->head, numbers->tail, SLOTS))
		return NULL;
	slot->serial = ~numbers->head;
	slot->record.event.value[0] = numbers->head++;
	slot->record.event.size = sizeof(struct vs_event);
	return slot;
}

static void complete(struct vs_slot *slot)
{
	slot->serial = -slot->serial;
}

static bool put(struct numbers *numbers)
{
	struct vs_slot *slot = claim(numbers);

	if (slot)
		complete(slot);
	return slot;
}

static void take(void *data, const struct vs_event *record, size_t size)
{
	struct numbers *numbers = data;

	assert_int_equal(size, sizeof(struct vs_event));
	assert_int_equal(record->value[0], numbers->taken++);
	if (numbers->endless)
		put(numbers);
}

static struct numbers *make(void)
{
	struct numbers *numbers = calloc(1, sizeof(*numbers));

	assert_non_null(numbers);
	numbers->ring = (struct vs_ring){ .slot = numbers->slot, .n_slots = SLOTS, .tail = &numbers->tail };
	return numbers;
}

static void test_an_empty_ring_gives_nothing(void **state)
{
	struct numbers *numbers = make();

	assert_false(vs_ring_take(&numbers->ring, 10, take, numbers));
	assert_int_equal(numbers->taken, 0);
	free(numbers);
}

static void test_records_are_taken_in_portions_and_none_is_lost(void **state)
{
	struct numbers *numbers = make();

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < SLOTS; i++)
			assert_true(put(numbers));
		assert_false(put(numbers));
		assert_true(vs_ring_take(&numbers->ring, 100, take, numbers));
		assert_true(vs_ring_take(&numbers->ring, 100, take, numbers));
		assert_false(vs_ring_take(&numbers->ring, 100, take, numbers));
		assert_int_equal(numbers->taken, numbers->head);
	}
	free(numbers);
}

static void test_a_record_that_is_being_written_holds_up_what_came_after_it(void **state)
{
	struct numbers *numbers = make();
	struct vs_slot *slow;

	put(numbers);
	slow = claim(numbers);
	put(numbers);
	vs_ring_take(&numbers->ring, 10, take, numbers);
	assert_int_equal(numbers->taken, 1);
	complete(slow);
	vs_ring_take(&numbers->ring, 10, take, numbers);
	assert_int_equal(numbers->taken, 3);
	free(numbers);
}

static void test_taking_ends_though_records_keep_coming(void **state)
{
	struct numbers *numbers = make();

	numbers->endless = true;
	put(numbers);
	assert_true(vs_ring_take(&numbers->ring, 10 * SLOTS, take, numbers));
	assert_int_equal(numbers->taken, 10 * SLOTS);
	free(numbers);
}

static void test_the_tail_may_pass_a_head_that_was_read_before(void **state)
{
	assert_true(vs_ring_is_full(SLOTS, 0, SLOTS));
	assert_false(vs_ring_is_full(SLOTS - 1, 0, SLOTS));
	assert_false(vs_ring_is_full(3, 5, SLOTS));
	assert_false(vs_ring_is_full(UINT64_MAX, 2, SLOTS));
	assert_true(vs_ring_is_full(1, (uint64_t)1 - SLOTS, SLOTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_ring_gives_nothing),
		cmocka_unit_test(test_records_are_taken_in_portions_and_none_is_lost),
		cmocka_unit_test(test_a_record_that_is_being_written_holds_up_what_came_after_it),
		cmocka_unit_test(test_the_tail_may_pass_a_head_that_was_read_before),
		cmocka_unit_test(test_taking_ends_though_records_keep_coming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
