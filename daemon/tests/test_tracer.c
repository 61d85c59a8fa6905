/* SPDX-License-Identifier: MIT */
/* The tracer where nothing can be traced, which every other part must survive. What it sees is tested on a board. */
#include "vs_test.h"

#include <errno.h>

#include "trace/tracer.h"
#include "util.h"

static void no_record(void *data, const struct vs_event *record, size_t size)
{
	fail();
}

static void test_without_btf_it_says_so_and_does_nothing(void **state)
{
	struct vs_btf btf = { .error = -ENOENT };
	struct vs_tracer_counts counts;
	struct vs_tracer tracer;

	/* A walk descriptor is there, as on a board where the daemon was started without privileges. */
	vs_tracer_setup(&tracer, &btf, 0, no_record, NULL);
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
				seen[probe->kinds[0]] = true;
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(probe->program, tables[t]->probes[j].program);
		}
	for (int kind = 1; kind < VS_KIND_COUNT; kind++)
		assert_true(seen[kind]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_btf_it_says_so_and_does_nothing),
		cmocka_unit_test(test_every_kind_has_a_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
