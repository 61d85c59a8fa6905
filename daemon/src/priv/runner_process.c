/* SPDX-License-Identifier: MIT */
#include "priv/runner_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <xf86drm.h>

#include "util.h"

/* Cleaning up after a scenario may wait for the GPU's hang check (2.6 s measured on the virtual board). */
#define VS_RUNNER_GRACE_MS 5000

/* Closes all but stderr, the socket and what was opened for scenarios; stdin and stdout are the tracer's wire. */
static int vs_runner_close_others(int socket, const struct vs_runner_fds *keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	for (int fd = 3; fd < (int)sysconf(_SC_OPEN_MAX) && fd < 1024; fd++)
		if (fd != socket && fd != keep->shrink && fd != keep->vgem)
			close(fd);
	return 0;
}

/*
 * The card node, with the right to become DRM master of it later. A process without privileges has that right only on a
 * file that it opened itself and that was master before (drm_master_check_perm(), drm_auth.c, Linux 7.3), so it is opened
 * here, before privileges go, and given up at once: other clients shall find the display as it was. -1 where another
 * process is master.
 */
static int vs_runner_open_card(const char *path)
{
	int fd = path[0] ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd >= 0 && drmIsMaster(fd) && !drmDropMaster(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static _Noreturn void vs_runner_child(int socket, pid_t parent, const struct vs_identity *identity,
				      const struct vs_runner_fds *fds)
{
	struct vs_runner_fds own = *fds;
	sigset_t none;
	int r;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = vs_runner_close_others(socket, &own);
	own.card = vs_runner_open_card(own.card_path);
	own.display = strcmp(own.display_path, own.card_path) ? vs_runner_open_card(own.display_path) : own.card;
	if (!r)
		r = vs_confine(identity);
	/* After the ids have changed, which clears it. */
	if (!r && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		r = -errno;
	if (!r && getppid() != parent)
		r = -ESRCH;
	if (r) {
		fprintf(stderr, "vascoped: the scenario runner cannot be confined: %s\n", strerror(-r));
		_exit(1);
	}
	prctl(PR_SET_NAME, "vascoped-run", 0, 0, 0);
	_exit(vs_runner_main(socket, &own) ? 1 : 0);
}

int vs_runner_process_start(struct vs_runner_process *process, const struct vs_identity *identity,
			    const struct vs_runner_fds *fds)
{
	pid_t parent = getpid();
	int pair[2];
	pid_t pid;

	*process = (struct vs_runner_process){ .socket = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (!pid)
		vs_runner_child(pair[1], parent, identity, fds);
	close(pair[1]);
	process->pid = pid;
	process->socket = pair[0];
	return fcntl(process->socket, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

void vs_runner_process_stop(struct vs_runner_process *process)
{
	struct pollfd ended = { .fd = -1, .events = POLLIN };

	if (process->socket >= 0)
		close(process->socket);
	process->socket = -1;
	if (!process->pid)
		return;
	ended.fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (ended.fd < 0 || poll(&ended, 1, VS_RUNNER_GRACE_MS) != 1)
		kill(process->pid, SIGKILL);
	if (ended.fd >= 0)
		close(ended.fd);
	waitpid(process->pid, NULL, 0);
	process->pid = 0;
}
