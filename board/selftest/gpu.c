// SPDX-License-Identifier: MIT
/* The render node: a VM_BIND context, its mappings and a command stream that stores one word. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drm.h"
#include "msm_drm.h"
#include "selftest.h"

#define NODE		"/dev/dri/renderD128"
#define COMMANDS_IOVA	0x110000000ull
#define FENCE_MS	10000

#define CP_MEM_WRITE	0x3d

int xioctl(int fd, unsigned long request, void *arg, const char *name)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	if (ret < 0) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return ret;
	}
	return 0;
}

int fence_wait(int fence_fd)
{
	struct pollfd pfd = { .fd = fence_fd, .events = POLLIN };
	int ret = poll(&pfd, 1, FENCE_MS);

	if (ret < 0)
		ret = -errno;
	else
		ret = ret ? 0 : -ETIMEDOUT;
	if (ret)
		fprintf(stderr, "fence: %s\n", strerror(-ret));
	close(fence_fd);
	return ret;
}

int gpu_bo(struct gpu *gpu, uint64_t size, struct bo *ret_bo)
{
	struct drm_msm_gem_new create = { .size = size, .flags = MSM_BO_WC };
	struct drm_msm_gem_info info = { .info = MSM_INFO_GET_OFFSET };
	void *cpu;
	int ret;

	ret = IOCTL(gpu->fd, MSM_GEM_NEW, &create);
	if (ret)
		return ret;
	info.handle = create.handle;
	ret = IOCTL(gpu->fd, MSM_GEM_INFO, &info);
	if (ret)
		return ret;
	cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, gpu->fd, info.value);
	if (cpu == MAP_FAILED)
		return -errno;
	*ret_bo = (struct bo) { .handle = create.handle, .size = size, .cpu = cpu };
	return 0;
}

int gpu_bind(struct gpu *gpu, uint32_t op, uint32_t handle, uint64_t offset, uint64_t iova, uint64_t range)
{
	struct drm_msm_vm_bind bind = {
		.flags = MSM_VM_BIND_FENCE_FD_OUT,
		.queue_id = gpu->bind_queue,
		.fence_fd = -1,
		.nr_ops = 1,
		.op_stride = sizeof(struct drm_msm_vm_bind_op),
		.op = { .op = op, .handle = handle, .obj_offset = offset, .iova = iova, .range = range },
	};
	int ret = IOCTL(gpu->fd, MSM_VM_BIND, &bind);

	return ret ?: fence_wait(bind.fence_fd);
}

/* A type 7 packet carries odd parity of its opcode and of its length. */
static uint32_t packet7(uint32_t opcode, uint32_t count)
{
	uint32_t count_parity = !__builtin_parity(count);
	uint32_t opcode_parity = !__builtin_parity(opcode);

	return 7u << 28 | count | count_parity << 15 | opcode << 16 | opcode_parity << 23;
}

int gpu_store(struct gpu *gpu, uint64_t iova, uint32_t value)
{
	struct drm_msm_gem_submit_cmd cmd = {
		.type = MSM_SUBMIT_CMD_BUF,
		.size = 4 * sizeof(uint32_t),
		.iova = COMMANDS_IOVA,
	};
	struct drm_msm_gem_submit submit = {
		.flags = MSM_PIPE_3D0 | MSM_SUBMIT_FENCE_FD_OUT,
		.nr_cmds = 1,
		.cmds = (uintptr_t)&cmd,
		.queueid = gpu->submit_queue,
		.fence_fd = -1,
	};
	int ret;

	gpu->commands[0] = packet7(CP_MEM_WRITE, 3);
	gpu->commands[1] = (uint32_t)iova;
	gpu->commands[2] = iova >> 32;
	gpu->commands[3] = value;
	__sync_synchronize();

	ret = IOCTL(gpu->fd, MSM_GEM_SUBMIT, &submit);
	return ret ?: fence_wait(submit.fence_fd);
}

int gpu_open(struct gpu *gpu)
{
	/* First of all: GET_PARAM creates the context's VM lazily, and then it is a kernel-managed one (7.3). */
	struct drm_msm_param enable = { .pipe = MSM_PIPE_3D0, .param = MSM_PARAM_EN_VM_BIND, .value = 1 };
	struct drm_msm_submitqueue submit_queue = { .prio = 1 };
	struct drm_msm_submitqueue bind_queue = { .flags = MSM_SUBMITQUEUE_VM_BIND };
	struct bo commands;
	int ret;

	gpu->fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (gpu->fd < 0) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", NODE, strerror(errno));
		return ret;
	}
	ret = IOCTL(gpu->fd, MSM_SET_PARAM, &enable);
	if (!ret)
		ret = IOCTL(gpu->fd, MSM_SUBMITQUEUE_NEW, &submit_queue);
	if (!ret)
		ret = IOCTL(gpu->fd, MSM_SUBMITQUEUE_NEW, &bind_queue);
	if (!ret)
		ret = gpu_bo(gpu, PAGE, &commands);
	if (ret)
		goto out_close;

	gpu->submit_queue = submit_queue.id;
	gpu->bind_queue = bind_queue.id;
	gpu->commands = (uint32_t *)commands.cpu;
	ret = gpu_bind(gpu, MSM_VM_BIND_OP_MAP, commands.handle, 0, COMMANDS_IOVA, PAGE);
	if (ret)
		goto out_close;
	return 0;

out_close:
	close(gpu->fd);
	return ret;
}

void gpu_close(struct gpu *gpu)
{
	close(gpu->fd);
}
