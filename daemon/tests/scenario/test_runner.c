// SPDX-License-Identifier: MIT
/*
 * The runner as the tracer sees it: a process behind a socket. The fake msm lives in that process; what it
 * counts is told in ScenarioStatus.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_msm.h"
#include "scenario/runner.h"
#include "vascope/v1/frame.pb-c.h"

#define STATE(name) VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_##name

static int sock;
static pid_t child;
static unsigned hold_fences; /* of the next runner */
static uint32_t running; /* the run whose checkpoints come */
static unsigned checkpoints;

/* Exit status of the runner: 0 when it returned 0 and left nothing in the fake. */
static void runner_process(int end)
{
	struct vs_runner_fds fds;
	int r;

	fake_msm_start(&fds);
	fake.hold_fences = hold_fences;
	r = vs_runner_main(end, &fds);
	r = r ? r : (int)(fake_msm_vas() + fake_msm_handles() + fake_msm_fbs());
	fake_msm_stop(&fds);
	_exit(r ? 1 : 0);
}

static int set_up(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	child = fork();
	if (!child) {
		close(pair[0]);
		runner_process(pair[1]);
	}
	close(pair[1]);
	sock = pair[0];
	hold_fences = 0;
	return 0;
}

static int set_up_held(void **state)
{
	hold_fences = 1;
	return set_up(state);
}

static int tear_down(void **state)
{
	int status;

	if (sock >= 0)
		close(sock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

static void send_command(Vascope__V1__Command *command)
{
	uint8_t buffer[4096];
	size_t n = vascope__v1__command__pack(command, buffer);

	assert_int_equal(send(sock, buffer, n, MSG_NOSIGNAL), n);
}

static void send_run(uint32_t run_id, const char *id, const char *name, uint64_t value)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__RunScenario run = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__ParameterValue parameter = VASCOPE__V1__PARAMETER_VALUE__INIT;
	Vascope__V1__ParameterValue *parameters[] = { &parameter };

	parameter.name = (char *)name;
	parameter.value = value;
	run.run_id = run_id;
	run.scenario = (char *)id;
	run.seed = 9;
	run.n_parameters = !!name;
	run.parameters = parameters;
	command.body_case = VASCOPE__V1__COMMAND__BODY_RUN;
	command.run = &run;
	send_command(&command);
}

static void send_cancel(uint32_t run_id)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__CancelScenario cancel = VASCOPE__V1__CANCEL_SCENARIO__INIT;

	cancel.run_id = run_id;
	command.body_case = VASCOPE__V1__COMMAND__BODY_CANCEL;
	command.cancel = &cancel;
	send_command(&command);
}

/* The next status; fails when none comes at all. */
static Vascope__V1__ScenarioStatus *next_status(void)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };
	static uint8_t buffer[VS_RUNNER_PACKET];

	for (;;) {
		Vascope__V1__ScenarioStatus *status;
		Vascope__V1__Frame *frame;
		bool is_status;
		ssize_t n;

		assert_int_equal(poll(&fd, 1, 60000), 1);
		n = recv(sock, buffer, sizeof(buffer), 0);
		assert_true(n > 0);
		frame = vascope__v1__frame__unpack(NULL, n, buffer);
		assert_non_null(frame);
		status = frame->scenario;
		if (frame->body_case == VASCOPE__V1__FRAME__BODY_CHECKPOINT) {
			assert_int_equal(frame->checkpoint->run_id, running);
			assert_true(frame->checkpoint->time_ns > 0);
			assert_true(frame->checkpoint->step[0]);
			checkpoints++;
			assert_int_equal(send(sock, "", 1, MSG_NOSIGNAL), 1);
		} else {
			assert_int_equal(frame->body_case, VASCOPE__V1__FRAME__BODY_SCENARIO);
			if (status->state == STATE(STARTED))
				running = status->run_id;
			/* The caller frees the status alone. */
			frame->body_case = VASCOPE__V1__FRAME__BODY__NOT_SET;
		}
		is_status = frame->body_case == VASCOPE__V1__FRAME__BODY__NOT_SET;
		vascope__v1__frame__free_unpacked(frame, NULL);
		if (is_status)
			return status;
	}
}

/* The next status that is not progress. */
static Vascope__V1__ScenarioStatus *next_event(void)
{
	for (;;) {
		Vascope__V1__ScenarioStatus *status = next_status();

		if (status->state != STATE(RUNNING))
			return status;
		vascope__v1__scenario_status__free_unpacked(status, NULL);
	}
}

static void expect(uint32_t run_id, Vascope__V1__ScenarioState state, const char *text)
{
	Vascope__V1__ScenarioStatus *status = next_event();

	assert_int_equal(status->state, state);
	assert_int_equal(status->run_id, run_id);
	assert_int_equal(status->seed, 9);
	assert_int_equal(status->pid, child);
	if (text)
		assert_non_null(strstr(status->text, text));
	vascope__v1__scenario_status__free_unpacked(status, NULL);
}

static void test_tells_start_and_end_with_totals(void **state)
{
	Vascope__V1__ScenarioStatus *status;
	uint64_t insert = 0, remove = 1;

	send_run(3, "vm-bind-churn", "ops", 50);
	expect(3, STATE(STARTED), NULL);
	status = next_event();
	assert_int_equal(status->state, STATE(DONE));
	assert_int_equal(status->done, 50);
	assert_int_equal(status->total, 50);
	assert_true(checkpoints > 2);
	for (size_t i = 0; i < status->n_issued; i++) {
		if (!strcmp(status->issued[i]->name, "expect-va-insert"))
			insert = status->issued[i]->value;
		if (!strcmp(status->issued[i]->name, "expect-va-remove"))
			remove = status->issued[i]->value;
	}
	assert_true(insert > 0);
	assert_int_equal(insert, remove);
	vascope__v1__scenario_status__free_unpacked(status, NULL);
}

static void test_runs_one_after_the_other(void **state)
{
	for (uint32_t id = 1; id <= 3; id++) {
		send_run(id, "vm-bind-remap-split", "rounds", 2);
		expect(id, STATE(STARTED), NULL);
		expect(id, STATE(DONE), NULL);
	}
}

static void test_refuses_what_it_does_not_know(void **state)
{
	send_run(1, "no-such-thing", NULL, 0);
	expect(1, STATE(REFUSED), "there is no scenario 'no-such-thing'; vascope probe lists");
	send_run(2, "vm-bind-churn", "ops", 0);
	expect(2, STATE(REFUSED), "parameter 'ops' of vm-bind-churn must be 1 to 10000000, not 0");
	send_run(3, "vm-bind-churn", "ops", 5);
	expect(3, STATE(STARTED), NULL);
	expect(3, STATE(DONE), NULL);
}

static void test_refuses_a_second_run_and_goes_on_with_the_first(void **state)
{
	send_run(1, "vm-bind-churn", "rate", 1);
	expect(1, STATE(STARTED), NULL);
	send_run(2, "scanout-flip", NULL, 0);
	expect(2, STATE(REFUSED), "vm-bind-churn is still running (run 1)");
	send_cancel(2);
	send_run(3, "scanout-flip", NULL, 0);
	expect(3, STATE(REFUSED), "vm-bind-churn is still running (run 1)");
	send_cancel(1);
	expect(1, STATE(CANCELLED), NULL);
}

static void test_cancels_in_the_middle_of_a_long_sleep(void **state)
{
	send_run(1, "close-handle-while-mapped", "hold", 60000);
	expect(1, STATE(STARTED), NULL);
	send_cancel(1);
	expect(1, STATE(CANCELLED), NULL);
	send_run(2, "scanout-flip", "flips", 2);
	expect(2, STATE(STARTED), NULL);
	expect(2, STATE(DONE), NULL);
}

static void test_reports_progress(void **state)
{
	Vascope__V1__ScenarioStatus *status;

	send_run(1, "vm-bind-churn", "rate", 100);
	expect(1, STATE(STARTED), NULL);
	status = next_status();
	assert_int_equal(status->state, STATE(RUNNING));
	assert_true(status->done < status->total);
	assert_true(status->n_issued > 0);
	vascope__v1__scenario_status__free_unpacked(status, NULL);
	send_cancel(1);
	expect(1, STATE(CANCELLED), NULL);
}

static void test_ignores_what_is_not_a_command(void **state)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__Stop stop = VASCOPE__V1__STOP__INIT;

	assert_int_equal(send(sock, "\xff\xff\xff", 3, MSG_NOSIGNAL), 3);
	command.body_case = VASCOPE__V1__COMMAND__BODY_STOP;
	command.stop = &stop;
	send_command(&command);
	send_cancel(77);
	send_run(1, "vm-bind-churn", "ops", 5);
	expect(1, STATE(STARTED), NULL);
	expect(1, STATE(DONE), NULL);
}

static void test_cleans_up_and_ends_when_the_socket_closes(void **state)
{
	send_run(1, "vm-bind-churn", "rate", 1);
	expect(1, STATE(STARTED), NULL);
	close(sock);
	sock = -1;
	/* tear_down() waits for the process and looks at what it left. */
}

static void test_cancels_while_it_waits_for_a_fence(void **state)
{
	send_run(1, "close-handle-while-mapped", NULL, 0);
	expect(1, STATE(STARTED), NULL);
	send_cancel(1);
	expect(1, STATE(CANCELLED), NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_tells_start_and_end_with_totals),
		TEST(test_runs_one_after_the_other),
		TEST(test_refuses_what_it_does_not_know),
		TEST(test_refuses_a_second_run_and_goes_on_with_the_first),
		TEST(test_cancels_in_the_middle_of_a_long_sleep),
		TEST(test_reports_progress),
		TEST(test_ignores_what_is_not_a_command),
		TEST(test_cleans_up_and_ends_when_the_socket_closes),
		cmocka_unit_test_setup_teardown(test_cancels_while_it_waits_for_a_fence, set_up_held, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
