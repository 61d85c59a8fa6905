/* SPDX-License-Identifier: MIT */
/* What msm prints in debugfs "gem", as records of a walk. The text is in the form of msm_gem.c:933-1038, Linux 7.3.4. */
#include "vs_test.h"

#include "trace/debugfs.h"
#include "util.h"

#define HEAD "   flags       id ref  offset   kaddr            size     madv      name\n"
#define TOTAL "Total:        2 objects,     53248 bytes\nActive:       0 objects,         0 bytes\n"

static struct vs_text_event seen[64];
static size_t n_seen;

static void keep(void *data, const struct vs_event *record, size_t size)
{
	assert_true(n_seen < VS_ARRAY_SIZE(seen));
	seen[n_seen] = (struct vs_text_event){ .event = *record };
	if (size > sizeof(*record))
		memcpy(&seen[n_seen], record, size);
	n_seen++;
}

static void parse(const char *text)
{
	n_seen = 0;
	vs_debugfs_parse(text, keep, NULL);
	assert_int_equal(seen[0].event.kind, VS_WALK_BEGIN);
	assert_int_equal(seen[n_seen - 1].event.kind, VS_WALK_END);
}

/* The nth record of a kind. */
static const struct vs_text_event *find(uint32_t kind, size_t nth)
{
	for (size_t i = 0; i < n_seen; i++)
		if (seen[i].event.kind == kind && !nth--)
			return &seen[i];
	fail_msg("there are fewer records of kind %u", kind);
	return NULL;
}

static size_t count(uint32_t kind)
{
	size_t n = 0;

	for (size_t i = 0; i < n_seen; i++)
		n += seen[i].event.kind == kind;
	return n;
}

static void test_bos_their_mappings_and_vms(void **state)
{
	parse(HEAD
	      "   20020000: A  0 ( 2) 00100000 00000000653b29c3 00004096           memptrs                         \n"
	      "      vmas: [gpu: vm=00000000e3be1d67, 1000000000000, mapped]\n"
	      "   00020002: I  0 ( 3) 00100009           (null) 00065536  purgeable a b                             \n"
	      "      vmas: [gpu:vascoped-run: vm=000000001234abcd, 100000000, mapped] "
	      "[gpu:x: vm=000000001234abcd, 100004000, unmapped]\n"
	      "	read fence 1\n" TOTAL);
	assert_int_equal(count(VS_WALK_BO), 2);
	assert_string_equal(find(VS_WALK_BO, 0)->text, "memptrs");
	assert_int_equal(find(VS_WALK_BO, 0)->event.value[1], 4096);
	assert_int_equal(find(VS_WALK_BO, 0)->event.value[2], 0x20020000);
	assert_int_equal(find(VS_WALK_BO, 0)->event.value[3], 2);
	assert_int_equal(find(VS_WALK_BO, 1)->event.value[1], 65536);
	assert_int_equal(count(VS_WALK_VM), 2);
	assert_string_equal(find(VS_WALK_VM, 0)->text, "gpu");
	assert_int_equal(count(VS_WALK_VM_BO), 2);
	assert_int_equal(count(VS_WALK_VA), 3);
	for (size_t i = 0; i < 3; i++) {
		const uint64_t *va = find(VS_WALK_VA, i)->event.value;
		bool managed = va[4] == 0x1000000000000;

		assert_int_equal(va[1], managed ? 0xe3be1d67 : 0x1234abcd);
		assert_int_equal(va[3], find(VS_WALK_BO, managed ? 0 : 1)->event.value[0]);
		/* As long as its BO, or up to the next one. */
		assert_int_equal(va[5], managed ? 4096 : va[4] == 0x100000000 ? 0x4000 : 65536);
		assert_int_equal(va[7] != 0, va[4] != 0x100004000);
	}
	assert_int_equal(find(VS_WALK_END, 0)->event.value[0], 0);
}

static void test_the_same_objects_are_the_same_the_next_time(void **state)
{
	static const char *const text = HEAD "   00020002: I  0 ( 1) 00100009 000000000000abcd 00004096           one\n"
					     "      vmas: [gpu: vm=00000000e3be1d67, 1000, mapped]\n";
	uint64_t bo, va;

	parse(text);
	bo = find(VS_WALK_BO, 0)->event.value[0];
	va = find(VS_WALK_VA, 0)->event.value[0];
	parse(text);
	assert_int_equal(find(VS_WALK_BO, 0)->event.value[0], bo);
	assert_int_equal(find(VS_WALK_VA, 0)->event.value[0], va);
	assert_int_not_equal(bo, 0);
	assert_int_not_equal(va, 0);
}

static void test_those_that_look_alike_are_several(void **state)
{
	static const char *const one = "   00020002: I  0 ( 1) 00000000 000000000000abcd 00004096           one\n";
	char text[8192] = HEAD;

	for (int i = 0; i < 40; i++)
		strcat(text, one);
	parse(text);
	assert_int_equal(count(VS_WALK_BO), 40);
	for (size_t i = 0; i < 40; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(find(VS_WALK_BO, i)->event.value[0], find(VS_WALK_BO, j)->event.value[0]);
}

static void test_locked_ones_are_counted(void **state)
{
	parse(HEAD "         00020002: I  0 ( 1) 00100009 000000000000abcd 00004096           one\n   " TOTAL);
	assert_int_equal(count(VS_WALK_BO), 1);
	assert_int_equal(find(VS_WALK_END, 0)->event.value[0], 3);
}

static void test_what_it_does_not_understand_it_leaves(void **state)
{
	parse("");
	assert_int_equal(n_seen, 2);
	parse("      vmas: [gpu: vm=00000000e3be1d67, 1000, mapped]\nrubbish: [\n   00020002: I\n");
	assert_int_equal(n_seen, 2);
	parse(HEAD "   00020002: I  0 ( 1) 00100009 000000000000abcd 00004096\n      vmas: [gpu: vm=xyz, 1000, mapped] [");
	assert_int_equal(count(VS_WALK_BO), 1);
	assert_int_equal(count(VS_WALK_VA), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bos_their_mappings_and_vms),
		cmocka_unit_test(test_the_same_objects_are_the_same_the_next_time),
		cmocka_unit_test(test_those_that_look_alike_are_several),
		cmocka_unit_test(test_locked_ones_are_counted),
		cmocka_unit_test(test_what_it_does_not_understand_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
