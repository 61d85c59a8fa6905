/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "util.h"
#include "vascope/v1/frame.pb-c.h"
#include "wire/batch.h"

static void add(struct vs_batch *batch, uint64_t time_ns, uint32_t kind, const uint64_t *cells, size_t n)
{
	struct vs_row row = { .time_ns = time_ns, .kind = kind };

	memcpy(row.cell, cells, n * sizeof(*cells));
	vs_batch_add(batch, &row);
}

#define ADD(batch, time, kind, ...) \
	add(batch, time, kind, (const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8)

static Vascope__V1__EventBatch *pack(struct vs_batch *batch, struct vs_announcements *announcements,
				     struct vs_packed_batch *packed)
{
	Vascope__V1__EventBatch *message;

	vs_batch_pack(batch, announcements, 9, VS_CLASS_ACTIVITY, packed);
	message = vascope__v1__event_batch__unpack(NULL, packed->size, packed->data);
	assert_non_null(message);
	return message;
}

static void test_columns_have_entries_of_exactly_the_kinds_that_list_them(void **state)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;
	Vascope__V1__EventBatch *m;

	vs_batch_init(&batch);
	ADD(&batch, 1000, VS_VA_INSERT, 1, 2, 10, 5, 0x100000, 4, 0, 0);
	ADD(&batch, 1500, VS_VA_REMOVE, 1, 2, 10);
	ADD(&batch, 1700, VS_JOB_DONE, 3);
	batch.more = true;
	m = pack(&batch, &announcements, &packed);
	assert_true(m->more);
	assert_false(batch.more);
	assert_int_equal(m->seq, 9);
	assert_int_equal(m->base_ns, 1000);
	assert_int_equal(m->n_kind, 3);
	assert_int_equal(m->n_time, 3);
	assert_int_equal(m->time[0], 0);
	assert_int_equal(m->time[1], 500);
	assert_int_equal(m->time[2], 200);
	assert_int_equal(m->n_task, 2);
	assert_int_equal(m->n_vm, 2);
	assert_int_equal(m->n_va, 2);
	assert_int_equal(m->n_bo, 1);
	assert_int_equal(m->n_iova, 1);
	assert_int_equal(m->n_job, 1);
	assert_int_equal(m->n_handle, 0);
	assert_int_equal(packed.events, 3);
	assert_int_equal(packed.kinds[VS_VA_REMOVE], 1);
	assert_int_equal(packed.last_ns, 1700);
	vascope__v1__event_batch__free_unpacked(m, NULL);
	free(packed.data);
	vs_batch_destroy(&batch);
}

static void test_only_signed_columns_are_differences(void **state)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;
	Vascope__V1__EventBatch *m;

	vs_batch_init(&batch);
	ADD(&batch, 1, VS_VA_INSERT, 1, 2, 10, 5, 0x100000, 4, 0, 0);
	ADD(&batch, 2, VS_VA_INSERT, 1, 2, 11, 5, 0xfff00, 4, 7, 0);
	m = pack(&batch, &announcements, &packed);
	assert_int_equal(m->va[0], 10);
	assert_int_equal(m->va[1], 1);
	assert_int_equal(m->bo[1], 0);
	assert_true(m->iova[1] == -0x100);
	assert_int_equal(m->vm[1], 2);
	assert_int_equal(m->range[1], 4);
	vascope__v1__event_batch__free_unpacked(m, NULL);
	free(packed.data);
	vs_batch_destroy(&batch);
}

static void test_events_are_in_time_order_whatever_order_they_came_in(void **state)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;
	Vascope__V1__EventBatch *m;

	vs_batch_init(&batch);
	ADD(&batch, 30, VS_JOB_DONE, 3);
	ADD(&batch, 10, VS_JOB_DONE, 1);
	ADD(&batch, 20, VS_JOB_DONE, 2);
	ADD(&batch, 20, VS_JOB_DONE, 5); /* the same time keeps the ring's order */
	m = pack(&batch, &announcements, &packed);
	assert_int_equal(m->base_ns, 10);
	assert_int_equal(m->job[0], 1);
	assert_int_equal(m->job[1], 1);
	assert_int_equal(m->job[2], 3);
	assert_true(m->job[3] == -2);
	vascope__v1__event_batch__free_unpacked(m, NULL);
	free(packed.data);
	vs_batch_destroy(&batch);
}

static void test_announcements_lie_where_the_batch_says(void **state)
{
	struct vs_announcements announcements = { 0 };
	struct vs_row row = { .time_ns = 7, .kind = VS_VM_DESTROY, .cell = { 1, 1 }, .new_task = true,
			      .task = { .id = 1, .pid = 4, .tid = 4, .text = "init" } };
	struct vs_packed_batch packed;
	struct vs_batch batch;
	Vascope__V1__EventBatch *m, *cut;

	vs_batch_init(&batch);
	vs_announce(&announcements, &row);
	vs_batch_add(&batch, &row);
	m = pack(&batch, &announcements, &packed);
	cut = vascope__v1__event_batch__unpack(NULL, packed.announced_size, packed.data + packed.announced_at);
	assert_non_null(cut);
	assert_int_equal(cut->n_tasks, 1);
	assert_string_equal(cut->tasks[0]->comm, "init");
	assert_int_equal(cut->n_kind, 0);
	assert_int_equal(announcements.n_tasks, 0);
	vascope__v1__event_batch__free_unpacked(cut, NULL);
	vascope__v1__event_batch__free_unpacked(m, NULL);
	free(packed.data);
	vs_announcements_destroy(&announcements);
	vs_batch_destroy(&batch);
}

static void test_the_largest_batch_fits_a_message(void **state)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;

	vs_batch_init(&batch);
	for (uint64_t i = 0; i < VS_BATCH_EVENTS; i++) {
		uint64_t far = i & 1 ? UINT64_MAX / 2 : 0;
		struct vs_row row = { .time_ns = i << 40, .kind = VS_VA_INSERT, .new_task = true,
				      .cell = { UINT64_MAX, UINT64_MAX, far, far, far, UINT64_MAX, UINT64_MAX, UINT64_MAX },
				      .task = { .id = UINT64_MAX, .pid = UINT32_MAX, .tid = UINT32_MAX,
						.text = "fifteen letters" } };

		vs_announce(&announcements, &row);
		vs_batch_add(&batch, &row);
	}
	vs_batch_pack(&batch, &announcements, UINT64_MAX, VS_CLASS_LIFECYCLE, &packed);
	assert_true(packed.size < (1u << 20));
	free(packed.data);
	vs_announcements_destroy(&announcements);
	vs_batch_destroy(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_have_entries_of_exactly_the_kinds_that_list_them),
		cmocka_unit_test(test_only_signed_columns_are_differences),
		cmocka_unit_test(test_events_are_in_time_order_whatever_order_they_came_in),
		cmocka_unit_test(test_announcements_lie_where_the_batch_says),
		cmocka_unit_test(test_the_largest_batch_fits_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
