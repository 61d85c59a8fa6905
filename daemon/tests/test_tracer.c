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

/* A real ring buffer, and a program that puts the number it is given into it. */
struct numbers {
	struct vs_tracer tracer;
	int ring;
	int program;
	uint64_t put;
	uint64_t taken;
	bool endless; /* for each number that is taken another one comes */
};

static int load_put(int ring)
{
	const struct bpf_insn instructions[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = BPF_REG_1, .off = -8 },
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = ring },
		{ .code = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_4, .imm = BPF_RB_NO_WAKEUP },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ringbuf_output },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);

	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "put", "GPL", instructions, VS_ARRAY_SIZE(instructions), &options);
}

static void put(struct numbers *numbers)
{
	uint64_t number = ++numbers->put;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &number, .ctx_size_in = sizeof(number));

	assert_int_equal(bpf_prog_test_run_opts(numbers->program, &options), 0);
	assert_int_equal(options.retval, 0);
}

static void take(void *data, const struct vs_event *record, size_t size)
{
	struct numbers *numbers = data;

	assert_int_equal(size, sizeof(uint64_t));
	assert_int_equal(*(const uint64_t *)record, ++numbers->taken);
	if (numbers->endless)
		put(numbers);
}

static void open_numbers(struct numbers *numbers)
{
	*numbers = (struct numbers){ .tracer = { .record = take, .record_data = numbers } };
	numbers->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "numbers", 0, 0, VS_RING_BYTES, NULL);
	if (numbers->ring < 0)
		skip(); /* not root, or a kernel without BPF */
	numbers->program = load_put(numbers->ring);
	assert_true(numbers->program >= 0);
	numbers->tracer.ring = ring_buffer__new(numbers->ring, vs_tracer_record, &numbers->tracer, NULL);
	assert_non_null(numbers->tracer.ring);
}

static void close_numbers(struct numbers *numbers)
{
	ring_buffer__free(numbers->tracer.ring);
	close(numbers->program);
	close(numbers->ring);
}

static void test_records_are_taken_in_portions_and_none_is_lost(void **state)
{
	struct numbers numbers;

	open_numbers(&numbers);
	for (int i = 0; i < 2 * VS_CONSUME_MOST + 5; i++)
		put(&numbers);
	assert_true(vs_tracer_consume(&numbers.tracer));
	assert_int_equal(numbers.taken, VS_CONSUME_MOST);
	assert_true(vs_tracer_consume(&numbers.tracer));
	assert_false(vs_tracer_consume(&numbers.tracer));
	assert_int_equal(numbers.taken, numbers.put);
	for (int i = 0; i < 2 * VS_CONSUME_MOST; i++)
		put(&numbers);
	vs_tracer_consume_all(&numbers.tracer);
	assert_int_equal(numbers.taken, numbers.put);
	close_numbers(&numbers);
}

static void test_taking_ends_though_records_keep_coming(void **state)
{
	struct numbers numbers;

	open_numbers(&numbers);
	numbers.endless = true;
	put(&numbers);
	assert_true(vs_tracer_consume(&numbers.tracer));
	assert_int_equal(numbers.taken, VS_CONSUME_MOST);
	vs_tracer_consume_all(&numbers.tracer);
	assert_true(numbers.taken >= VS_RING_BYTES / sizeof(struct vs_event));
	assert_int_equal(numbers.taken + 1, numbers.put);
	close_numbers(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_btf_it_says_so_and_does_nothing),
		cmocka_unit_test(test_every_kind_has_a_probe),
		cmocka_unit_test(test_kinds_with_a_task_are_those_of_the_schema),
		cmocka_unit_test(test_the_kernel_says_whether_a_function_is_there),
		cmocka_unit_test(test_records_are_taken_in_portions_and_none_is_lost),
		cmocka_unit_test(test_taking_ends_though_records_keep_coming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
