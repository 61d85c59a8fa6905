/* SPDX-License-Identifier: MIT */
/* What the GPU half and the display half of the fake msm share. */
#ifndef VS_TESTS_FAKE_MSM_PRIVATE_H
#define VS_TESTS_FAKE_MSM_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drm/msm.h"

#define FAKE_CONTEXTS 64
#define FAKE_HANDLES 1024
#define FAKE_BOS 2048
#define FAKE_QUEUES 8

struct bo {
	unsigned refs; /* handles, VAs and framebuffers */
	uint64_t size;
	uint64_t memory; /* where it lies in the memfd */
};

struct va {
	uint64_t start, range;
	struct bo *bo; /* NULL for MAP_NULL */
	uint64_t offset;
};

/* One open file. */
struct context {
	bool vm_bind;
	bool has_vm;
	bool queue[FAKE_QUEUES];
	struct bo *handle[FAKE_HANDLES];
	struct va *va;
	unsigned n_vas, vas_size;
};

struct fake_state {
	struct context context[FAKE_CONTEXTS]; /* 0 is the card */
	unsigned n_contexts;
	struct bo bo[FAKE_BOS];
	uint64_t busy_until_ns; /* the GPU, of CLOCK_MONOTONIC */
	int event_fd; /* what is written here is read from the card */
};

extern struct fake_state fake_state;

int fake_fence(void);
/* Aborts when there is no room. */
int fake_handle_new(struct context *context, uint64_t size);
struct bo *fake_bo(struct context *context, uint32_t handle);
/* errno */
int fake_handle_close(struct context *context, uint32_t handle);

void fake_kms_start(void);
/* errno */
int fake_kms_ioctl(struct context *context, unsigned long request, void *arg);

#endif
