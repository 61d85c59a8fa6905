/* SPDX-License-Identifier: MIT */
#include "vs_test.h"

#include "trace/snapshot.h"
#include "util.h"

#define VM 0x1000ull
#define BO 0x2000ull
#define VM_BO 0x3000ull

struct taken {
	Vascope__V1__Snapshot *part[64];
	Vascope__V1__Frame *frame[64];
	size_t n;
};

static void take(void *data, const Vascope__V1__Frame *frame)
{
	struct taken *taken = data;
	size_t size = vascope__v1__frame__get_packed_size(frame);
	uint8_t *bytes = vs_xrealloc(NULL, size, 1);

	assert_true(size < (1u << 20));
	vascope__v1__frame__pack(frame, bytes);
	taken->frame[taken->n] = vascope__v1__frame__unpack(NULL, size, bytes);
	taken->part[taken->n] = taken->frame[taken->n]->snapshot;
	taken->n++;
	free(bytes);
}

static void release(struct taken *taken)
{
	for (size_t i = 0; i < taken->n; i++)
		vascope__v1__frame__free_unpacked(taken->frame[i], NULL);
}

#define RECORD(snapshot, kind_, text, ...)                                                        \
	do {                                                                                      \
		struct vs_event event_ = { .kind = kind_, .value = { __VA_ARGS__ } };              \
		char text_[VS_TEXT] = text;                                                       \
		vs_snapshot_record(snapshot, &event_, text_);                                      \
	} while (0)

static void test_a_list_that_the_kernel_gives_twice_counts_once(void **state)
{
	struct taken taken = { .n = 0 };
	struct vs_resolver resolver;
	struct vs_snapshot snapshot;

	vs_resolver_init(&resolver, 4096);
	vs_snapshot_init(&snapshot, &resolver);
	vs_snapshot_begin(&snapshot, 100);
	for (int i = 0; i < 2; i++) {
		RECORD(&snapshot, VS_WALK_BEGIN, "", 0);
		RECORD(&snapshot, VS_WALK_BO, "ring0", BO, 0x8000, 3, 2, 0, 1);
		RECORD(&snapshot, VS_WALK_VM_BO, "", VM_BO, VM, BO, 1);
		RECORD(&snapshot, VS_WALK_VM, "gpu", VM, 0, 1, 0x1000, 0x2000, 3, 0, 0);
		RECORD(&snapshot, VS_WALK_END, "", 0);
	}
	vs_snapshot_send(&snapshot, 5, 200, true, take, &taken);
	assert_int_equal(taken.n, 1);
	assert_true(taken.part[0]->last);
	assert_true(taken.part[0]->complete);
	assert_int_equal(taken.part[0]->request_id, 5);
	assert_int_equal(taken.part[0]->n_bos, 1);
	assert_int_equal(taken.part[0]->bos[0]->size, 8);
	assert_string_equal(taken.part[0]->bos[0]->name, "ring0");
	assert_int_equal(taken.part[0]->n_vms, 1);
	assert_int_equal(taken.part[0]->vm_bos[0]->vm, taken.part[0]->vms[0]->id);
	assert_true(taken.part[0]->vm_bos[0]->evicted);
	release(&taken);
	vs_snapshot_destroy(&snapshot);
	vs_resolver_destroy(&resolver);
}

static void test_what_ended_during_the_walk_is_left_out(void **state)
{
	struct taken taken = { .n = 0 };
	struct vs_resolver resolver;
	struct vs_snapshot snapshot;
	bool gap;

	vs_resolver_init(&resolver, 4096);
	vs_snapshot_init(&snapshot, &resolver);
	vs_snapshot_begin(&snapshot, 100);
	RECORD(&snapshot, VS_WALK_BEGIN, "", 0);
	vs_ids_end(&resolver.ids[VS_OBJECT_BO], BO, 150, &gap);
	RECORD(&snapshot, VS_WALK_BO, "", BO, 0x8000);
	RECORD(&snapshot, VS_WALK_VM_BO, "", VM_BO, VM, BO, 0);
	RECORD(&snapshot, VS_WALK_END, "", 0);
	vs_snapshot_send(&snapshot, 0, 200, true, take, &taken);
	assert_int_equal(taken.part[0]->n_bos, 0);
	assert_int_equal(taken.part[0]->n_vm_bos, 0);
	release(&taken);
	vs_snapshot_destroy(&snapshot);
	vs_resolver_destroy(&resolver);
}

static void test_a_vm_whose_file_ended_during_the_walk_is_kept(void **state)
{
	struct taken taken = { .n = 0 };
	struct vs_resolver resolver;
	struct vs_snapshot snapshot;
	bool gap;

	vs_resolver_init(&resolver, 4096);
	vs_snapshot_init(&snapshot, &resolver);
	vs_snapshot_begin(&snapshot, 100);
	RECORD(&snapshot, VS_WALK_BEGIN, "", 0);
	vs_ids_end(&resolver.ids[VS_OBJECT_FILE], 0x5000, 150, &gap);
	RECORD(&snapshot, VS_WALK_VM, "gpu", VM, 0, 1, 0x1000, 0x2000, 3, 0, 0x5000);
	RECORD(&snapshot, VS_WALK_VM, "gpu", VM + 8, 0, 1, 0x1000, 0x2000, 3, 0, 0x6000);
	RECORD(&snapshot, VS_WALK_END, "", 0);
	vs_snapshot_send(&snapshot, 0, 200, true, take, &taken);
	assert_int_equal(taken.part[0]->n_vms, 2);
	assert_int_equal(taken.part[0]->vms[0]->file, 0);
	assert_int_equal(taken.part[0]->vms[1]->file, 2);
	release(&taken);
	vs_snapshot_destroy(&snapshot);
	vs_resolver_destroy(&resolver);
}

static void test_a_walk_that_broke_or_never_ended_is_incomplete(void **state)
{
	for (int broken = 0; broken < 2; broken++) {
		struct taken taken = { .n = 0 };
		struct vs_resolver resolver;
		struct vs_snapshot snapshot;

		vs_resolver_init(&resolver, 4096);
		vs_snapshot_init(&snapshot, &resolver);
		vs_snapshot_begin(&snapshot, 100);
		RECORD(&snapshot, VS_WALK_BEGIN, "", 0);
		if (broken)
			RECORD(&snapshot, VS_WALK_END, "", 1);
		vs_snapshot_send(&snapshot, 0, 200, true, take, &taken);
		assert_true(taken.part[0]->last);
		assert_false(taken.part[0]->complete);
		release(&taken);
		vs_snapshot_destroy(&snapshot);
		vs_resolver_destroy(&resolver);
	}
}

static void test_a_large_snapshot_comes_in_parts(void **state)
{
	struct taken taken = { .n = 0 };
	struct vs_resolver resolver;
	struct vs_snapshot snapshot;
	size_t vas = 0;

	vs_resolver_init(&resolver, 4096);
	vs_snapshot_init(&snapshot, &resolver);
	vs_snapshot_begin(&snapshot, 100);
	RECORD(&snapshot, VS_WALK_BEGIN, "", 0);
	for (uint64_t i = 1; i <= 20000; i++)
		RECORD(&snapshot, VS_WALK_VA, "", i << 8, VM, 0, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	RECORD(&snapshot, VS_WALK_END, "", 0);
	vs_snapshot_send(&snapshot, 0, 200, true, take, &taken);
	assert_true(taken.n > 1);
	for (size_t i = 0; i < taken.n; i++) {
		assert_int_equal(taken.part[i]->part, i);
		assert_int_equal(taken.part[i]->id, 1);
		assert_int_equal(taken.part[i]->last, i == taken.n - 1);
		vas += taken.part[i]->n_vas;
	}
	assert_int_equal(vas, 20000);
	release(&taken);
	vs_snapshot_destroy(&snapshot);
	vs_resolver_destroy(&resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_that_the_kernel_gives_twice_counts_once),
		cmocka_unit_test(test_what_ended_during_the_walk_is_left_out),
		cmocka_unit_test(test_a_vm_whose_file_ended_during_the_walk_is_kept),
		cmocka_unit_test(test_a_walk_that_broke_or_never_ended_is_incomplete),
		cmocka_unit_test(test_a_large_snapshot_comes_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
