// SPDX-License-Identifier: MIT
/* Fences of other makers than msm. See sync.h. */
#include "drm/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <xf86drm.h>

#include "util.h"

static int request(int fd, unsigned long nr, void *arg)
{
	return drmIoctl(fd, nr, arg) ? -errno : 0;
}

int vs_syncobj_new(int fd, uint32_t *ret_handle)
{
	struct drm_syncobj_create arg = { 0 };
	int r = request(fd, DRM_IOCTL_SYNCOBJ_CREATE, &arg);

	if (!r)
		*ret_handle = arg.handle;
	return r;
}

int vs_syncobj_close(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy arg = { .handle = handle };

	return request(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &arg);
}

int vs_syncobj_wait(int fd, uint32_t handle, uint64_t point, unsigned timeout_ms)
{
	/* Point 0 of a timeline wait is the binary fence. */
	struct drm_syncobj_timeline_wait arg = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.timeout_nsec = (int64_t)(vs_now_ns() + timeout_ms * VS_NS_PER_MS),
		.count_handles = 1,
	};

	return request(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &arg);
}

int vs_syncobj_signal(int fd, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_timeline_array arg = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};
	struct drm_syncobj_array binary = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
	};

	return point ? request(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &arg) :
		       request(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &binary);
}

/*
 * vgem's ABI, after include/uapi/drm/vgem_drm.h, and the dma-buf request of Linux 6.0 (include/uapi/linux/dma-buf.h), which the
 * oldest headers this is built with do not have.
 */
#define VGEM_FENCE_WRITE 0x1

struct vgem_fence_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct vgem_fence_signal {
	uint32_t fence;
	uint32_t flags;
};

#define IOCTL_VGEM_FENCE_ATTACH DRM_IOWR(DRM_COMMAND_BASE + 0x1, struct vgem_fence_attach)
#define IOCTL_VGEM_FENCE_SIGNAL DRM_IOW(DRM_COMMAND_BASE + 0x2, struct vgem_fence_signal)

struct export_sync_file {
	uint32_t flags;
	int32_t fd;
};

#define IOCTL_EXPORT_SYNC_FILE _IOWR(DMA_BUF_BASE, 2, struct export_sync_file)

int vs_vgem_fence_new(int vgem, uint32_t *ret_id, int *ret_fence)
{
	struct drm_mode_create_dumb dumb = { .width = 32, .height = 32, .bpp = 32 };
	struct vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	struct export_sync_file export = { .flags = DMA_BUF_SYNC_READ, .fd = -1 };
	struct drm_gem_close close_arg;
	int r = request(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);

	if (r)
		return r;
	attach.handle = prime.handle = close_arg.handle = dumb.handle;
	close_arg.pad = 0;
	r = request(vgem, IOCTL_VGEM_FENCE_ATTACH, &attach);
	if (!r)
		r = request(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (!r)
		r = request(prime.fd, IOCTL_EXPORT_SYNC_FILE, &export);
	if (prime.fd >= 0)
		close(prime.fd);
	/* The sync_file keeps the fence. */
	r = request(vgem, DRM_IOCTL_GEM_CLOSE, &close_arg) ?: r;
	if (r && attach.out_fence)
		vs_vgem_fence_signal(vgem, attach.out_fence);
	if (r && export.fd >= 0)
		close(export.fd);
	if (r)
		return r;
	*ret_id = attach.out_fence;
	*ret_fence = export.fd;
	return 0;
}

int vs_vgem_fence_signal(int vgem, uint32_t id)
{
	struct vgem_fence_signal arg = { .fence = id };

	return request(vgem, IOCTL_VGEM_FENCE_SIGNAL, &arg);
}
