// SPDX-License-Identifier: MIT
/* msm's ioctls, one function each. See msm.h. */
#include "drm/msm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <xf86drm.h>

#include "drm/handles.h"

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

void vs_msm_close(int fd)
{
	vs_handles_forget(fd);
	drmClose(fd);
}

int vs_msm_gem_new(int fd, uint64_t size, uint32_t flags, uint32_t *ret_handle)
{
	struct vs_msm_gem_new arg = {
		.size = size,
		.flags = flags,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_NEW, &arg);

	if (!r) {
		*ret_handle = arg.handle;
		vs_handle_add(fd, arg.handle, size);
	}
	return r;
}

int vs_msm_gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close arg = {
		.handle = handle,
	};

	/* Before: a number that the kernel may give to something else is no longer known. */
	vs_handle_remove(fd, handle);
	return request(fd, DRM_IOCTL_GEM_CLOSE, &arg);
}

int vs_msm_gem_export(int fd, uint32_t handle, int *ret_dmabuf)
{
	struct drm_prime_handle arg = {
		.handle = handle,
		.flags = DRM_CLOEXEC | DRM_RDWR,
		.fd = -1,
	};
	int r = request(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg);

	if (!r)
		*ret_dmabuf = arg.fd;
	return r;
}

int vs_msm_gem_import(int fd, int dmabuf, uint64_t size, uint32_t *ret_handle)
{
	struct drm_prime_handle arg = {
		.fd = dmabuf,
	};
	int r = request(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);

	if (!r) {
		*ret_handle = arg.handle;
		vs_handle_add(fd, arg.handle, size);
	}
	return r;
}

int vs_msm_gem_open_again(int fd, uint32_t handle, uint64_t size, uint32_t *ret_handle)
{
	struct drm_gem_flink name = {
		.handle = handle,
	};
	struct drm_gem_open again = { 0 };
	int r = request(fd, DRM_IOCTL_GEM_FLINK, &name);

	again.name = name.name;
	if (!r)
		r = request(fd, DRM_IOCTL_GEM_OPEN, &again);
	if (!r) {
		*ret_handle = again.handle;
		vs_handle_add(fd, again.handle, size);
	}
	return r;
}

int vs_msm_gem_iova(int fd, uint32_t handle, uint64_t *ret_iova)
{
	struct vs_msm_gem_info arg = {
		.handle = handle,
		.info = VS_MSM_INFO_GET_IOVA,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_INFO, &arg);

	if (!r)
		*ret_iova = arg.value;
	return r;
}

int vs_msm_gem_madvise(int fd, uint32_t handle, uint32_t madv, bool *ret_retained)
{
	struct vs_msm_gem_madvise arg = {
		.handle = handle,
		.madv = madv,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_MADVISE, &arg);

	if (!r)
		*ret_retained = arg.retained;
	return r;
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

static bool is_safe(int fd, const struct vs_msm_vm_bind_op *ops, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t size = ops[i].handle ? vs_handle_size(fd, ops[i].handle) : 0;

		if (ops[i].handle && !size)
			return false;
		if (n > 1 && ops[i].handle && ops[i].obj_offset + ops[i].range > size)
			return false;
	}
	return true;
}

int vs_msm_vm_bind_raw(int fd, struct vs_msm_vm_bind *arg, uint32_t n)
{
	if (n && !is_safe(fd, n == 1 ? &arg->op : (const void *)(uintptr_t)arg->ops, n))
		return -EBADF;
	return request(fd, VS_IOCTL_MSM_VM_BIND, arg);
}

int vs_msm_vm_bind(int fd, uint32_t queue, const struct vs_msm_vm_bind_op *ops, uint32_t n,
		   const struct vs_msm_sync *sync)
{
	static const struct vs_msm_sync none = { .in_fence = -1 };
	const struct vs_msm_sync *s = sync ? sync : &none;
	struct vs_msm_vm_bind arg = {
		.flags = (s->in_fence >= 0 ? VS_MSM_VM_BIND_FENCE_FD_IN : 0) |
			 (s->out_fence ? VS_MSM_VM_BIND_FENCE_FD_OUT : 0),
		.nr_ops = n,
		.fence_fd = s->in_fence,
		.queue_id = queue,
		.in_syncobjs = (uintptr_t)s->in,
		.out_syncobjs = (uintptr_t)s->out,
		.nr_in_syncobjs = s->n_in,
		.nr_out_syncobjs = s->n_out,
		.syncobj_stride = s->n_in || s->n_out ? sizeof(struct vs_msm_syncobj) : 0,
		.op_stride = sizeof(*ops),
	};
	int r;

	if (n == 1)
		arg.op = *ops;
	else
		arg.ops = (uintptr_t)ops;
	r = vs_msm_vm_bind_raw(fd, &arg, n);
	if (!r && s->out_fence)
		*s->out_fence = arg.fence_fd;
	return r;
}

static int submit(int fd, uint32_t queue, const struct vs_msm_gem_submit_bo *bos, uint32_t n_bos, uint64_t iova,
		  uint32_t size, int *ret_fence)
{
	struct vs_msm_gem_submit_cmd cmd = {
		.type = VS_MSM_SUBMIT_CMD_BUF,
		.size = size,
		.iova = iova,
	};
	struct vs_msm_gem_submit arg = {
		.flags = VS_MSM_PIPE_3D0 | (ret_fence ? VS_MSM_SUBMIT_FENCE_FD_OUT : 0),
		.nr_bos = n_bos,
		.nr_cmds = 1,
		.bos = (uintptr_t)bos,
		.cmds = (uintptr_t)&cmd,
		.fence_fd = -1,
		.queueid = queue,
	};
	int r = request(fd, VS_IOCTL_MSM_GEM_SUBMIT, &arg);

	if (!r && ret_fence)
		*ret_fence = arg.fence_fd;
	return r;
}

int vs_msm_gem_submit(int fd, uint32_t queue, uint64_t iova, uint32_t size, int *ret_fence)
{
	return submit(fd, queue, NULL, 0, iova, size, ret_fence);
}

int vs_msm_gem_submit_bos(int fd, uint32_t queue, const struct vs_msm_gem_submit_bo *bos, uint32_t n, uint32_t size,
			  int *ret_fence)
{
	return submit(fd, queue, bos, n, 0, size, ret_fence);
}
