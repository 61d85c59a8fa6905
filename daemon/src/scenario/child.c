// SPDX-License-Identifier: MIT
/* A process of a scenario's own. See child.h. */
#include "scenario/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario/expect.h"

static int no_step(struct vs_run *run, void *data)
{
	return 0;
}

/* What it says when body is done: an error, and why. */
struct report {
	int error;
	char text[480];
};

static _Noreturn void in_child(const struct vs_run *parent, int (*body)(struct vs_run *run, void *data), void *data, int talk)
{
	struct vs_run run = *parent;
	struct report report;
	char end;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		_exit(1);
	vs_ordinals_reset();
	run.control = (struct vs_run_control){ .fd = -1, .step = no_step };
	memset(&run.expect, 0, sizeof(run.expect));
	run.text[0] = '\0';
	memset(&report, 0, sizeof(report));
	report.error = body(&run, data);
	memcpy(report.text, run.text, sizeof(report.text) - 1);
	if (send(talk, &report, sizeof(report), MSG_NOSIGNAL) != sizeof(report))
		_exit(1);
	/* Until the parent closes its end. */
	while (recv(talk, &end, 1, 0) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Wait for what it says. A cancel does not cut this short, body is brief. */
static int hear(struct vs_run *run, struct vs_child *child)
{
	bool cleaning = run->cleaning;
	struct report report;
	int r;

	run->cleaning = true;
	r = vs_run_wait_fd(run, child->talk, run->fence_timeout_ms);
	run->cleaning = cleaning;
	if (!r && recv(child->talk, &report, sizeof(report), 0) != sizeof(report))
		r = -EPIPE;
	if (r)
		return vs_run_fail(run, r, "waiting for process %d of this scenario", child->pid);
	return report.error ? vs_run_fail(run, report.error, "process %d of this scenario: %s", child->pid, report.text) : 0;
}

int vs_child_start(struct vs_run *run, int (*body)(struct vs_run *run, void *data), void *data, struct vs_child *ret)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return vs_run_fail(run, -errno, "making a socket pair");
	ret->talk = pair[0];
	ret->pid = fork();
	if (ret->pid < 0) {
		r = -errno;
		close(pair[0]);
		close(pair[1]);
		return vs_run_fail(run, r, "starting a process");
	}
	if (!ret->pid) {
		close(pair[0]);
		in_child(run, body, data, pair[1]);
	}
	close(pair[1]);
	r = hear(run, ret);
	if (r)
		vs_child_end(run, ret, true);
	return r;
}

int vs_child_end(struct vs_run *run, struct vs_child *child, bool kill_it)
{
	int status;

	if (kill_it && kill(child->pid, SIGKILL))
		vs_run_fail(run, -errno, "killing process %d", child->pid);
	close(child->talk);
	if (waitpid(child->pid, &status, 0) != child->pid)
		return vs_run_fail(run, -errno, "waiting for the end of process %d", child->pid);
	if (kill_it ? !WIFSIGNALED(status) : !WIFEXITED(status) || WEXITSTATUS(status))
		return vs_run_fail(run, -EPROTO, "process %d of this scenario ended with status 0x%x", child->pid, status);
	return 0;
}
