/* SPDX-License-Identifier: MIT */
/* The whole program over its pipes, on this machine, which has no msm: it must say so, and end well in every way. */
#include "vs_test.h"

#include <signal.h>
#include <sys/wait.h>

#include "config.h"
#include "daemon.h"
#include "util.h"

static const char *program;

struct run {
	pid_t pid;
	int in;
	int out;
	struct vs_reader reader;
	uint8_t bytes[65536];
	size_t at;
	size_t size;
};

static void start_with(struct run *run, const char *argument)
{
	int in[2], out[2];

	*run = (struct run){ .pid = 0 };
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	run->pid = fork();
	if (!run->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(program, program, argument, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	run->in = in[1];
	run->out = out[0];
}

static void start(struct run *run)
{
	start_with(run, NULL);
}

/* The next frame, or NULL at the end of the stream. */
static Vascope__V1__Frame *next(struct run *run)
{
	for (;;) {
		const uint8_t *message;
		size_t size;
		ssize_t n;

		if (run->at == run->size) {
			n = read(run->out, run->bytes, sizeof(run->bytes));
			assert_true(n >= 0);
			if (!n)
				return NULL;
			run->at = 0;
			run->size = (size_t)n;
		}
		n = vs_reader_push(&run->reader, run->bytes + run->at, run->size - run->at, &message, &size);
		assert_true(n > 0);
		run->at += (size_t)n;
		if (message)
			return vascope__v1__frame__unpack(NULL, size, message);
	}
}

static Vascope__V1__Frame *expect(struct run *run, Vascope__V1__Frame__BodyCase body)
{
	for (;;) {
		Vascope__V1__Frame *frame = next(run);

		if (!frame) {
			fail_msg("the stream ended before frame %d", body);
			return NULL;
		}
		if (frame->body_case == body)
			return frame;
		/* Heartbeats and logs may come between. */
		assert_true(frame->body_case == VASCOPE__V1__FRAME__BODY_HEARTBEAT ||
			    frame->body_case == VASCOPE__V1__FRAME__BODY_LOG);
		vascope__v1__frame__free_unpacked(frame, NULL);
	}
}

static void skip_frame(struct run *run, Vascope__V1__Frame__BodyCase body)
{
	vascope__v1__frame__free_unpacked(expect(run, body), NULL);
}

static void say(struct run *run, const Vascope__V1__Command *command)
{
	size_t size = vascope__v1__command__get_packed_size(command), n;
	_vs_free_ uint8_t *bytes = vs_xrealloc(NULL, size + VS_VARINT_MAX, 1);

	n = vs_varint_write(bytes, size);
	n += vascope__v1__command__pack(command, bytes + n);
	assert_int_equal(write(run->in, bytes, n), n);
}

static void say_hello(struct run *run, const char *build)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__Hello hello = VASCOPE__V1__HELLO__INIT;

	hello.magic = VS_HELLO_MAGIC;
	hello.major = VS_PROTOCOL_MAJOR;
	hello.build = (char *)build;
	command.body_case = VASCOPE__V1__COMMAND__BODY_HELLO;
	command.hello = &hello;
	say(run, &command);
}

static void expect_goodbye(struct run *run, Vascope__V1__GoodbyeReason reason, int exit_status)
{
	Vascope__V1__Frame *frame = expect(run, VASCOPE__V1__FRAME__BODY_GOODBYE);
	int status;

	assert_int_equal(frame->goodbye->reason, reason);
	assert_true(frame->goodbye->text[0] != 0);
	assert_non_null(frame->goodbye->totals);
	vascope__v1__frame__free_unpacked(frame, NULL);
	assert_null(next(run));
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), exit_status);
	close(run->in);
	close(run->out);
	vs_reader_destroy(&run->reader);
}

static void test_it_greets_and_says_what_is_missing(void **state)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__Stop stop = VASCOPE__V1__STOP__INIT;
	Vascope__V1__Frame *frame;
	struct run run;
	bool driver = false;

	start(&run);
	frame = expect(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	assert_int_equal(frame->hello->magic, VS_HELLO_MAGIC);
	assert_string_equal(frame->hello->build, VS_BUILD_ID);
	vascope__v1__frame__free_unpacked(frame, NULL);
	say_hello(&run, VS_BUILD_ID);
	frame = expect(&run, VASCOPE__V1__FRAME__BODY_CAPABILITIES);
	assert_int_equal(frame->capabilities->n_schema, VS_KIND_COUNT - 1);
	assert_true(frame->capabilities->n_probes > 30);
	assert_true(frame->capabilities->kernel_release[0] != 0);
	for (size_t i = 0; i < frame->capabilities->n_checks; i++) {
		const Vascope__V1__Check *check = frame->capabilities->checks[i];

		driver = driver || !strcmp(check->id, "driver.msm");
		assert_true(check->detail[0] != 0);
		/* A line that is not ok says what to do. */
		assert_int_equal(check->state == VASCOPE__V1__CHECK_STATE__CHECK_STATE_OK, check->remedy[0] == 0);
	}
	assert_true(driver);
	vascope__v1__frame__free_unpacked(frame, NULL);
	command.body_case = VASCOPE__V1__COMMAND__BODY_STOP;
	command.stop = &stop;
	say(&run, &command);
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_STOPPED, 0);
}

static void test_start_without_anything_to_trace_fails_with_the_reason(void **state)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__Start message = VASCOPE__V1__START__INIT;
	struct run run;

	if (!access("/sys/module/drm_gpuvm", F_OK))
		skip(); /* a machine with something to trace */
	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	say_hello(&run, VS_BUILD_ID);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_CAPABILITIES);
	command.body_case = VASCOPE__V1__COMMAND__BODY_START;
	command.start = &message;
	say(&run, &command);
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_FAILED, 0);
}

static void test_without_tracing_it_runs_and_says_so(void **state)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__Start message = VASCOPE__V1__START__INIT;
	Vascope__V1__Credit credit = VASCOPE__V1__CREDIT__INIT;
	Vascope__V1__Frame *frame;
	struct run run;

	start_with(&run, "--trace=none");
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	say_hello(&run, VS_BUILD_ID);
	frame = expect(&run, VASCOPE__V1__FRAME__BODY_CAPABILITIES);
	assert_int_equal(frame->capabilities->trace_level, VASCOPE__V1__TRACE_LEVEL__TRACE_LEVEL_UNSPECIFIED);
	assert_true(frame->capabilities->trace_reason[0] != 0);
	assert_int_equal(frame->capabilities->n_schema, 0);
	for (size_t i = 0; i < frame->capabilities->n_probes; i++)
		assert_int_not_equal(frame->capabilities->probes[i]->state,
				     VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED);
	vascope__v1__frame__free_unpacked(frame, NULL);
	credit.bytes = 1 << 20;
	command.body_case = VASCOPE__V1__COMMAND__BODY_CREDIT;
	command.credit = &credit;
	say(&run, &command);
	command.body_case = VASCOPE__V1__COMMAND__BODY_START;
	command.start = &message;
	say(&run, &command);
	frame = expect(&run, VASCOPE__V1__FRAME__BODY_SNAPSHOT);
	assert_false(frame->snapshot->complete);
	vascope__v1__frame__free_unpacked(frame, NULL);
	close(run.in);
	run.in = -1;
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_INPUT_ENDED, 0);
}

static void test_a_level_that_it_does_not_know_is_refused(void **state)
{
	struct run run;
	int status;

	start_with(&run, "--trace=everything");
	assert_null(next(&run));
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	assert_int_equal(WEXITSTATUS(status), 2);
	close(run.in);
	close(run.out);
}

static void test_another_build_is_refused(void **state)
{
	struct run run;

	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	say_hello(&run, "another");
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_VERSION, 0);
}

static void test_the_end_of_input_ends_it(void **state)
{
	struct run run;

	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	close(run.in);
	run.in = -1;
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_INPUT_ENDED, 0);
}

static void test_garbage_is_answered_with_a_reason(void **state)
{
	struct run run;

	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	assert_int_equal(write(run.in, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), 12);
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_FAILED, 0);
}

static void test_a_signal_ends_it_with_a_goodbye(void **state)
{
	struct run run;

	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	kill(run.pid, SIGTERM);
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_FAILED, 0);
}

static void test_a_desktop_that_reads_nothing_does_not_hold_it(void **state)
{
	char text[512] = "";
	struct run run;
	int err[2], kept = dup(STDERR_FILENO), status;

	/* Its stderr is ours as it was when it was started. */
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	dup2(err[1], STDERR_FILENO);
	start(&run);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(err[1]);
	assert_int_equal(fcntl(run.out, F_SETPIPE_SZ, 4096), 4096);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	/* The Capabilities do not fit the pipe. */
	say_hello(&run, VS_BUILD_ID);
	close(run.in);
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(read(err[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "Goodbye"));
	close(err[0]);
	close(run.out);
	vs_reader_destroy(&run.reader);
}

static void test_a_scenario_too_large_for_the_runner_is_refused(void **state)
{
	static char name[VS_RUNNER_PACKET + 1024];
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__RunScenario scenario = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__Credit credit = VASCOPE__V1__CREDIT__INIT;
	Vascope__V1__Frame *frame;
	struct run run;

	start(&run);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_HELLO);
	say_hello(&run, VS_BUILD_ID);
	skip_frame(&run, VASCOPE__V1__FRAME__BODY_CAPABILITIES);
	credit.bytes = 1 << 20;
	command.body_case = VASCOPE__V1__COMMAND__BODY_CREDIT;
	command.credit = &credit;
	say(&run, &command);
	memset(name, 'x', sizeof(name) - 1);
	scenario.run_id = 7;
	scenario.scenario = name;
	command.body_case = VASCOPE__V1__COMMAND__BODY_RUN;
	command.run = &scenario;
	say(&run, &command);
	frame = expect(&run, VASCOPE__V1__FRAME__BODY_SCENARIO);
	assert_int_equal(frame->scenario->state, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_REFUSED);
	assert_int_equal(frame->scenario->run_id, 7);
	assert_non_null(strstr(frame->scenario->text, "192 KiB"));
	vascope__v1__frame__free_unpacked(frame, NULL);
	close(run.in);
	run.in = -1;
	expect_goodbye(&run, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_INPUT_ENDED, 0);
}

static void test_two_at_a_time_say_so(void **state)
{
	Vascope__V1__Frame *frame;
	struct run first, second;
	bool told = false;

	start(&first);
	skip_frame(&first, VASCOPE__V1__FRAME__BODY_HELLO);
	start(&second);
	skip_frame(&second, VASCOPE__V1__FRAME__BODY_HELLO);
	say_hello(&second, VS_BUILD_ID);
	frame = expect(&second, VASCOPE__V1__FRAME__BODY_CAPABILITIES);
	for (size_t i = 0; i < frame->capabilities->n_checks; i++)
		told = told || (!strcmp(frame->capabilities->checks[i]->id, "lock") &&
				frame->capabilities->checks[i]->state == VASCOPE__V1__CHECK_STATE__CHECK_STATE_LIMITED);
	assert_true(told);
	vascope__v1__frame__free_unpacked(frame, NULL);
	close(second.in);
	second.in = -1;
	expect_goodbye(&second, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_INPUT_ENDED, 0);
	close(first.in);
	first.in = -1;
	expect_goodbye(&first, VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_INPUT_ENDED, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_greets_and_says_what_is_missing),
		cmocka_unit_test(test_start_without_anything_to_trace_fails_with_the_reason),
		cmocka_unit_test(test_without_tracing_it_runs_and_says_so),
		cmocka_unit_test(test_a_level_that_it_does_not_know_is_refused),
		cmocka_unit_test(test_another_build_is_refused),
		cmocka_unit_test(test_the_end_of_input_ends_it),
		cmocka_unit_test(test_garbage_is_answered_with_a_reason),
		cmocka_unit_test(test_a_signal_ends_it_with_a_goodbye),
		cmocka_unit_test(test_a_desktop_that_reads_nothing_does_not_hold_it),
		cmocka_unit_test(test_a_scenario_too_large_for_the_runner_is_refused),
		cmocka_unit_test(test_two_at_a_time_say_so),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
