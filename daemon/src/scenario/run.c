// SPDX-License-Identifier: MIT
/* What a scenario may use while it runs. See run.h. */
#include "scenario/run.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "scenario/vm.h"

const char *const vs_issued_names[VS_N_ISSUED] = {
	[VS_ISSUED_MAP] = "map",
	[VS_ISSUED_UNMAP] = "unmap",
	[VS_ISSUED_MAP_NULL] = "map-null",
	[VS_ISSUED_SUBMIT] = "submit",
	[VS_ISSUED_COMMIT] = "commit",
	[VS_ISSUED_GEM_NEW] = "gem-new",
	[VS_ISSUED_GEM_CLOSE] = "gem-close",
	[VS_ISSUED_ADDFB] = "addfb",
	[VS_ISSUED_RMFB] = "rmfb",
	[VS_ISSUED_EXPECT_VA_INSERT] = "expect-va-insert",
	[VS_ISSUED_EXPECT_VA_REMOVE] = "expect-va-remove",
};

int vs_run_fail(struct vs_run *run, int err, const char *format, ...)
{
	va_list args;
	int n;

	if (run->text[0])
		return err;
	va_start(args, format);
	n = vsnprintf(run->text, sizeof(run->text), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(run->text))
		snprintf(run->text + n, sizeof(run->text) - n, ": %s", strerror(-err));
	return err;
}

int vs_run_step(struct vs_run *run)
{
	return run->cleaning ? 0 : run->control.step(run, run->control.data);
}

/*
 * Wait for fd (or for nothing, -1) until the deadline, and keep the owner served.
 * 0 when fd is readable, -ETIME at the deadline, -ECANCELED.
 */
static int wait_until(struct vs_run *run, int fd, uint64_t deadline)
{
	/* A cancel may have been read while something else was waited for: then the descriptor does not tell of it. */
	int r = vs_run_step(run);

	while (!r) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = run->cleaning ? -1 : run->control.fd, .events = POLLIN },
		};
		uint64_t now = vs_now_ns();
		struct timespec left = { 0 };
		int n;

		if (now < deadline) {
			left.tv_sec = (deadline - now) / 1000000000;
			left.tv_nsec = (deadline - now) % 1000000000;
		}
		n = ppoll(fds, 2, &left, NULL);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[0].revents)
			return 0;
		if (n > 0 && fds[1].revents)
			r = vs_run_step(run);
		if (!r && now >= deadline)
			r = -ETIME;
	}
	return r;
}

int vs_run_sleep_until(struct vs_run *run, uint64_t ns)
{
	int r = wait_until(run, -1, ns);

	return r == -ETIME ? 0 : r;
}

int vs_run_wait_fd(struct vs_run *run, int fd, unsigned timeout_ms)
{
	return wait_until(run, fd, vs_now_ns() + timeout_ms * 1000000ull);
}

int vs_run_wait_fence(struct vs_run *run, int fence, const char *what)
{
	struct sync_file_info info = { 0 };
	int r = vs_run_wait_fd(run, fence, run->fence_timeout_ms);

	if (r == -ETIME) {
		vs_run_fail(run, r, "the fence of %s did not signal within %u ms", what,
			    run->fence_timeout_ms);
	} else if (r && r != -ECANCELED) {
		vs_run_fail(run, r, "waiting for the fence of %s", what);
	} else if (!r && drmIoctl(fence, SYNC_IOC_FILE_INFO, &info)) {
		r = vs_run_fail(run, -errno, "reading the state of the fence of %s", what);
	} else if (!r && info.status < 0) {
		r = vs_run_fail(run, info.status, "the fence of %s signalled an error", what);
	}
	close(fence);
	return r;
}

int vs_run_scenario(struct vs_run *run)
{
	int (*open_vm)(struct vs_vm *vm, struct vs_run *run) = run->scenario->open ? run->scenario->open : vs_vm_open;

	if (run->scenario->run)
		return run->scenario->run(run);
	while (run->done < run->total) {
		struct vs_vm vm = { .fd = -1, .run = run };
		int r = vs_run_step(run), closed;

		if (!r)
			r = open_vm(&vm, run);
		if (!r)
			r = run->scenario->in_vm(&vm);
		closed = vs_vm_close(&vm);
		if (r || closed)
			return r ? r : closed;
		run->done++;
	}
	return 0;
}
