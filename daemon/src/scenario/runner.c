// SPDX-License-Identifier: MIT
/*
 * The runner's message loop: one scenario at a time, and between two of its requests a look at the
 * socket, so that a cancel is obeyed at once. See runner.h.
 */
#include "scenario/runner.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenario/catalogue.h"
#include "scenario/expect.h"

#define PROGRESS_NS 100000000ull

struct runner {
	int sock;
	const struct vs_runner_fds *fds;
	/* Of the run in progress. */
	const Vascope__V1__RunScenario *request;
	uint64_t reported_ns;
	bool cancelled;
	bool taken; /* the checkpoint that was sent last */
	/* What ends the loop: closed by the peer, or an error. */
	bool closed;
	int error;
};

/* Send a frame. With MSG_DONTWAIT it is dropped when the peer does not keep up. 0, or -EMSGSIZE. */
static int send_frame(struct runner *runner, const Vascope__V1__Frame *frame, int flags)
{
	static uint8_t buffer[VS_RUNNER_PACKET];
	size_t n = vascope__v1__frame__get_packed_size(frame);

	if (n > sizeof(buffer))
		return -EMSGSIZE;
	vascope__v1__frame__pack(frame, buffer);
	if (send(runner->sock, buffer, n, MSG_NOSIGNAL | flags) < 0 && errno != EAGAIN) {
		runner->closed = true;
		if (errno != EPIPE && errno != ECONNRESET)
			runner->error = -errno;
	}
	return 0;
}

static void send_status(struct runner *runner, Vascope__V1__ScenarioStatus *status, int flags)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;

	frame.body_case = VASCOPE__V1__FRAME__BODY_SCENARIO;
	frame.scenario = status;
	send_frame(runner, &frame, flags);
}

static void report(struct runner *runner, struct vs_run *run, Vascope__V1__ScenarioState state, const char *text)
{
	Vascope__V1__ScenarioStatus status = VASCOPE__V1__SCENARIO_STATUS__INIT;
	Vascope__V1__Issued issued[VS_N_ISSUED];
	Vascope__V1__Issued *pointers[VS_N_ISSUED];
	size_t n = 0;

	for (int i = 0; i < VS_N_ISSUED; i++) {
		if (!(run->scenario->counts & 1u << i))
			continue;
		vascope__v1__issued__init(&issued[n]);
		issued[n].name = (char *)vs_issued_names[i];
		issued[n].value = run->issued[i];
		pointers[n] = &issued[n];
		n++;
	}
	status.run_id = runner->request->run_id;
	status.scenario = runner->request->scenario;
	status.seed = runner->request->seed;
	status.state = state;
	status.time_ns = vs_now_ns();
	status.done = run->done;
	status.total = run->total;
	status.text = (char *)text;
	status.pid = getpid();
	status.n_issued = n;
	status.issued = pointers;
	send_status(runner, &status, state == VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_RUNNING ? MSG_DONTWAIT : 0);
	runner->reported_ns = status.time_ns;
}

static void refuse(struct runner *runner, const Vascope__V1__RunScenario *request, const char *text)
{
	Vascope__V1__ScenarioStatus status = VASCOPE__V1__SCENARIO_STATUS__INIT;
	char name[65];

	/* The name comes from outside and may be long. */
	snprintf(name, sizeof(name), "%s", request->scenario);
	status.run_id = request->run_id;
	status.scenario = name;
	status.seed = request->seed;
	status.state = VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_REFUSED;
	status.time_ns = vs_now_ns();
	status.text = (char *)text;
	status.pid = getpid();
	send_status(runner, &status, 0);
}

/* The next command, or NULL: none yet (with MSG_DONTWAIT), none to be understood, or the peer is gone. */
static Vascope__V1__Command *receive(struct runner *runner, int flags)
{
	static uint8_t buffer[VS_RUNNER_PACKET];
	Vascope__V1__Command *command;
	ssize_t n = recv(runner->sock, buffer, sizeof(buffer), MSG_TRUNC | flags);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return NULL;
		runner->closed = true;
		if (errno != ECONNRESET)
			runner->error = -errno;
		return NULL;
	}
	if (n == 0) {
		runner->closed = true;
		return NULL;
	}
	if ((size_t)n > sizeof(buffer)) {
		fprintf(stderr, "vascoped: the runner ignores a command of %zd bytes\n", n);
		return NULL;
	}
	if (n == 1 && !buffer[0]) {
		runner->taken = true;
		return NULL;
	}
	command = vascope__v1__command__unpack(NULL, n, buffer);
	if (!command)
		fprintf(stderr, "vascoped: the runner ignores a packet that is not a Command\n");
	return command;
}

/* A command while a run is in progress. */
static void handle_while_running(struct runner *runner, const Vascope__V1__Command *command)
{
	char text[160];

	switch (command->body_case) {
	case VASCOPE__V1__COMMAND__BODY_CANCEL:
		if (command->cancel->run_id == runner->request->run_id)
			runner->cancelled = true;
		break;
	case VASCOPE__V1__COMMAND__BODY_RUN:
		snprintf(text, sizeof(text),
			 "%.64s is still running (run %u); wait for its end or cancel it, then start again",
			 runner->request->scenario, runner->request->run_id);
		refuse(runner, command->run, text);
		break;
	default:
		fprintf(stderr, "vascoped: the runner ignores a command of kind %d\n", command->body_case);
	}
}

static int send_checkpoint(struct vs_run *run, Vascope__V1__Checkpoint *checkpoint, void *data)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	struct runner *runner = data;
	int r;

	checkpoint->run_id = runner->request->run_id;
	frame.body_case = VASCOPE__V1__FRAME__BODY_CHECKPOINT;
	frame.checkpoint = checkpoint;
	runner->taken = false;
	r = send_frame(runner, &frame, 0);
	while (!r && !runner->closed && !runner->taken) {
		Vascope__V1__Command *command = receive(runner, 0);

		if (command)
			handle_while_running(runner, command);
		vascope__v1__command__free_unpacked(command, NULL);
	}
	return r;
}

static int step(struct vs_run *run, void *data)
{
	struct runner *runner = data;
	Vascope__V1__Command *command;

	while (!runner->closed && (command = receive(runner, MSG_DONTWAIT))) {
		handle_while_running(runner, command);
		vascope__v1__command__free_unpacked(command, NULL);
	}
	if (runner->closed || runner->cancelled)
		return -ECANCELED;
	if (vs_now_ns() - runner->reported_ns >= PROGRESS_NS)
		report(runner, run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_RUNNING, "");
	return 0;
}

static void run_scenario(struct runner *runner, const Vascope__V1__RunScenario *request)
{
	struct vs_run run = {
		.control = { .fd = runner->sock, .step = step, .checkpoint = send_checkpoint, .data = runner },
	};
	uint64_t start = vs_now_ns();
	char text[256];
	int r;

	if (vs_catalogue_prepare(request, runner->fds, &run)) {
		refuse(runner, request, run.text);
		return;
	}
	runner->request = request;
	runner->cancelled = false;
	report(runner, &run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_STARTED, "");
	r = vs_run_scenario(&run);
	vs_expect_clear(&run);
	snprintf(text, sizeof(text), "%.2f s%s%s", (vs_now_ns() - start) / 1e9, run.note[0] ? "; " : "", run.note);
	if (r && r != -ECANCELED)
		report(runner, &run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_FAILED,
		       run.text[0] ? run.text : strerror(-r));
	else if (run.text[0]) /* it ended as asked for, but could not clean up */
		report(runner, &run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_FAILED, run.text);
	else if (r)
		report(runner, &run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_CANCELLED, text);
	else
		report(runner, &run, VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_DONE, text);
	runner->request = NULL;
}

int vs_runner_main(int sock, const struct vs_runner_fds *fds)
{
	struct runner runner = { .sock = sock, .fds = fds };

	while (!runner.closed) {
		Vascope__V1__Command *command = receive(&runner, 0);

		if (!command)
			continue;
		/* A cancel that comes after the end of its run is nothing to worry about. */
		if (command->body_case == VASCOPE__V1__COMMAND__BODY_RUN)
			run_scenario(&runner, command->run);
		else if (command->body_case != VASCOPE__V1__COMMAND__BODY_CANCEL)
			fprintf(stderr, "vascoped: the runner ignores a command of kind %d\n", command->body_case);
		vascope__v1__command__free_unpacked(command, NULL);
	}
	return runner.error;
}
