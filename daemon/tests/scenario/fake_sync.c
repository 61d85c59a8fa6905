// SPDX-License-Identifier: MIT
/* Fences of the fake msm beyond its own: sync objects, dma-bufs, and vgem's, which signal when told to. */
#include "fake_msm_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <xf86drm.h>

#define N_LATE 16
#define N_DMABUFS 32

/* Numbers of vgem's requests, and of EXPORT_SYNC_FILE. */
#define NR_VGEM_ATTACH 0x41
#define NR_VGEM_SIGNAL 0x42

static int late[N_LATE]; /* by id - 1; 0: none */
static struct {
	ino_t inode;
	struct bo *bo;
} dmabuf[N_DMABUFS];
static unsigned n_dmabufs;

void fake_sync_start(void)
{
	memset(late, 0, sizeof(late));
	memset(dmabuf, 0, sizeof(dmabuf));
	n_dmabufs = 0;
}

static bool is_pending(int fence)
{
	struct pollfd fd = { .fd = fence, .events = POLLIN };

	return poll(&fd, 1, 0) == 0;
}

static int *syncobj_of(struct context *context, uint32_t handle)
{
	return handle && handle < FAKE_SYNCOBJS && context->syncobj[handle] ? &context->syncobj[handle] : NULL;
}

int fake_sync_after(struct context *context, const struct vs_msm_vm_bind *arg)
{
	const struct vs_msm_syncobj *in = (const void *)(uintptr_t)arg->in_syncobjs;
	const struct vs_msm_syncobj *out = (const void *)(uintptr_t)arg->out_syncobjs;
	int after = -1;

	if (arg->flags & VS_MSM_VM_BIND_FENCE_FD_IN) {
		if (fcntl(arg->fence_fd, F_GETFD) < 0)
			return -EINVAL;
		after = arg->fence_fd;
	}
	if (arg->in_syncobjs && arg->in_syncobjs < 4096)
		return -EFAULT;
	for (uint32_t i = 0; i < arg->nr_in_syncobjs; i++) {
		int *fence = syncobj_of(context, in[i].handle);

		if (in[i].flags & ~1u)
			return -EINVAL;
		if (!fence)
			return -ENOENT;
		if (*fence < 0)
			return -EINVAL;
		if (is_pending(*fence))
			after = *fence;
	}
	for (uint32_t i = 0; i < arg->nr_out_syncobjs; i++)
		if (out[i].flags || !syncobj_of(context, out[i].handle))
			return -EINVAL;
	return after >= 0 && is_pending(after) ? dup(after) : fake_fence();
}

void fake_sync_out(struct context *context, const struct vs_msm_vm_bind *arg, int fence)
{
	const struct vs_msm_syncobj *out = (const void *)(uintptr_t)arg->out_syncobjs;

	for (uint32_t i = 0; i < arg->nr_out_syncobjs; i++) {
		int *held = syncobj_of(context, out[i].handle);

		if (*held > 0)
			close(*held);
		*held = dup(fence);
	}
}

static int syncobj_new(struct context *context, struct drm_syncobj_create *arg)
{
	for (unsigned i = 1; i < FAKE_SYNCOBJS; i++) {
		if (!context->syncobj[i]) {
			context->syncobj[i] = -1;
			arg->handle = i;
			return 0;
		}
	}
	return ENOMEM;
}

static int syncobj_close(struct context *context, uint32_t handle)
{
	int *fence = syncobj_of(context, handle);

	if (!fence)
		return EINVAL;
	if (*fence > 0)
		close(*fence);
	*fence = 0;
	return 0;
}

void fake_sync_close(struct context *context)
{
	for (uint32_t handle = 1; handle < FAKE_SYNCOBJS; handle++)
		syncobj_close(context, handle);
}

static int syncobj_wait(struct context *context, const struct drm_syncobj_timeline_wait *arg)
{
	int *fence = syncobj_of(context, *(const uint32_t *)(uintptr_t)arg->handles);

	if (!fence)
		return ENOENT;
	if (*fence < 0)
		return EINVAL;
	return is_pending(*fence) ? ETIME : 0;
}

static int export(struct context *context, struct drm_prime_handle *arg)
{
	struct bo *bo = fake_bo(context, arg->handle);
	struct stat st;

	if (!bo || n_dmabufs == N_DMABUFS)
		n_dmabufs = n_dmabufs == N_DMABUFS ? 0 : n_dmabufs;
	if (!bo)
		return ENOENT;
	arg->fd = memfd_create("fake-dmabuf", MFD_CLOEXEC);
	if (arg->fd < 0 || fstat(arg->fd, &st))
		return ENOMEM;
	dmabuf[n_dmabufs].inode = st.st_ino;
	dmabuf[n_dmabufs++].bo = bo;
	return 0;
}

/* The same handle again when this file has one. */
static int import(struct context *context, struct drm_prime_handle *arg)
{
	struct stat st;

	if (fstat(arg->fd, &st))
		return EBADF;
	for (unsigned i = 0; i < n_dmabufs; i++) {
		if (dmabuf[i].inode != st.st_ino)
			continue;
		for (uint32_t handle = 1; handle < FAKE_HANDLES; handle++) {
			if (context->handle[handle] == dmabuf[i].bo) {
				arg->handle = handle;
				return 0;
			}
		}
		arg->handle = fake_handle_to(context, dmabuf[i].bo);
		return 0;
	}
	return EINVAL;
}

static int late_new(uint32_t *id)
{
	for (unsigned i = 0; i < N_LATE; i++) {
		if (!late[i]) {
			late[i] = eventfd(0, EFD_CLOEXEC);
			*id = i + 1;
			return 0;
		}
	}
	return ENOMEM;
}

static int late_signal(uint32_t id)
{
	uint64_t one = 1;

	if (!id || id > N_LATE || !late[id - 1])
		return ENOENT;
	if (write(late[id - 1], &one, sizeof(one)) != sizeof(one))
		return EIO;
	close(late[id - 1]);
	late[id - 1] = 0;
	return 0;
}

/* The fence that was made last is the one of the dma-buf. */
static int export_fence(int32_t *ret)
{
	for (unsigned i = N_LATE; i-- > 0;) {
		if (late[i]) {
			*ret = dup(late[i]);
			return 0;
		}
	}
	return EINVAL;
}

int fake_sync_ioctl(struct context *context, int fd, unsigned long request, void *arg)
{
	uint32_t *words = arg;

	switch (request) {
	case DRM_IOCTL_SYNCOBJ_CREATE:
		return syncobj_new(context, arg);
	case DRM_IOCTL_SYNCOBJ_DESTROY:
		return syncobj_close(context, words[0]);
	case DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT:
		return syncobj_wait(context, arg);
	case DRM_IOCTL_PRIME_HANDLE_TO_FD:
		return export(context, arg);
	case DRM_IOCTL_PRIME_FD_TO_HANDLE:
		return import(context, arg);
	}
	if (_IOC_TYPE(request) == DMA_BUF_BASE && _IOC_NR(request) == 2)
		return export_fence((int32_t *)&words[1]);
	if (_IOC_TYPE(request) == DRM_IOCTL_BASE && _IOC_NR(request) == NR_VGEM_ATTACH && _IOC_SIZE(request) == 16 &&
	    _IOC_DIR(request) == (_IOC_READ | _IOC_WRITE))
		return late_new(&words[2]);
	if (_IOC_TYPE(request) == DRM_IOCTL_BASE && _IOC_NR(request) == NR_VGEM_SIGNAL && _IOC_SIZE(request) == 8)
		return late_signal(words[0]);
	return -1;
}

/* vgem's time is up. */
void fake_sync_settle(void)
{
	for (unsigned i = 0; i < N_LATE; i++)
		if (late[i])
			late_signal(i + 1);
}
