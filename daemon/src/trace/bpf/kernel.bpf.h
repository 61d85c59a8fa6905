/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The parts of kernel structures that the programs read, and no more. Every access is relocated against
 * the board's own BTF when the object is loaded (CO-RE), so offsets here mean nothing; names and nesting do.
 * Checked against Linux 7.3.4.
 */
#ifndef VS_KERNEL_BPF_H
#define VS_KERNEL_BPF_H

#include <linux/types.h>

/* Registers as kprobe programs see them: kernel ABI (asm/ptrace.h), never relocated. */
#if defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};
#elif defined(__TARGET_ARCH_x86)
struct pt_regs {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	__u64 orig_rax, rip, cs, eflags, rsp, ss;
};
#endif

struct bpf_map;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct refcount_struct {
	struct {
		int counter;
	} refs;
};

struct kref {
	struct refcount_struct refcount;
};

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

/* include/drm/drm_drv.h, drm_device.h */
struct drm_driver {
	char *name;
};

struct drm_vblank_crtc {
	struct {
		__s64 counter;
	} count;
};

struct drm_device {
	const struct drm_driver *driver;
	struct drm_vblank_crtc *vblank;
	unsigned int num_crtcs;
	struct list_head filelist;
};

/* include/drm/drm_gem.h */
struct drm_gem_object {
	struct kref refcount;
	unsigned int handle_count;
	struct drm_device *dev;
	unsigned long size;
	struct {
		struct list_head list;
	} gpuva;
};

/* include/drm/drm_gpuvm.h; the values of the enums are not used here, the daemon reads their names from BTF */
enum drm_gpuvm_flags { VS_ANY_VM_FLAG };
enum drm_gpuva_flags { VS_ANY_VA_FLAG };

struct drm_gpuvm_bo;
struct drm_gpuvm;

struct drm_gpuva {
	struct drm_gpuvm *vm;
	struct drm_gpuvm_bo *vm_bo;
	enum drm_gpuva_flags flags;
	struct {
		__u64 addr;
		__u64 range;
	} va;
	struct {
		__u64 offset;
		struct drm_gem_object *obj;
		struct list_head entry;
	} gem;
	struct {
		struct list_head entry;
	} rb;
};

struct drm_gpuvm {
	const char *name;
	enum drm_gpuvm_flags flags;
	struct drm_device *drm;
	__u64 mm_start;
	__u64 mm_range;
	struct {
		struct list_head list;
	} rb;
	struct kref kref;
	struct drm_gpuva kernel_alloc_node;
};

struct drm_gpuvm_bo {
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj;
	_Bool evicted;
	struct kref kref;
	struct {
		struct {
			struct list_head gem;
		} entry;
	} list;
};

/* include/drm/drm_file.h */
struct drm_file {
	struct list_head lhead;
	void *driver_priv;
};

/* include/drm/gpu_scheduler.h */
struct drm_gpu_scheduler {
	const char *name;
};

struct drm_sched_fence;

struct drm_sched_job {
	struct drm_gpu_scheduler *sched;
	struct drm_sched_fence *s_fence;
};

struct drm_sched_entity;

/* include/drm/drm_framebuffer.h, drm_mode_object.h, drm_crtc.h */
struct drm_mode_object {
	__u32 id;
	struct kref refcount;
};

struct drm_framebuffer {
	struct drm_mode_object base;
	struct drm_gem_object *obj[4];
};

struct drm_crtc {
	struct drm_device *dev;
	unsigned int index;
};

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
	struct pid *pid;
	_Bool managed;
};

struct msm_gem_object {
	struct drm_gem_object base;
	__u32 flags;
	char name[32];
	int pin_count;
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

struct drm_msm_vm_bind {
	__u32 flags;
	__u32 nr_ops;
	__u32 queue_id;
};

#pragma clang attribute pop

/* The structure of which ptr is the given member, by the board's offsets. */
#define vs_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - bpf_core_field_offset(type, member)))

#endif
