/* SPDX-License-Identifier: MIT */
/* Kprobe events without a kernel: what is defined, how bytes of a trace buffer are read, and what becomes of them. */
#include "vs_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/kprobe.h"
#include "trace/kprobe_event.h"
#include "trace/kprobe_task.h"
#include "trace/schema.h"
#include "util.h"

/* Every member is at 16 and has 4 bytes, pointers 8; "absent" has none. */
static int member(void *data, const char *structure, const char *name, uint32_t *ret_offset, uint32_t *ret_size)
{
	if (!strcmp(structure, "absent"))
		return -ENOENT;
	*ret_offset = 16;
	*ret_size = strstr(name, "pointer") ? 8 : 4;
	return 0;
}

static void expect_fetch(const char *expression, const char *text, int64_t bias)
{
	struct vs_fetch fetch;

	assert_int_equal(vs_fetch_compile(expression, false, member, NULL, &fetch), 0);
	assert_string_equal(fetch.text, text);
	assert_int_equal(fetch.bias, bias);
}

static void test_expressions_become_fetches(void **state)
{
	struct vs_fetch fetch;

	expect_fetch("$1", "$arg1:x64", 0);
	expect_fetch("$3#4", "$arg3:x32", 0);
	expect_fetch("$ret#4", "$retval:x32", 0);
	expect_fetch("$2:a.b", "+16($arg2):x32", 0);
	expect_fetch("$2:a.pointer:b.c", "+16(+16($arg2)):x32", 0);
	expect_fetch("$1<a.kref", "$arg1:x64", -16);
	expect_fetch("$1>a.base", "$arg1:x64", 16);
	expect_fetch("$1<a.kref:a.b", "+0($arg1):x32", 0);
	expect_fetch("$2+8:a.pointer", "+24($arg2):x64", 0);
	expect_fetch("$3@4", "+0($arg3):x32", 0);
	assert_int_equal(vs_fetch_compile("$1:a.pointer", true, member, NULL, &fetch), 0);
	assert_string_equal(fetch.text, "+0(+16($arg1)):string");
	assert_int_equal(vs_fetch_compile("$1:absent.b", false, member, NULL, &fetch), -ENOENT);
	assert_int_equal(vs_fetch_compile("$9", false, member, NULL, &fetch), -EINVAL);
	assert_int_equal(vs_fetch_compile("$1?", false, member, NULL, &fetch), -EINVAL);
}

/* Each fills as many values as its kind has columns that are not in the head of the record, and fits what tracefs takes. */
static void test_the_table_fits_the_schema(void **state)
{
	const struct vs_kprobe_syntax syntax = { .current = true };

	for (size_t i = 0; i < vs_kprobe_spec_count; i++) {
		const struct vs_kprobe_spec *spec = &vs_kprobe_specs[i];
		uint32_t kind = spec->probe.kinds[0];
		struct vs_kprobe_event event;
		size_t wanted = 0, given = 0;
		char definition[4096];

		assert_int_equal(vs_kprobe_define(&event, spec, &syntax, "vascope_1", member, NULL, definition,
						  sizeof(definition)),
				 0);
		for (char *word = strtok(definition, " \n"); word; word = strtok(NULL, " \n"))
			assert_true(strlen(word) < 255); /* MAX_ARGSTR_LEN of trace_probe.h */
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(spec->probe.program, vs_kprobe_specs[j].probe.program);
		if (!kind || kind >= VS_KIND_COUNT)
			continue;
		for (const struct vs_column *column = vs_schemas[kind].columns; column->column; column++)
			wanted += column->column != VASCOPE__V1__COLUMN__COLUMN_TASK &&
				  column->column != VASCOPE__V1__COLUMN__COLUMN_NAME;
		while (given < VS_KPROBE_VALUES && spec->value[given])
			given++;
		/* One that finishes its values may fetch more than it gives. */
		if (given != wanted && !(spec->finish && given > wanted))
			fail_msg("%s gives %zu values, its kind has %zu", spec->probe.program, given, wanted);
	}
}

struct page {
	uint8_t bytes[4096];
	size_t at;
};

static void put(struct page *page, const void *bytes, size_t n)
{
	memcpy(page->bytes + page->at, bytes, n);
	page->at += n;
}

static void put32(struct page *page, uint32_t value)
{
	put(page, &value, sizeof(value));
}

static void page_begin(struct page *page, uint64_t time_ns)
{
	*page = (struct page){ .at = 16 };
	memcpy(page->bytes, &time_ns, sizeof(time_ns));
}

/* The commit word, with the bit that says that events were missed. */
static void page_end(struct page *page)
{
	uint64_t commit = (page->at - 16) | 1u << 31;

	memcpy(page->bytes + 8, &commit, sizeof(commit));
}

static struct {
	uint64_t time_ns;
	uint32_t first;
	size_t size;
} taken[8];
static size_t n_taken;

static void take(void *data, uint64_t time_ns, const uint8_t *record, size_t size)
{
	assert_true(n_taken < VS_ARRAY_SIZE(taken));
	taken[n_taken].time_ns = time_ns;
	taken[n_taken].size = size;
	memcpy(&taken[n_taken++].first, record, 4);
}

static void test_pages_are_read(void **state)
{
	struct page page;

	n_taken = 0;
	page_begin(&page, 1000);
	put32(&page, 2 | 5 << 5); /* 8 bytes, 5 ns later */
	put32(&page, 0xa);
	put32(&page, 0);
	put32(&page, 30 | 7 << 5); /* time goes on by 2^27 * 2 + 7 */
	put32(&page, 2);
	put32(&page, 0 | 1 << 5); /* its length in a word of its own: 4 for that, 12 */
	put32(&page, 16);
	put32(&page, 0xb);
	put32(&page, 0);
	put32(&page, 0);
	put32(&page, 29 | 3 << 5); /* dropped: 4 bytes more */
	put32(&page, 4);
	put32(&page, 31 | 9 << 5); /* a time of its own */
	put32(&page, 1);
	put32(&page, 1);
	put32(&page, 0xc);
	page_end(&page);
	assert_true(vs_tracefs_parse(page.bytes, sizeof(page.bytes), take, NULL));
	assert_int_equal(n_taken, 3);
	assert_int_equal(taken[0].time_ns, 1005);
	assert_int_equal(taken[0].first, 0xa);
	assert_int_equal(taken[0].size, 8);
	assert_int_equal(taken[1].time_ns, 1005 + (2u << 27) + 7 + 1);
	assert_int_equal(taken[1].first, 0xb);
	assert_int_equal(taken[1].size, 12);
	assert_int_equal(taken[2].time_ns, (1u << 27) + 9);
	assert_int_equal(taken[2].first, 0xc);
}

static void test_damaged_pages_are_refused(void **state)
{
	struct page page;

	page_begin(&page, 0);
	put32(&page, 28 | 1 << 5); /* 112 bytes that are not there */
	page_end(&page);
	assert_false(vs_tracefs_parse(page.bytes, page.at, take, NULL));
	page_begin(&page, 0);
	put32(&page, 0); /* a length below that of its own word */
	put32(&page, 3);
	page_end(&page);
	assert_false(vs_tracefs_parse(page.bytes, page.at, take, NULL));
	assert_false(vs_tracefs_parse(page.bytes, 8, take, NULL));
}

static void test_stats_and_formats_are_read(void **state)
{
	static const char *const stats = "entries: 5\noverrun: 7\ncommit overrun: 1\ndropped events: 12\n";
	static const char *const format = "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
					  "\tfield:u64 a0;\toffset:8;\tsize:8;\tsigned:0;\n";
	uint32_t offset, size;

	assert_int_equal(vs_tracefs_stat(stats, "overrun"), 7);
	assert_int_equal(vs_tracefs_stat(stats, "commit overrun"), 1);
	assert_int_equal(vs_tracefs_stat(stats, "dropped events"), 12);
	assert_int_equal(vs_tracefs_stat(stats, "events"), 0);
	assert_true(vs_tracefs_field(format, "a0", &offset, &size));
	assert_int_equal(offset, 8);
	assert_int_equal(size, 8);
	assert_false(vs_tracefs_field(format, "a1", &offset, &size));
}

static void test_what_probes_missed_is_read(void **state)
{
	/* trace_kprobe.c, probes_profile_seq_show(), Linux 7.3.4: all groups together. */
	static const char *const profile = "  va_insert                                                  1234               5\n"
					   "  va_insert_too                                                 1               9\n"
					   "  va_link                                                      12               0\n"
					   "  va_insert                                                     7               2\n";

	assert_int_equal(vs_tracefs_missed(profile, "va_insert"), 7);
	assert_int_equal(vs_tracefs_missed(profile, "va_insert_too"), 9);
	assert_int_equal(vs_tracefs_missed(profile, "va_link"), 0);
	assert_int_equal(vs_tracefs_missed(profile, "va"), 0);
	assert_int_equal(vs_tracefs_missed("", "va_link"), 0);
}

static void test_reasons_nest(void **state)
{
	struct vs_kprobe_task *tasks = vs_kprobe_tasks_make();
	struct vs_kprobe_task *task = vs_kprobe_task_of(tasks, 7);

	assert_int_equal(vs_kprobe_task_reason(task), VS_REASON_NONE);
	vs_kprobe_task_push(task, VS_REASON_VM_CLOSE);
	vs_kprobe_task_push(task, VS_REASON_UNMAP);
	assert_int_equal(vs_kprobe_task_reason(vs_kprobe_task_of(tasks, 7)), VS_REASON_UNMAP);
	/* The end of the inner one was lost. */
	vs_kprobe_task_pop(task, VS_REASON_VM_CLOSE);
	assert_int_equal(vs_kprobe_task_reason(task), VS_REASON_NONE);
	vs_kprobe_task_pop(task, VS_REASON_VM_CLOSE);
	assert_int_equal(vs_kprobe_task_reason(task), VS_REASON_NONE);
	/* Another task has its own. */
	vs_kprobe_task_push(task, VS_REASON_FREE);
	assert_int_equal(vs_kprobe_task_reason(vs_kprobe_task_of(tasks, 7 + VS_KPROBE_TASKS)), VS_REASON_NONE);
	free(tasks);
}

static struct vs_text_event made;
static size_t n_made;

static void make(void *data, const struct vs_event *record, size_t size)
{
	memcpy(&made, record, size);
	n_made++;
}

/* A record as tracefs writes it: trace_entry, then the fields in the order of the definition, here all of 8 bytes. */
static void test_events_become_records(void **state)
{
	struct vs_kprobe_event events[2] = { 0 };
	struct vs_kprobes kprobes = { .events = events, .record = make, .tasks = vs_kprobe_tasks_make() };
	uint64_t record[6] = { 0 };
	uint16_t type = 9;
	int32_t tid = 77;
	const struct vs_kprobe_spec *spec = vs_kprobe_specs;

	kprobes.by_type = vs_xcalloc(65536, sizeof(uint16_t));
	kprobes.by_type[9] = 1;
	kprobes.by_type[10] = 2;
	while (strcmp(spec->probe.program, "msm_vm_bind"))
		spec++;
	events[1].spec = spec;
	for (unsigned int i = 0; i < 4; i++)
		events[1].value[i] = (struct vs_kprobe_field){ .offset = 8 + 8 * i, .size = 8 };
	events[1].value[3].op = VS_VALUE_ERRNO;
	events[1].value[4].op = VS_VALUE_DURATION;
	while (strcmp(spec->probe.program, "msm_vm_bind_begin"))
		spec--;
	events[0].spec = spec;

	memcpy(record, &type, sizeof(type));
	memcpy((char *)record + 4, &tid, sizeof(tid));
	/* The end of an earlier call was lost: an ioctl begins outside of every one. */
	vs_kprobe_task_push(vs_kprobe_task_of(kprobes.tasks, 77), VS_REASON_EVICT);
	vs_kprobes_event(&kprobes, 1000, (uint8_t *)record, sizeof(record));
	assert_int_equal(n_made, 0);
	assert_int_equal(vs_kprobe_task_reason(vs_kprobe_task_of(kprobes.tasks, 77)), VS_REASON_NONE);
	type = 10;
	memcpy(record, &type, sizeof(type));
	record[1] = 3;
	record[2] = 8;
	record[4] = (uint32_t)-EINVAL;
	vs_kprobes_event(&kprobes, 1500, (uint8_t *)record, sizeof(record));
	assert_int_equal(n_made, 1);
	assert_int_equal(made.event.kind, VS_VM_BIND);
	assert_int_equal(made.event.time_ns, 1500);
	assert_int_equal(made.event.value[0], 3);
	assert_int_equal(made.event.value[1], 8);
	assert_int_equal(made.event.value[3], EINVAL);
	assert_int_equal(made.event.value[4], 500);
	/* The begin was used up; an unknown type and a short record are nothing. */
	vs_kprobes_event(&kprobes, 1600, (uint8_t *)record, sizeof(record));
	assert_int_equal(made.event.value[4], 0);
	type = 11;
	memcpy(record, &type, sizeof(type));
	vs_kprobes_event(&kprobes, 1700, (uint8_t *)record, sizeof(record));
	vs_kprobes_event(&kprobes, 1700, (uint8_t *)record, 4);
	assert_int_equal(n_made, 2);
	free(kprobes.by_type);
	free(kprobes.tasks);
}

static void test_a_count_before_is_that_of_its_own_call(void **state)
{
	struct vs_kprobe_event events[2] = { 0 };
	struct vs_kprobes kprobes = { .events = events, .record = make, .tasks = vs_kprobe_tasks_make() };
	const struct vs_kprobe_spec *spec = vs_kprobe_specs;
	/* trace_entry with type 9 and task 77, and the BO's count. */
	uint64_t begin[2] = { 9 | 77ull << 32, 4 }, end[2] = { 10 | 77ull << 32, 5 };

	kprobes.by_type = vs_xcalloc(65536, sizeof(uint16_t));
	kprobes.by_type[9] = 1;
	kprobes.by_type[10] = 2;
	while (strcmp(spec->probe.program, "vm_bo_create_begin"))
		spec++;
	events[0].spec = spec;
	events[0].value[0] = (struct vs_kprobe_field){ .offset = 8, .size = 8 };
	while (strcmp(spec->probe.program, "vm_bo_create"))
		spec++;
	events[1].spec = spec;
	events[1].value[3] = (struct vs_kprobe_field){ .offset = 8, .size = 8 };
	events[1].value[4].op = VS_VALUE_BEGIN;
	vs_kprobes_event(&kprobes, 1000, (uint8_t *)begin, sizeof(begin));
	vs_kprobes_event(&kprobes, 1001, (uint8_t *)end, sizeof(end));
	assert_int_equal(made.event.kind, VS_VM_BO_CREATE);
	assert_int_equal(made.event.value[3], 5);
	assert_int_equal(made.event.value[4], 4);
	/* Its begin was lost. */
	vs_kprobes_event(&kprobes, 1002, (uint8_t *)end, sizeof(end));
	assert_int_equal(made.event.time_ns, 1002);
	assert_int_equal(made.event.value[4], 0);
	free(kprobes.by_type);
	free(kprobes.tasks);
}

#define FUTURE (3600 * 1000000000ull)

static uint64_t times[4096];
static size_t n_times;

static void keep_time(void *data, const struct vs_event *record, size_t size)
{
	assert_true(n_times < VS_ARRAY_SIZE(times));
	times[n_times++] = record->time_ns;
}

/* Two CPUs whose buffers are pipes of whole pages, and one event, of type 9. */
struct two_cpus {
	struct vs_kprobes kprobes;
	struct vs_kprobe_event event;
	struct vs_kprobe_queue queues[2];
	int read_ends[2], write_ends[2];
	uint8_t page[4096];
};

static void two_cpus_begin(struct two_cpus *cpus)
{
	const struct vs_kprobe_spec *spec = vs_kprobe_specs;

	while (strcmp(spec->probe.program, "vm_destroy"))
		spec++;
	*cpus = (struct two_cpus){ .event = { .spec = spec } };
	cpus->kprobes = (struct vs_kprobes){
		.fs = { .pipes = cpus->read_ends, .n_cpus = 2, .subbuf = sizeof(cpus->page) },
		.events = &cpus->event,
		.by_type = vs_xcalloc(65536, sizeof(uint16_t)),
		.queues = cpus->queues,
		.tasks = vs_kprobe_tasks_make(),
		.page = cpus->page,
		.record = keep_time,
	};
	cpus->kprobes.by_type[9] = 1;
	n_times = 0;
	for (int cpu = 0; cpu < 2; cpu++) {
		int ends[2];

		assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
		cpus->read_ends[cpu] = ends[0];
		cpus->write_ends[cpu] = ends[1];
	}
}

static void two_cpus_end(struct two_cpus *cpus)
{
	for (int cpu = 0; cpu < 2; cpu++) {
		close(cpus->read_ends[cpu]);
		close(cpus->write_ends[cpu]);
		free(cpus->queues[cpu].bytes);
	}
	free(cpus->kprobes.by_type);
	free(cpus->kprobes.tasks);
}

/* A page with n events at this time. */
static void two_cpus_write(struct two_cpus *cpus, int cpu, uint64_t time_ns, int n)
{
	struct page page;

	page_begin(&page, time_ns);
	for (int i = 0; i < n; i++) {
		put32(&page, 2); /* 8 bytes, at the time of the page */
		put32(&page, 9);
		put32(&page, 77);
	}
	page_end(&page);
	assert_int_equal(write(cpus->write_ends[cpu], page.bytes, sizeof(page.bytes)), sizeof(page.bytes));
}

static void test_what_comes_during_a_drain_waits_for_the_next(void **state)
{
	struct two_cpus cpus;
	uint64_t now = vs_now_ns();

	two_cpus_begin(&cpus);
	two_cpus_write(&cpus, 0, now - 5, 1);
	two_cpus_write(&cpus, 1, now - 7, 1);
	/* Of after the drain began: the other CPU may still give an older one. */
	two_cpus_write(&cpus, 1, now + FUTURE, 1);
	assert_false(vs_kprobes_consume(&cpus.kprobes, true));
	assert_int_equal(n_times, 2);
	assert_int_equal(times[0], now - 7);
	assert_int_equal(times[1], now - 5);
	two_cpus_end(&cpus);
}

static void test_a_queue_that_is_never_empty_does_not_grow(void **state)
{
	struct two_cpus cpus;
	uint64_t now = vs_now_ns();
	size_t room = 0;

	two_cpus_begin(&cpus);
	two_cpus_write(&cpus, 0, now + FUTURE, 1);
	assert_false(vs_kprobes_consume(&cpus.kprobes, true));
	for (int i = 0; i < 3000; i++) {
		struct vs_kprobe_queue *queue = &cpus.queues[0];

		n_times = 0;
		two_cpus_write(&cpus, 0, now + FUTURE, 300);
		assert_false(vs_kprobes_consume(&cpus.kprobes, true));
		assert_int_equal(n_times, 0);
		/* All but one of them are given by now. */
		queue->head = queue->end - 24;
		room = i == 10 ? queue->room : room;
	}
	assert_int_equal(cpus.queues[0].room, room);
	two_cpus_end(&cpus);
}

/* A folder that has none of tracefs' files: nothing of what was made may stay. */
static void test_a_failed_set_up_leaves_nothing(void **state)
{
	char folder[] = "/tmp/vascope-tracefs-XXXXXX", path[64];
	struct vs_tracefs tracefs;
	int root;

	assert_non_null(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "instances", 0700), 0);
	assert_int_equal(vs_tracefs_make(&tracefs, root, 2, 64), -ENOENT);
	assert_int_equal(tracefs.root, -1);
	snprintf(path, sizeof(path), "instances/vascope.%d", getpid());
	assert_int_equal(faccessat(root, path, F_OK, 0), -1);
	/* Root is still open, and the caller's. */
	assert_int_equal(unlinkat(root, "instances", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(folder), 0);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions_become_fetches),
		cmocka_unit_test(test_the_table_fits_the_schema),
		cmocka_unit_test(test_pages_are_read),
		cmocka_unit_test(test_damaged_pages_are_refused),
		cmocka_unit_test(test_stats_and_formats_are_read),
		cmocka_unit_test(test_what_probes_missed_is_read),
		cmocka_unit_test(test_reasons_nest),
		cmocka_unit_test(test_events_become_records),
		cmocka_unit_test(test_a_count_before_is_that_of_its_own_call),
		cmocka_unit_test(test_what_comes_during_a_drain_waits_for_the_next),
		cmocka_unit_test(test_a_queue_that_is_never_empty_does_not_grow),
		cmocka_unit_test(test_a_failed_set_up_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
