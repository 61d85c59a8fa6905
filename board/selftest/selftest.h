/* SPDX-License-Identifier: MIT */
/* The board's own proof that the driver on it works. Functions return 0 or -errno; they say on stderr what failed. */
#ifndef BOARD_SELFTEST_H
#define BOARD_SELFTEST_H

#include <stdint.h>

#define PAGE 4096ull

/* ioctl(), restarted when interrupted; says which one failed. */
int xioctl(int fd, unsigned long request, void *arg, const char *name);
#define IOCTL(fd, request, arg) xioctl(fd, DRM_IOCTL_##request, arg, #request)

/* Waits for a sync file to signal, then closes it. */
int fence_wait(int fence_fd);

/* A context with VM_BIND on, its two queues, and a command buffer mapped for gpu_store(). */
struct gpu {
	int fd;
	uint32_t submit_queue;
	uint32_t bind_queue;
	uint32_t *commands;
};

struct bo {
	uint32_t handle;
	uint64_t size;
	volatile uint32_t *cpu;
};

int gpu_open(struct gpu *gpu);
void gpu_close(struct gpu *gpu);
int gpu_bo(struct gpu *gpu, uint64_t size, struct bo *ret_bo);
/* One VM_BIND operation, waited for. op is MSM_VM_BIND_OP_*. */
int gpu_bind(struct gpu *gpu, uint32_t op, uint32_t handle, uint64_t offset, uint64_t iova, uint64_t range);
/* Has the GPU write value to iova, by a submit whose fence is waited for. */
int gpu_store(struct gpu *gpu, uint64_t iova, uint32_t value);

/* Whether /dev/dri/card0 is msm and card1 virtio-gpu. */
int cards_are_there(void);

/* A framebuffer on a dumb buffer of its own; both go when fd is closed. */
int framebuffer(int fd, uint32_t width, uint32_t height, uint32_t *ret_fb);

/* One frame through the writeback connector of /dev/dri/card0: commit, out-fence, disable. */
int kms_writeback(void);

/* A mode and one page flip on the connector of /dev/dri/card1: its event, disable. */
int kms_flip(void);

#endif
