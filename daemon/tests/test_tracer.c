/* SPDX-License-Identifier: MIT */
/* The tracer where nothing can be traced, which every other part must survive. What it sees is tested on a board. */
#include "vs_test.h"

#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "trace/schema.h"
#include "trace/tracer.h"
#include "util.h"

static void no_record(void *data, const struct vs_event *record, size_t size)
{
	fail();
}

static void test_without_btf_it_says_so_and_does_nothing(void **state)
{
	struct vs_btf btf = { .error = -ENOENT };
	const struct vs_options options = { .level = VS_LEVEL_BPF };
	struct vs_tracer_counts counts;
	struct vs_tracer tracer;

	/* A walk descriptor is there, as on a board where the daemon was started without privileges. */
	vs_tracer_setup(&tracer, &options, &btf, 0, no_record, NULL);
	counts.cpu_dropped = vs_xcalloc(tracer.n_cpus, sizeof(*counts.cpu_dropped));
	assert_false(vs_tracer_works(&tracer));
	assert_non_null(strstr(tracer.problem, "BTF"));
	assert_false(vs_tracer_walks(&tracer));
	assert_int_equal(vs_tracer_walk(&tracer), -ENODEV);
	assert_int_equal(vs_tracer_fd(&tracer), -1);
	vs_tracer_consume(&tracer);
	vs_tracer_count(&tracer, &counts);
	assert_int_equal(counts.kinds[VS_VA_INSERT].produced, 0);
	vs_tracer_stop(&tracer);
	assert_true(tracer.n_results > 30);
	for (size_t i = 0; i < tracer.n_results; i++) {
		assert_int_equal(tracer.results[i].state, VASCOPE__V1__PROBE_STATE__PROBE_STATE_ABSENT);
		assert_non_null(tracer.results[i].reason);
	}
	vs_tracer_destroy(&tracer);
	free(counts.cpu_dropped);
}

/* Every wire kind but the desktop's own has a probe that gives it, and every program is in the plan once. */
static void test_every_kind_has_a_probe(void **state)
{
	const struct vs_probe_table *const tables[] = { &vs_probes_generic, &vs_probes_msm };
	bool seen[VS_KIND_COUNT] = { false };

	for (size_t t = 0; t < VS_ARRAY_SIZE(tables); t++)
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct vs_probe *probe = &tables[t]->probes[i];

			if (!probe->measures_only)
				for (int k = 0; k < VS_PROBE_KINDS && probe->kinds[k]; k++)
					seen[probe->kinds[k]] = true;
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(probe->program, tables[t]->probes[j].program);
		}
	for (int kind = 1; kind < VS_KIND_COUNT; kind++)
		assert_true(seen[kind] || kind == VS_MARK);
}

/* What a program puts into a record's head must be what the reader of the record expects there. */
static void test_kinds_with_a_task_are_those_of_the_schema(void **state)
{
	for (uint32_t kind = 1; kind < VS_KIND_COUNT; kind++) {
		const struct vs_column *column = vs_schemas[kind].columns;
		bool has_task = false;

		assert_non_null(vs_schemas[kind].name);
		for (; column->column; column++)
			has_task = has_task || column->column == VASCOPE__V1__COLUMN__COLUMN_TASK;
		if (has_task != !!vs_kind_has_task(kind))
			fail_msg("%s: the schema and vs_kind_has_task() differ", vs_schemas[kind].name);
	}
}

static void test_the_kernel_says_whether_a_function_is_there(void **state)
{
	struct vs_symbols symbols = { .usable = false };

	/* Not to know is no reason to leave a probe out. */
	assert_true(vs_symbols_has(&symbols, "msm", "vm_log"));
	vs_symbols_init(&symbols);
	if (!symbols.usable) {
		vs_symbols_destroy(&symbols);
		skip(); /* not root, or a kernel without BPF */
	}
	assert_true(vs_symbols_has(&symbols, NULL, "vfs_write"));
	assert_false(vs_symbols_has(&symbols, NULL, "no_such_function_of_a_kernel"));
	assert_false(vs_symbols_has(&symbols, "no_such_module", "vfs_write"));
	vs_symbols_destroy(&symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_btf_it_says_so_and_does_nothing),
		cmocka_unit_test(test_every_kind_has_a_probe),
		cmocka_unit_test(test_kinds_with_a_task_are_those_of_the_schema),
		cmocka_unit_test(test_the_kernel_says_whether_a_function_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
