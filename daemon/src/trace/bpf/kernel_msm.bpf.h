/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the programs read of msm's structures, by the rules of kernel.bpf.h. Linux 7.3.4.
 */
#ifndef VS_KERNEL_MSM_BPF_H
#define VS_KERNEL_MSM_BPF_H

#include "kernel.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* drivers/gpu/drm/msm: msm_drv.h, msm_kms.h, msm_gpu.h, msm_gem.h, msm_fb.c, msm_ringbuffer.h; uapi/drm/msm_drm.h */
struct msm_kms {
	struct drm_gpuvm *vm;
};

struct msm_gpu {
	struct drm_gpuvm *vm;
};

struct msm_drm_private {
	struct drm_device *dev;
	struct msm_kms *kms;
	struct msm_gpu *gpu;
	struct list_head objects;
};

struct msm_context {
	struct drm_gpuvm *vm;
};

struct msm_gem_vm {
	struct drm_gpuvm base;
	struct {
		struct {
			int counter;
		} in_flight;
	} prealloc_throttle;
	struct pid *pid;
	_Bool managed;
	_Bool unusable;
};

struct msm_gem_vma {
	struct drm_gpuva base;
	_Bool mapped;
};

struct msm_gem_object {
	struct drm_gem_object base;
	__u32 flags;
	__u8 madv;
	void *pages;
	char name[32];
	int pin_count;
	struct {
		int counter;
	} vma_ref;
};

/* msm_gem_vma.c */
struct msm_vm_map_op {
	__u64 iova;
	__u64 range;
	int queue_id;
};

struct msm_vm_bind_job {
	struct drm_sched_job base;
	struct drm_gpuvm *vm;
	struct list_head vm_ops;
};

struct op_arg {
	unsigned int flags;
	_Bool kept;
};

struct msm_framebuffer {
	struct drm_framebuffer base;
	struct {
		int counter;
	} prepare_count;
};

struct msm_ringbuffer {
	int id;
};

struct msm_gem_submit {
	struct msm_ringbuffer *ring;
	__u32 seqno;
	__u32 ident;
};

#pragma clang attribute pop

/* The first fields of the ioctl's argument (include/uapi/drm/msm_drm.h): the kernel's ABI, so never relocated. */
struct drm_msm_vm_bind {
	__u32 flags;
	__u32 nr_ops;
	__s32 fence_fd;
	__u32 queue_id;
};

#endif
