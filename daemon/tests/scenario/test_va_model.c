// SPDX-License-Identifier: MIT
/*
 * The model of drm_gpuvm's VA tree, case by case after the "Split and Merge" DOC comment of drm_gpuvm.c
 * (Linux 7.3.4; the numbers are its own), as msm carries them out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/va_model.h"

enum { A = 1, B = 2 };

/* "0+4:1@0 4+4:2@0": iova+range:bo@offset of each VA. */
static void assert_tree(const struct vs_va_model *model, const char *expected)
{
	char text[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < model->n; i++)
		n += snprintf(text + n, sizeof(text) - n, "%s%d+%d:%d@%d", i ? " " : "", (int)model->va[i].iova,
			      (int)model->va[i].range, (int)model->va[i].bo, (int)model->va[i].offset);
	assert_string_equal(text, expected);
}

/* One VA, then one request, and what that request alone cost. */
static void check_map(struct vs_va old, struct vs_va request, const char *tree, int inserts, int removes)
{
	struct vs_va_model model = { 0 };

	vs_va_model_map(&model, old.iova, old.range, old.bo, old.offset);
	vs_va_model_map(&model, request.iova, request.range, request.bo, request.offset);
	assert_tree(&model, tree);
	assert_int_equal(model.inserts - 1, inserts);
	assert_int_equal(model.removes, removes);
	vs_va_model_close(&model);
	assert_int_equal(model.inserts, model.removes);
}

static void check_unmap(struct vs_va old, uint64_t iova, uint64_t range, const char *tree, int inserts, int removes)
{
	struct vs_va_model model = { 0 };

	vs_va_model_map(&model, old.iova, old.range, old.bo, old.offset);
	vs_va_model_unmap(&model, iova, range);
	assert_tree(&model, tree);
	assert_int_equal(model.inserts - 1, inserts);
	assert_int_equal(model.removes, removes);
	vs_va_model_close(&model);
	assert_int_equal(model.inserts, model.removes);
}

static void test_map_1_identical_is_kept_in_place(void **state)
{
	check_map((struct vs_va){ 4, 4, A, 2 }, (struct vs_va){ 4, 4, A, 2 }, "4+4:1@2", 0, 0);
}

static void test_map_1_identical_map_null_is_replaced(void **state)
{
	check_map((struct vs_va){ 4, 4, 0, 0 }, (struct vs_va){ 4, 4, 0, 0 }, "4+4:0@0", 1, 1);
}

static void test_map_2_identical_but_for_the_offset_replaces(void **state)
{
	check_map((struct vs_va){ 0, 4, A, 0 }, (struct vs_va){ 0, 4, A, 8 }, "0+4:1@8", 1, 1);
}

static void test_map_3_identical_but_for_the_bo_replaces(void **state)
{
	check_map((struct vs_va){ 0, 4, A, 0 }, (struct vs_va){ 0, 4, B, 0 }, "0+4:2@0", 1, 1);
}

static void test_map_4_existing_left_aligned_subset_is_replaced(void **state)
{
	check_map((struct vs_va){ 0, 1, A, 0 }, (struct vs_va){ 0, 2, A, 0 }, "0+2:1@0", 1, 1);
}

static void test_map_5_left_aligned_subset_of_another_bo_splits_and_moves_the_offset(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 0, 1, B, 0 }, "0+1:2@0 1+1:1@1", 2, 1);
}

static void test_map_6_left_aligned_subset_of_the_same_bo_splits(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 0, 1, A, 0 }, "0+1:1@0 1+1:1@1", 2, 1);
}

static void test_map_7_right_aligned_subset_of_another_bo_splits(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 1, 1, B, 0 }, "0+1:1@0 1+1:2@0", 2, 1);
}

static void test_map_8_right_aligned_subset_of_the_same_bo_splits(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 1, 1, A, 1 }, "0+1:1@0 1+1:1@1", 2, 1);
}

static void test_map_9_overlap_at_the_end_splits(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 1, 2, B, 0 }, "0+1:1@0 1+2:2@0", 2, 1);
}

static void test_map_10_overlap_with_contiguous_offset_splits_all_the_same(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 1, 2, A, 1 }, "0+1:1@0 1+2:1@1", 2, 1);
}

static void test_map_11_centred_subset_of_another_bo_splits_in_two(void **state)
{
	check_map((struct vs_va){ 0, 3, A, 0 }, (struct vs_va){ 1, 1, B, 0 }, "0+1:1@0 1+1:2@0 2+1:1@2", 3, 1);
}

static void test_map_12_contiguous_subset_splits_in_two_all_the_same(void **state)
{
	check_map((struct vs_va){ 0, 3, A, 5 }, (struct vs_va){ 1, 1, A, 6 }, "0+1:1@5 1+1:1@6 2+1:1@7", 3, 1);
}

static void test_map_13_existing_right_aligned_subset_is_replaced(void **state)
{
	check_map((struct vs_va){ 1, 1, A, 1 }, (struct vs_va){ 0, 2, A, 0 }, "0+2:1@0", 1, 1);
}

static void test_map_14_existing_centred_subset_is_replaced(void **state)
{
	check_map((struct vs_va){ 1, 1, A, 1 }, (struct vs_va){ 0, 3, A, 0 }, "0+3:1@0", 1, 1);
}

static void test_map_15_overlap_at_the_beginning_splits_and_moves_the_offset(void **state)
{
	check_map((struct vs_va){ 1, 2, A, 0 }, (struct vs_va){ 0, 2, B, 0 }, "0+2:2@0 2+1:1@1", 2, 1);
}

static void test_map_never_joins_neighbours(void **state)
{
	check_map((struct vs_va){ 0, 2, A, 0 }, (struct vs_va){ 2, 2, A, 2 }, "0+2:1@0 2+2:1@2", 1, 0);
}

static void test_unmap_middle_removes_one_and_inserts_two(void **state)
{
	check_unmap((struct vs_va){ 0, 8, A, 3 }, 2, 3, "0+2:1@3 5+3:1@8", 2, 1);
}

static void test_unmap_left_keeps_next(void **state)
{
	check_unmap((struct vs_va){ 0, 8, A, 0 }, 0, 3, "3+5:1@3", 1, 1);
}

static void test_unmap_right_keeps_prev(void **state)
{
	check_unmap((struct vs_va){ 0, 8, A, 0 }, 6, 2, "0+6:1@0", 1, 1);
}

static void test_unmap_superset_removes(void **state)
{
	check_unmap((struct vs_va){ 4, 2, A, 0 }, 0, 100, "", 0, 1);
}

static void test_unmap_of_nothing_does_nothing(void **state)
{
	check_unmap((struct vs_va){ 4, 2, A, 0 }, 6, 2, "4+2:1@0", 0, 0);
	check_unmap((struct vs_va){ 4, 2, A, 0 }, 2, 2, "4+2:1@0", 0, 0);
}

static void test_unmap_of_part_of_a_map_null_keeps_the_rest_null(void **state)
{
	check_unmap((struct vs_va){ 0, 8, 0, 0 }, 2, 2, "0+2:0@0 4+4:0@0", 2, 1);
}

static void test_unmap_across_several_cuts_the_first_and_the_last(void **state)
{
	struct vs_va_model model = { 0 };

	for (int i = 0; i < 4; i++)
		vs_va_model_map(&model, i * 4, 4, A + i, 0);
	vs_va_model_unmap(&model, 2, 11);
	assert_tree(&model, "0+2:1@0 13+3:4@1");
	assert_int_equal(model.inserts, 4 + 2);
	assert_int_equal(model.removes, 4);
	vs_va_model_close(&model);
	assert_int_equal(model.removes, 6);
}

static void test_map_into_a_gap_between_others_keeps_the_order(void **state)
{
	struct vs_va_model model = { 0 };

	vs_va_model_map(&model, 20, 2, A, 0);
	vs_va_model_map(&model, 0, 2, A, 0);
	vs_va_model_map(&model, 10, 2, B, 0);
	assert_tree(&model, "0+2:1@0 10+2:2@0 20+2:1@0");
	vs_va_model_close(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_1_identical_is_kept_in_place),
		cmocka_unit_test(test_map_1_identical_map_null_is_replaced),
		cmocka_unit_test(test_map_2_identical_but_for_the_offset_replaces),
		cmocka_unit_test(test_map_3_identical_but_for_the_bo_replaces),
		cmocka_unit_test(test_map_4_existing_left_aligned_subset_is_replaced),
		cmocka_unit_test(test_map_5_left_aligned_subset_of_another_bo_splits_and_moves_the_offset),
		cmocka_unit_test(test_map_6_left_aligned_subset_of_the_same_bo_splits),
		cmocka_unit_test(test_map_7_right_aligned_subset_of_another_bo_splits),
		cmocka_unit_test(test_map_8_right_aligned_subset_of_the_same_bo_splits),
		cmocka_unit_test(test_map_9_overlap_at_the_end_splits),
		cmocka_unit_test(test_map_10_overlap_with_contiguous_offset_splits_all_the_same),
		cmocka_unit_test(test_map_11_centred_subset_of_another_bo_splits_in_two),
		cmocka_unit_test(test_map_12_contiguous_subset_splits_in_two_all_the_same),
		cmocka_unit_test(test_map_13_existing_right_aligned_subset_is_replaced),
		cmocka_unit_test(test_map_14_existing_centred_subset_is_replaced),
		cmocka_unit_test(test_map_15_overlap_at_the_beginning_splits_and_moves_the_offset),
		cmocka_unit_test(test_map_never_joins_neighbours),
		cmocka_unit_test(test_unmap_middle_removes_one_and_inserts_two),
		cmocka_unit_test(test_unmap_left_keeps_next),
		cmocka_unit_test(test_unmap_right_keeps_prev),
		cmocka_unit_test(test_unmap_superset_removes),
		cmocka_unit_test(test_unmap_of_nothing_does_nothing),
		cmocka_unit_test(test_unmap_of_part_of_a_map_null_keeps_the_rest_null),
		cmocka_unit_test(test_unmap_across_several_cuts_the_first_and_the_last),
		cmocka_unit_test(test_map_into_a_gap_between_others_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
