// SPDX-License-Identifier: MIT
/* msm's ioctls, one function each. See msm.h. */
#include "drm/msm.h"

#include <errno.h>
#include <string.h>

#include <xf86drm.h>

static int request(int fd, unsigned long nr, void *arg)
{
	return drmIoctl(fd, nr, arg) ? -errno : 0;
}

int vs_msm_en_vm_bind(int fd)
{
	struct vs_msm_param arg = {
		.pipe = VS_MSM_PIPE_3D0,
		.param = VS_MSM_PARAM_EN_VM_BIND,
		.value = 1,
	};

	return request(fd, VS_IOCTL_MSM_SET_PARAM, &arg);
}

int vs_msm_get_param(int fd, uint32_t param, uint64_t *ret_value)
{
	struct vs_msm_param arg = {
		.pipe = VS_MSM_PIPE_3D0,
		.param = param,
	};
	int r = request(fd, VS_IOCTL_MSM_GET_PARAM, &arg);

	if (!r)
		*ret_value = arg.value;
	return r;
}

int vs_msm_gem_new(int fd, uint64_t size, uint32_t flags, uint32_t *ret_handle)
{
	struct vs_msm_gem_new arg = {
		.size = size,
		.flags = flags,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_NEW, &arg);

	if (!r)
		*ret_handle = arg.handle;
	return r;
}

int vs_msm_gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close arg = {
		.handle = handle,
	};

	return request(fd, DRM_IOCTL_GEM_CLOSE, &arg);
}

int vs_msm_gem_set_name(int fd, uint32_t handle, const char *name)
{
	struct vs_msm_gem_info arg = {
		.handle = handle,
		.info = VS_MSM_INFO_SET_NAME,
		.value = (uintptr_t)name,
		.len = strlen(name),
	};

	return request(fd, VS_IOCTL_MSM_GEM_INFO, &arg);
}

int vs_msm_gem_mmap_offset(int fd, uint32_t handle, uint64_t *ret_offset)
{
	struct vs_msm_gem_info arg = {
		.handle = handle,
		.info = VS_MSM_INFO_GET_OFFSET,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_INFO, &arg);

	if (!r)
		*ret_offset = arg.value;
	return r;
}

int vs_msm_submitqueue_new(int fd, uint32_t flags, uint32_t prio, uint32_t *ret_id)
{
	struct vs_msm_submitqueue arg = {
		.flags = flags,
		.prio = prio,
	};
	int r = request(fd, VS_IOCTL_MSM_SUBMITQUEUE_NEW, &arg);

	if (!r)
		*ret_id = arg.id;
	return r;
}

int vs_msm_submitqueue_close(int fd, uint32_t id)
{
	return request(fd, VS_IOCTL_MSM_SUBMITQUEUE_CLOSE, &id);
}

int vs_msm_vm_bind(int fd, uint32_t queue, const struct vs_msm_vm_bind_op *ops, uint32_t n, int *ret_fence)
{
	struct vs_msm_vm_bind arg = {
		.flags = ret_fence ? VS_MSM_VM_BIND_FENCE_FD_OUT : 0,
		.nr_ops = n,
		.fence_fd = -1,
		.queue_id = queue,
		.op_stride = sizeof(*ops),
	};
	int r;

	if (n == 1)
		arg.op = *ops;
	else
		arg.ops = (uintptr_t)ops;
	r = request(fd, VS_IOCTL_MSM_VM_BIND, &arg);
	if (!r && ret_fence)
		*ret_fence = arg.fence_fd;
	return r;
}

int vs_msm_gem_submit(int fd, uint32_t queue, uint64_t iova, uint32_t size, int *ret_fence)
{
	struct vs_msm_gem_submit_cmd cmd = {
		.type = VS_MSM_SUBMIT_CMD_BUF,
		.size = size,
		.iova = iova,
	};
	struct vs_msm_gem_submit arg = {
		.flags = VS_MSM_PIPE_3D0 | (ret_fence ? VS_MSM_SUBMIT_FENCE_FD_OUT : 0),
		.nr_cmds = 1,
		.cmds = (uintptr_t)&cmd,
		.fence_fd = -1,
		.queueid = queue,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_SUBMIT, &arg);

	if (!r && ret_fence)
		*ret_fence = arg.fence_fd;
	return r;
}
