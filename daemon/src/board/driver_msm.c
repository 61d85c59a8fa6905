/* SPDX-License-Identifier: MIT */
#include "board/driver_msm.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "drm/msm.h"
#include "util.h"

static void vs_gpu_name(uint64_t chip_id, char *ret, size_t room)
{
	unsigned int core = (chip_id >> 24) & 0xff, major = (chip_id >> 16) & 0xff, minor = (chip_id >> 8) & 0xff;

	/* Newer parts have an id that does not spell the name (adreno_device.c, Linux 7.3). */
	if (core >= 2 && core <= 7 && major < 10 && minor < 10)
		snprintf(ret, room, "Adreno %u%u%u", core, major, minor);
	else
		snprintf(ret, room, "Adreno, chip %08llx", (unsigned long long)chip_id);
}

void vs_msm_facts_read(const char *render_path, struct vs_msm_facts *facts)
{
	_vs_close_ int asked = open(render_path, O_RDWR | O_CLOEXEC);
	_vs_close_ int bound = open(render_path, O_RDWR | O_CLOEXEC);
	uint64_t value;

	*facts = (struct vs_msm_facts){ .present = true };
	if (asked < 0 || bound < 0) {
		facts->error = -errno;
		facts->vm_bind_error = facts->error;
		return;
	}
	/* Before anything else on that file: GET_PARAM would give it a VM, and then it is too late. */
	facts->vm_bind_error = vs_msm_en_vm_bind(bound);
	facts->vm_bind = !facts->vm_bind_error;
	facts->error = vs_msm_get_param(asked, VS_MSM_PARAM_CHIP_ID, &value);
	if (facts->error)
		return;
	vs_gpu_name(value, facts->gpu, sizeof(facts->gpu));
	if (!vs_msm_get_param(asked, VS_MSM_PARAM_HAS_PRR, &value))
		facts->sparse = value != 0;
	if (!vs_msm_get_param(asked, VS_MSM_PARAM_VA_START, &value))
		facts->va_start = value;
	if (!vs_msm_get_param(asked, VS_MSM_PARAM_VA_SIZE, &value))
		facts->va_size = value;
}

/* Numbers of the mount calls, the same on every architecture; glibc 2.36 has no wrapper that links everywhere. */
static int vs_debugfs_mount(void)
{
	_vs_close_ int context = (int)syscall(SYS_fsopen, "debugfs", 1 /* FSOPEN_CLOEXEC */);

	if (context < 0 || syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	return (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
}

static int vs_msm_open_debugfs(int card_minor, const char *name, int flags)
{
	_vs_close_ int mounted = -1;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%d/%s", card_minor, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	mounted = vs_debugfs_mount();
	if (mounted < 0)
		return -errno;
	snprintf(path, sizeof(path), "dri/%d/%s", card_minor, name);
	fd = openat(mounted, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int vs_msm_open_walk(int card_minor)
{
	return vs_msm_open_debugfs(card_minor, "gem", O_RDONLY);
}

int vs_msm_open_shrink(int card_minor)
{
	return vs_msm_open_debugfs(card_minor, "shrink", O_WRONLY);
}
