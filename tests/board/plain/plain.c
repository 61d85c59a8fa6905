/* SPDX-License-Identifier: MIT */
/*
 * A plain DRM client: it knows nothing of Vascope, and shows that what it asks of the kernel is traced as completely as what a
 * scenario asks. Every step is in the order in which tracing.test.ts counts it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>

#include "drm/msm_abi.h"

#define RENDER "/dev/dri/renderD128"
#define CARD "/dev/dri/card0"
#define SHRINK "/sys/kernel/debug/dri/0/shrink"
#define STALL "/sys/module/virt_adreno/parameters/stall" /* of the emulated GPU */

#define PAGE 4096ull
#define BOS 8
#define BO_SIZE (16 * PAGE)
#define BASE 0x100000000ull
#define STRIDE (1ull << 20)
#define DUMP 0x00000001 /* MSM_VM_BIND_OP_DUMP */

static void fatal(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void call(int fd, unsigned long request, void *arg, const char *what)
{
	int r;

	do
		r = ioctl(fd, request, arg);
	while (r < 0 && (errno == EINTR || errno == EAGAIN));
	if (r < 0)
		fatal(what);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fatal(path);
	return fd;
}

static uint32_t bo_new(int fd, uint64_t size, uint32_t flags)
{
	struct vs_msm_gem_new new = { .size = size, .flags = flags };

	call(fd, VS_IOCTL_MSM_GEM_NEW, &new, "GEM_NEW");
	return new.handle;
}

static void bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	call(fd, DRM_IOCTL_GEM_CLOSE, &close, "GEM_CLOSE");
}

static void bind(int fd, uint32_t queue, struct vs_msm_vm_bind_op op)
{
	struct vs_msm_vm_bind bind = { .nr_ops = 1, .queue_id = queue, .op_stride = sizeof(op), .op = op };

	call(fd, VS_IOCTL_MSM_VM_BIND, &bind, "VM_BIND");
}

static int open_bind(uint32_t *ret_queue)
{
	struct vs_msm_param enable = { .pipe = VS_MSM_PIPE_3D0, .param = VS_MSM_PARAM_EN_VM_BIND, .value = 1 };
	struct vs_msm_submitqueue queue = { .flags = VS_MSM_SUBMITQUEUE_VM_BIND };
	int fd = open_node(RENDER);

	call(fd, VS_IOCTL_MSM_SET_PARAM, &enable, "EN_VM_BIND");
	call(fd, VS_IOCTL_MSM_SUBMITQUEUE_NEW, &queue, "SUBMITQUEUE_NEW");
	*ret_queue = queue.id;
	return fd;
}

/* A map, the same map with other flags, a split, a map over what is left, an unmap; a sparse range. The first BO stays mapped. */
static void user_managed(void)
{
	uint32_t queue;
	int fd = open_bind(&queue);

	for (int i = 0; i < BOS; i++) {
		uint32_t bo = bo_new(fd, BO_SIZE, VS_MSM_BO_WC);
		uint64_t iova = BASE + i * STRIDE, sparse = iova + STRIDE / 2;
		struct vs_msm_vm_bind_op map = { .op = VS_MSM_VM_BIND_OP_MAP, .handle = bo, .iova = iova,
						 .range = BO_SIZE };
		struct vs_msm_vm_bind_op dump = map;

		dump.flags = DUMP;
		bind(fd, queue, map);
		bind(fd, queue, dump);
		bind(fd, queue, (struct vs_msm_vm_bind_op){ .iova = iova + 4 * PAGE, .range = 4 * PAGE });
		bind(fd, queue, map);
		bind(fd, queue, (struct vs_msm_vm_bind_op){ .op = VS_MSM_VM_BIND_OP_MAP_NULL, .iova = sparse,
							       .range = PAGE });
		bind(fd, queue, (struct vs_msm_vm_bind_op){ .iova = sparse, .range = PAGE });
		if (i)
			bind(fd, queue, (struct vs_msm_vm_bind_op){ .iova = iova, .range = BO_SIZE });
		bo_close(fd, bo);
	}
	close(fd);
}

static void submit(int fd, const uint32_t *bos, uint32_t n)
{
	struct vs_msm_gem_submit_bo list[BOS] = { 0 };
	struct vs_msm_gem_submit submit = { .flags = VS_MSM_PIPE_3D0 | VS_MSM_SUBMIT_FENCE_FD_OUT, .nr_bos = n,
					    .bos = (uintptr_t)list, .fence_fd = -1 };
	struct pollfd fence = { .events = POLLIN };

	for (uint32_t i = 0; i < n; i++)
		list[i] = (struct vs_msm_gem_submit_bo){ .flags = VS_MSM_SUBMIT_BO_READ, .handle = bos[i] };
	call(fd, VS_IOCTL_MSM_GEM_SUBMIT, &submit, "GEM_SUBMIT");
	fence.fd = submit.fence_fd;
	if (poll(&fence, 1, 20000) != 1)
		fatal("the fence of a submit");
	close(fence.fd);
}

static uint32_t madvise_bo(int fd, uint32_t handle, uint32_t madv)
{
	struct vs_msm_gem_madvise advise = { .handle = handle, .madv = madv };

	call(fd, VS_IOCTL_MSM_GEM_MADVISE, &advise, "GEM_MADVISE");
	return advise.retained;
}

/* No more than is not needed: the rest has swap space. */
static void shrink(void)
{
	int fd = open(SHRINK, O_WRONLY);

	if (fd < 0 || write(fd, "16", 2) != 2)
		fatal(SHRINK);
	close(fd);
}

/* Two BOs that a submit maps, one of them purged; one handle is closed here, the other with the file. */
static void kernel_managed(void)
{
	int fd = open_node(RENDER);
	uint32_t bos[2] = { bo_new(fd, BO_SIZE, VS_MSM_BO_WC), bo_new(fd, BO_SIZE, VS_MSM_BO_WC) };

	submit(fd, bos, 2);
	submit(fd, bos, 2);
	if (!madvise_bo(fd, bos[0], VS_MSM_MADV_DONTNEED))
		fatal("the pages of a BO in use are gone");
	shrink();
	if (madvise_bo(fd, bos[0], VS_MSM_MADV_WILLNEED))
		fatal("the shrinker took nothing");
	bo_close(fd, bos[0]);
	close(fd);
}

/* One BO in two files; a second request for a dma-buf of it gives the same one. */
static void shared(void)
{
	int a = open_node(RENDER), b = open_node(RENDER);
	uint32_t bo = bo_new(a, BO_SIZE, VS_MSM_BO_WC);
	struct drm_prime_handle first = { .handle = bo, .flags = DRM_CLOEXEC }, second = first, other = { 0 };

	call(a, DRM_IOCTL_PRIME_HANDLE_TO_FD, &first, "PRIME_HANDLE_TO_FD");
	call(a, DRM_IOCTL_PRIME_HANDLE_TO_FD, &second, "PRIME_HANDLE_TO_FD");
	other.fd = first.fd;
	call(b, DRM_IOCTL_PRIME_FD_TO_HANDLE, &other, "PRIME_FD_TO_HANDLE");
	close(first.fd);
	close(second.fd);
	bo_close(a, bo);
	bo_close(b, other.handle);
	close(a);
	close(b);
}

/* Framebuffers of two planes in one BO. */
static void framebuffers(void)
{
	int fd = open_node(CARD);
	uint32_t bo = bo_new(fd, 2 * PAGE, VS_MSM_BO_SCANOUT | VS_MSM_BO_WC);

	for (int i = 0; i < 2; i++) {
		struct drm_mode_fb_cmd2 fb = { .width = 64, .height = 64, .pixel_format = DRM_FORMAT_NV12,
					       .handles = { bo, bo }, .pitches = { 64, 64 }, .offsets = { 0, PAGE } };
		unsigned int id;

		call(fd, DRM_IOCTL_MODE_ADDFB2, &fb, "ADDFB2");
		id = fb.fb_id;
		call(fd, DRM_IOCTL_MODE_RMFB, &id, "RMFB");
	}
	bo_close(fd, bo);
	close(fd);
}

static void stall(const char *yes)
{
	int fd = open(STALL, O_WRONLY);

	if (fd < 0 || write(fd, yes, 1) != 1)
		fatal(STALL);
	close(fd);
}

/* A submit that the GPU never ends, in a VM_BIND VM: the driver gives the VM up. */
static void hang(void)
{
	struct vs_msm_vm_bind_op null = { .op = VS_MSM_VM_BIND_OP_MAP_NULL, .iova = BASE, .range = PAGE };
	struct vs_msm_vm_bind bind_null = { .nr_ops = 1, .op_stride = sizeof(null), .op = null };
	int fd = open_bind(&bind_null.queue_id);

	bind(fd, bind_null.queue_id, null);
	stall("Y");
	submit(fd, NULL, 0);
	stall("N");
	if (!ioctl(fd, VS_IOCTL_MSM_VM_BIND, &bind_null) || errno != EPIPE)
		fatal("VM_BIND in a VM that is unusable");
	close(fd);
}

/* Called "hang" it does that alone, so that its events have a name of their own. */
int main(int argc, char **argv)
{
	if (argc > 0 && strstr(argv[0], "hang")) {
		hang();
		return 0;
	}
	user_managed();
	kernel_managed();
	shared();
	framebuffers();
	return 0;
}
