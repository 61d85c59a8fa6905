/* SPDX-License-Identifier: MIT */
/* What the GPU half and the display half of the fake msm share. */
#ifndef VS_TESTS_FAKE_MSM_PRIVATE_H
#define VS_TESTS_FAKE_MSM_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drm/msm.h"

#define FAKE_CONTEXTS 192
#define FAKE_HANDLES 1024
#define FAKE_BOS 2048
#define FAKE_QUEUES 8
#define FAKE_SYNCOBJS 32

struct bo {
	unsigned refs; /* handles, VAs and framebuffers */
	uint64_t size;
	uint64_t memory; /* where it lies in the memfd */
	unsigned ordinal; /* the how-manieth, from 1 */
	bool dontneed, purged;
};

struct va {
	uint64_t start, range;
	struct bo *bo; /* NULL for MAP_NULL */
	uint64_t offset;
};

/* One open file. */
struct context {
	bool vm_bind;
	bool has_vm, closed;
	unsigned ordinal; /* of the VM, from 1 */
	bool queue[FAKE_QUEUES];
	bool queue_binds[FAKE_QUEUES];
	int syncobj[FAKE_SYNCOBJS]; /* the fence of each, -1: none yet, 0: no such sync object */
	uint64_t next_iova; /* of a kernel-managed VM */
	struct bo *handle[FAKE_HANDLES];
	struct va *va;
	unsigned n_vas, vas_size;
};

struct fake_state {
	struct context context[FAKE_CONTEXTS]; /* 0 is the card */
	unsigned n_contexts;
	struct bo bo[FAKE_BOS];
	unsigned n_vms, n_bos;
	uint64_t busy_until_ns; /* the GPU, of CLOCK_MONOTONIC */
	int event_fd; /* what is written here is read from the card */
};

extern struct fake_state fake_state;

int fake_fence(void);
/* Aborts when there is no room. */
int fake_handle_new(struct context *context, uint64_t size);
int fake_handle_to(struct context *context, struct bo *bo);
struct bo *fake_bo(struct context *context, uint32_t handle);
/* errno */
int fake_handle_close(struct context *context, uint32_t handle);

/* Sync objects, dma-bufs, vgem. -1: not one of theirs, else errno. */
int fake_sync_ioctl(struct context *context, int fd, unsigned long request, void *arg);
void fake_sync_start(void);
void fake_sync_settle(void);
/* The file is closed. */
void fake_sync_close(struct context *context);
/* What a request on these waits for: a new fence, signalled or not as what it waits for; -errno. */
int fake_sync_after(struct context *context, const struct vs_msm_vm_bind *arg);
/* Signals the sync objects of a request with its fence. */
void fake_sync_out(struct context *context, const struct vs_msm_vm_bind *arg, int fence);

void fake_kms_start(void);
/* errno */
int fake_kms_ioctl(struct context *context, unsigned long request, void *arg);

#endif
