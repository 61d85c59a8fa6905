// SPDX-License-Identifier: MIT
/*
 * vs_run_scenario [--list] SCENARIO [seed=N] [PARAMETER=N ...]: one scenario on this machine, without the rest of the
 * daemon. It forks the runner and speaks to it as the daemon does. For work on scenarios and for board tests.
 *
 * Run as root it opens the card first and then gives up root for the ids in SUDO_UID and SUDO_GID, with
 * the groups of the render and card nodes. Exit status: 0 when the scenario ended well.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario/runner.h"
#include "vascope/v1/frame.pb-c.h"

#define STATE(name) VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_##name

static const char *const state_names[] = { "?", "STARTED", "RUNNING", "DONE", "FAILED", "CANCELLED", "REFUSED" };

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void find_nodes(struct vs_runner_fds *fds)
{
	const char *card = getenv("VS_CARD"), *render = getenv("VS_RENDER"), *display = getenv("VS_DISPLAY");
	const char *vgem = getenv("VS_VGEM");

	snprintf(fds->card_path, sizeof(fds->card_path), "%s", card ? card : "/dev/dri/card0");
	snprintf(fds->render_path, sizeof(fds->render_path), "%s", render ? render : "/dev/dri/renderD128");
	snprintf(fds->display_path, sizeof(fds->display_path), "%s", display ? display : "/dev/dri/card1");
	fds->card = open(fds->card_path, O_RDWR | O_CLOEXEC);
	fds->display = open(fds->display_path, O_RDWR | O_CLOEXEC);
	fds->shrink = open("/sys/kernel/debug/dri/0/shrink", O_WRONLY | O_CLOEXEC);
	fds->vgem = open(vgem ? vgem : "/dev/dri/card2", O_RDWR | O_CLOEXEC);
	fds->lacks = 0;
	if (fds->card < 0)
		perror(fds->card_path);
}

static void give_up_root(const struct vs_runner_fds *fds)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");
	struct stat render;
	gid_t groups[1];

	if (geteuid() || !uid || !gid)
		return;
	if (stat(fds->render_path, &render))
		die(fds->render_path);
	groups[0] = render.st_gid;
	if (setgroups(1, groups) || setgid(atoi(gid)) || setuid(atoi(uid)))
		die("giving up root");
}

static void list(void)
{
	Vascope__V1__ScenarioInfo **infos;
	size_t n = vs_scenario_infos(&infos);

	for (size_t i = 0; i < n; i++) {
		printf("%s: %s\n", infos[i]->id, infos[i]->description);
		for (size_t k = 0; k < infos[i]->n_parameters; k++) {
			const Vascope__V1__ParameterInfo *param = infos[i]->parameters[k];

			printf("  %s=%" PRIu64 " (%" PRIu64 " to %" PRIu64 " %s) %s\n", param->name, param->default_value,
			       param->minimum, param->maximum, param->unit, param->description);
		}
	}
}

static void send_run(int sock, int argc, char **argv)
{
	Vascope__V1__Command command = VASCOPE__V1__COMMAND__INIT;
	Vascope__V1__RunScenario run = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__ParameterValue parameter[16];
	Vascope__V1__ParameterValue *parameters[16];
	uint8_t buffer[4096];

	run.run_id = 1;
	run.scenario = argv[1];
	run.parameters = parameters;
	for (int i = 2; i < argc && i < 18; i++) {
		char *value = strchr(argv[i], '=');

		if (!value) {
			fprintf(stderr, "not NAME=VALUE: %s\n", argv[i]);
			exit(2);
		}
		*value++ = '\0';
		if (!strcmp(argv[i], "seed")) {
			run.seed = strtoull(value, NULL, 0);
			continue;
		}
		vascope__v1__parameter_value__init(&parameter[run.n_parameters]);
		parameter[run.n_parameters].name = argv[i];
		parameter[run.n_parameters].value = strtoull(value, NULL, 0);
		parameters[run.n_parameters] = &parameter[run.n_parameters];
		run.n_parameters++;
	}
	command.body_case = VASCOPE__V1__COMMAND__BODY_RUN;
	command.run = &run;
	if (send(sock, buffer, vascope__v1__command__pack(&command, buffer), 0) < 0)
		die("send");
}

/* What the scenario says must be there. */
static void show_checkpoint(const Vascope__V1__Checkpoint *checkpoint)
{
	printf("CHECKPOINT %s:", checkpoint->step);
	for (size_t i = 0; i < checkpoint->n_vms; i++) {
		const Vascope__V1__ExpectedVm *vm = checkpoint->vms[i];

		printf(" VM %u.%u policy=%d", vm->pid, vm->ordinal, vm->policy);
		if (vm->gone)
			printf(" gone");
		else
			printf(" %zu mappings", vm->n_vas);
	}
	for (size_t i = 0; i < checkpoint->n_bos; i++) {
		const Vascope__V1__ExpectedBo *bo = checkpoint->bos[i];

		printf(" BO %u.%u policy=%d", bo->pid, bo->ordinal, bo->policy);
		if (bo->gone)
			printf(" gone");
		else
			printf(" handles=%u", bo->handles);
	}
	printf("\n");
}

static void show_status(const Vascope__V1__ScenarioStatus *status)
{
	printf("%s %s pid=%u seed=%" PRIu64 " %" PRIu64 "/%" PRIu64, state_names[status->state], status->scenario,
	       status->pid, status->seed, status->done, status->total);
	for (size_t i = 0; i < status->n_issued; i++)
		printf(" %s=%" PRIu64, status->issued[i]->name, status->issued[i]->value);
	printf(" %s\n", status->text);
}

static bool show(int sock, Vascope__V1__ScenarioState *state)
{
	static uint8_t buffer[VS_RUNNER_PACKET];
	ssize_t n = recv(sock, buffer, sizeof(buffer), 0);
	Vascope__V1__Frame *frame = n > 0 ? vascope__v1__frame__unpack(NULL, n, buffer) : NULL;

	if (!frame) {
		fprintf(stderr, "the runner is gone\n");
		*state = STATE(FAILED);
		return false;
	}
	if (frame->body_case == VASCOPE__V1__FRAME__BODY_CHECKPOINT) {
		show_checkpoint(frame->checkpoint);
		if (send(sock, "", 1, MSG_NOSIGNAL) < 0)
			perror("send");
	} else {
		*state = frame->scenario->state;
		show_status(frame->scenario);
	}
	fflush(stdout);
	vascope__v1__frame__free_unpacked(frame, NULL);
	return *state == STATE(STARTED) || *state == STATE(RUNNING);
}

int main(int argc, char **argv)
{
	Vascope__V1__ScenarioState state = STATE(STARTED);
	struct vs_runner_fds fds;
	int pair[2], status;
	pid_t child;

	if (argc < 2 || !strcmp(argv[1], "--list")) {
		list();
		return argc < 2 ? 2 : 0;
	}
	find_nodes(&fds);
	give_up_root(&fds);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		close(pair[0]);
		_exit(vs_runner_main(pair[1], &fds) ? 1 : 0);
	}
	close(pair[1]);
	send_run(pair[0], argc, argv);
	while (show(pair[0], &state))
		;
	close(pair[0]);
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	return state == STATE(DONE) ? 0 : 1;
}
