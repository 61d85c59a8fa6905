/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "trace/ids.h"
#include "trace/resolve.h"
#include "util.h"

#define ADDRESS 0xffff000012345600ull

static void test_an_address_that_is_used_again_gets_a_new_id(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;
	uint64_t first = vs_ids_create(&ids, ADDRESS, &gap), second;

	assert_int_equal(first, 1);
	assert_false(gap);
	assert_int_equal(vs_ids_use(&ids, ADDRESS), first);
	assert_int_equal(vs_ids_end(&ids, ADDRESS, 10, &gap), first);
	assert_false(gap);
	second = vs_ids_create(&ids, ADDRESS, &gap);
	assert_int_equal(second, 2);
	assert_false(gap);
	vs_ids_destroy(&ids);
}

static void test_a_beginning_while_alive_is_a_gap(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	vs_ids_create(&ids, ADDRESS, &gap);
	assert_int_equal(vs_ids_create(&ids, ADDRESS, &gap), 2);
	assert_true(gap);
	vs_ids_destroy(&ids);
}

static void test_an_end_without_a_beginning_is_a_gap_only_where_one_was_known(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	/* Made before tracing. */
	assert_int_equal(vs_ids_end(&ids, ADDRESS, 10, &gap), 1);
	assert_false(gap);
	/* Ended twice: another one began and was not seen. */
	assert_int_equal(vs_ids_end(&ids, ADDRESS, 20, &gap), 2);
	assert_true(gap);
	vs_ids_destroy(&ids);
}

static void test_what_follows_an_end_may_still_name_it(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	vs_ids_create(&ids, ADDRESS, &gap);
	vs_ids_end(&ids, ADDRESS, 10, &gap);
	assert_int_equal(vs_ids_use_last(&ids, ADDRESS), 1);
	assert_int_equal(vs_ids_use(&ids, ADDRESS), 2);
	vs_ids_destroy(&ids);
}

static void test_a_walk_does_not_revive_what_ended_since_it_began(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	vs_ids_create(&ids, ADDRESS, &gap);
	vs_ids_end(&ids, ADDRESS, 50, &gap);
	assert_int_equal(vs_ids_walk(&ids, ADDRESS, 40), 0);
	/* Ended before the walk: what the walk saw is another one. */
	assert_int_equal(vs_ids_walk(&ids, ADDRESS, 60), 2);
	vs_ids_destroy(&ids);
}

static void test_none_is_none(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	assert_int_equal(vs_ids_use(&ids, 0), 0);
	assert_int_equal(vs_ids_create(&ids, 0, &gap), 0);
	assert_int_equal(vs_ids_end(&ids, 0, 1, &gap), 0);
	assert_int_equal(ids.last_id, 0);
	vs_ids_destroy(&ids);
}

/* Live objects keep their ids however often the table is made anew, and dead ones do not make it grow. */
static void test_the_table_stays_as_large_as_what_is_alive(void **state)
{
	struct vs_ids ids = { 0 };
	bool gap;

	for (uint64_t i = 1; i <= 1000; i++)
		vs_ids_create(&ids, i << 8, &gap);
	for (uint64_t i = 0; i < 300000; i++) {
		uint64_t address = (1ull << 40) + (i << 8);

		vs_ids_create(&ids, address, &gap);
		vs_ids_end(&ids, address, 1 + i, &gap);
	}
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(vs_ids_use(&ids, i << 8), i);
	assert_true(ids.size <= 32768);
	vs_ids_destroy(&ids);
}

/* What lived long is as recent as anything when it has just ended. */
static void test_an_old_id_that_has_just_ended_outlives_a_new_table(void **state)
{
	struct vs_ids ids = { 0 };
	size_t size;
	bool gap;

	vs_ids_create(&ids, ADDRESS, &gap);
	for (uint64_t i = 1; i <= 10000; i++)
		vs_ids_create(&ids, i << 8, &gap);
	vs_ids_end(&ids, ADDRESS, 1000, &gap);
	size = ids.size;
	for (uint64_t i = 10001; ids.size == size; i++)
		vs_ids_create(&ids, i << 8, &gap);
	assert_int_equal(vs_ids_use_last(&ids, ADDRESS), 1);
	vs_ids_destroy(&ids);
}

static void resolve(struct vs_resolver *resolver, uint32_t kind, uint64_t a, uint64_t b, struct vs_row *ret_row)
{
	struct vs_event event = { .time_ns = 1, .kind = kind, .pid = 1, .tid = 1, .comm = "test", .value = { a, b } };

	vs_resolve(resolver, &event, NULL, ret_row);
}

static void test_an_unlink_after_its_remove_names_the_same_mapping(void **state)
{
	struct vs_resolver resolver;
	struct vs_row row;

	vs_resolver_init(&resolver, 4096);
	resolve(&resolver, VS_VA_INSERT, 0x1000, 0x2000, &row);
	assert_int_equal(row.cell[2], 1);
	resolve(&resolver, VS_VA_REMOVE, 0x1000, 0x2000, &row);
	assert_int_equal(row.cell[2], 1);
	resolve(&resolver, VS_VA_UNLINK, 0x2000, 0x3000, &row);
	assert_int_equal(row.cell[0], 1);
	/* The slab gives the address to the next mapping. */
	resolve(&resolver, VS_VA_INSERT, 0x1000, 0x2000, &row);
	assert_int_equal(row.cell[2], 2);
	assert_int_equal(resolver.gaps[VS_OBJECT_VA], 0);
	vs_resolver_destroy(&resolver);
}

static void resolve_handle(struct vs_resolver *resolver, uint32_t kind, uint64_t expected_file)
{
	struct vs_row row;

	resolve(resolver, kind, 0x1000, 0x2000, &row);
	assert_int_equal(row.cell[1], expected_file);
}

static void test_the_handles_of_a_file_that_has_ended_are_closed_in_it(void **state)
{
	struct vs_resolver resolver;

	vs_resolver_init(&resolver, 4096);
	for (uint64_t file = 1; file <= 2; file++) {
		for (int i = 0; i < 100; i++)
			resolve_handle(&resolver, VS_HANDLE_OPEN, file);
		resolve_handle(&resolver, VS_HANDLE_CLOSE, file);
		resolve_handle(&resolver, VS_HANDLE_CLOSED, file);
		vs_resolve_file_free(&resolver, 0x1000, 10 * file);
		for (int i = 1; i < 100; i++) {
			resolve_handle(&resolver, VS_HANDLE_CLOSE, file);
			resolve_handle(&resolver, VS_HANDLE_CLOSED, file);
		}
		/* The slab gives the address to the next file. */
	}
	assert_int_equal(resolver.gaps[VS_OBJECT_FILE], 0);
	vs_resolver_destroy(&resolver);
}

static void test_a_killed_job_is_no_gap(void **state)
{
	struct vs_resolver resolver;
	struct vs_row row;

	vs_resolver_init(&resolver, 4096);
	resolve(&resolver, VS_JOB_QUEUE, 0x1000, 0, &row);
	resolve(&resolver, VS_JOB_QUEUE, 0x1000, 0, &row);
	assert_int_equal(row.cell[1], 2);
	assert_int_equal(resolver.gaps[VS_OBJECT_JOB], 0);
	vs_resolver_destroy(&resolver);
}

static void test_a_task_is_new_once_and_again_under_another_name(void **state)
{
	struct vs_intern tasks = { 0 };
	const struct vs_intern_entry *entry;
	bool new;

	assert_int_equal(vs_intern(&tasks, 5, 6, "glmark2", 16, &entry, &new), 1);
	assert_true(new);
	assert_int_equal(vs_intern(&tasks, 5, 6, "glmark2", 16, &entry, &new), 1);
	assert_false(new);
	assert_int_equal(vs_intern(&tasks, 5, 6, "other", 16, &entry, &new), 2);
	assert_true(new);
	/* The kernel ends a name by its size, and it is bytes. */
	assert_int_equal(vs_intern(&tasks, 5, 6, "\xff" "bcdef", 3, &entry, &new), 3);
	assert_string_equal(entry->text, "?bc");
	for (uint32_t i = 0; i < 1000; i++)
		vs_intern(&tasks, i + 100, i, "x", 16, &entry, &new);
	assert_int_equal(vs_intern(&tasks, 5, 6, "glmark2", 16, &entry, &new), 1);
	vs_intern_destroy(&tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_that_is_used_again_gets_a_new_id),
		cmocka_unit_test(test_a_beginning_while_alive_is_a_gap),
		cmocka_unit_test(test_an_end_without_a_beginning_is_a_gap_only_where_one_was_known),
		cmocka_unit_test(test_what_follows_an_end_may_still_name_it),
		cmocka_unit_test(test_a_walk_does_not_revive_what_ended_since_it_began),
		cmocka_unit_test(test_none_is_none),
		cmocka_unit_test(test_the_table_stays_as_large_as_what_is_alive),
		cmocka_unit_test(test_an_old_id_that_has_just_ended_outlives_a_new_table),
		cmocka_unit_test(test_an_unlink_after_its_remove_names_the_same_mapping),
		cmocka_unit_test(test_the_handles_of_a_file_that_has_ended_are_closed_in_it),
		cmocka_unit_test(test_a_killed_job_is_no_gap),
		cmocka_unit_test(test_a_task_is_new_once_and_again_under_another_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
