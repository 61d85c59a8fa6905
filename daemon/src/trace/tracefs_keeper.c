/* SPDX-License-Identifier: MIT */
#include "trace/tracefs_keeper.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "util.h"

/* Root's files are all it needs: uid 0 without any capability, and nothing that could give it one. */
static void vs_keeper_confine(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	for (unsigned long cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	syscall(SYS_capset, &head, none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Neither the connection's descriptors, which would stay open with it, nor its session, whose end would end it. */
static void vs_keeper_leave(int pipe, int root)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3, end = (int)sysconf(_SC_OPEN_MAX); fd < end && fd < 65536; fd++)
		if (fd != pipe && fd != root)
			close(fd);
	if (chdir("/"))
		_exit(1);
}

_Noreturn static void vs_keeper_run(int pipe, const struct vs_tracefs *tracefs)
{
	char byte;

	prctl(PR_SET_NAME, "vascoped-keeper");
	vs_keeper_leave(pipe, tracefs->root);
	vs_keeper_confine();
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(vs_tracefs_remove_used(tracefs->root, tracefs->name, tracefs->group) ? 1 : 0);
}

int vs_keeper_start(struct vs_keeper *keeper, const struct vs_tracefs *tracefs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	keeper->pid = fork();
	if (!keeper->pid)
		vs_keeper_run(ends[0], tracefs); /* closes the other end too */
	close(ends[0]);
	keeper->pipe = ends[1];
	if (keeper->pid < 0) {
		close(ends[1]);
		keeper->pid = 0;
		return -EAGAIN;
	}
	return 0;
}

void vs_keeper_stop(struct vs_keeper *keeper)
{
	if (!keeper->pid)
		return;
	close(keeper->pipe);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	keeper->pid = 0;
}
