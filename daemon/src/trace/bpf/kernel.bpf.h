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

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
};

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

/* The request of drm_gpuvm_sm_map(), and the steps that it and drm_gpuvm_sm_unmap() give to the driver. */
struct drm_gpuva_op_map {
	struct {
		__u64 addr;
		__u64 range;
	} va;
	struct {
		__u64 offset;
		struct drm_gem_object *obj;
	} gem;
};

struct drm_gpuva_op_unmap {
	struct drm_gpuva *va;
	_Bool keep;
};

struct drm_gpuva_op_remap {
	struct drm_gpuva_op_map *prev;
	struct drm_gpuva_op_map *next;
	struct drm_gpuva_op_unmap *unmap;
};

struct drm_gpuva_op {
	union {
		struct drm_gpuva_op_remap remap;
		struct drm_gpuva_op_unmap unmap;
	};
};

struct drm_gpuvm_map_req {
	struct drm_gpuva_op_map map;
};

/* include/linux/dma-buf.h */
struct dma_buf {
	void *priv;
};

struct dma_buf_export_info {
	void *priv;
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

/* include/linux/dma-fence.h */
struct dma_fence {
	struct kref refcount;
};

struct drm_sched_fence {
	struct dma_fence finished;
};

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

#pragma clang attribute pop

/* The structure of which ptr is the given member, by the board's offsets. */
#define vs_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - bpf_core_field_offset(type, member)))

#endif
