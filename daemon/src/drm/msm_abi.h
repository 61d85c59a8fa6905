/* SPDX-License-Identifier: MIT */
/*
 * The part of msm's user-space ABI that vascoped uses.
 *
 * libdrm's msm_drm.h knows no VM_BIND (2.4.134 neither), so the structures are written out here, by
 * themselves and under our own prefix, so that a kernel's header can stand beside them.
 * Source: include/uapi/drm/msm_drm.h, Linux 7.3.4. tests/scenario/test_msm_abi.c compares sizes,
 * offsets, values and ioctl numbers with the header of the board's kernel.
 *
 * All pointers travel as uint64_t. Reserved fields must be zero.
 */
#ifndef VS_DRM_MSM_ABI_H
#define VS_DRM_MSM_ABI_H

#include <stdint.h>

#include <drm.h>

#define VS_MSM_PIPE_3D0 0x10

/* Parameters of GET_PARAM and SET_PARAM. */
#define VS_MSM_PARAM_CHIP_ID 0x03
#define VS_MSM_PARAM_VA_START 0x0e   /* bytes */
#define VS_MSM_PARAM_VA_SIZE 0x0f    /* bytes */
#define VS_MSM_PARAM_HAS_PRR 0x15    /* MAP_NULL is possible */
#define VS_MSM_PARAM_EN_VM_BIND 0x16 /* write once, before the context has a VM */

struct vs_msm_param {
	uint32_t pipe;
	uint32_t param;
	uint64_t value; /* out for GET_PARAM, in for SET_PARAM */
	uint32_t len;
	uint32_t pad;
};

/* GEM_NEW flags. */
#define VS_MSM_BO_SCANOUT 0x00000001
#define VS_MSM_BO_WC 0x00020000

struct vs_msm_gem_new {
	uint64_t size; /* bytes */
	uint32_t flags;
	uint32_t handle; /* out */
};

/* GEM_INFO requests. */
#define VS_MSM_INFO_GET_OFFSET 0x00 /* value: offset for mmap(2) */
#define VS_MSM_INFO_GET_IOVA 0x01   /* value: where the BO is in the kernel-managed VM; maps it there first */
#define VS_MSM_INFO_SET_NAME 0x02   /* value: pointer to the name, len without the NUL */

struct vs_msm_gem_info {
	uint32_t handle;
	uint32_t info;
	uint64_t value;
	uint32_t len;
	uint32_t pad;
};

/* GEM_MADVISE: whether the shrinker may throw the pages of an idle BO away. */
#define VS_MSM_MADV_WILLNEED 0
#define VS_MSM_MADV_DONTNEED 1

struct vs_msm_gem_madvise {
	uint32_t handle;
	uint32_t madv;
	uint32_t retained; /* out: 0 when the pages are gone, for good */
};

#define VS_MSM_SUBMITQUEUE_VM_BIND 0x00000002

struct vs_msm_submitqueue {
	uint32_t flags;
	uint32_t prio;
	uint32_t id; /* out */
};

#define VS_MSM_SUBMIT_BO_READ 0x0001
#define VS_MSM_SUBMIT_BO_WRITE 0x0002

/* A BO of a submit in a kernel-managed VM, which maps it. */
struct vs_msm_gem_submit_bo {
	uint32_t flags;
	uint32_t handle;
	uint64_t presumed;
};

#define VS_MSM_SUBMIT_CMD_BUF 0x0001

struct vs_msm_gem_submit_cmd {
	uint32_t type;
	uint32_t submit_idx;
	uint32_t submit_offset;
	uint32_t size; /* bytes */
	uint32_t pad;
	uint32_t nr_relocs;
	uint64_t iova; /* a union with relocs; VM_BIND contexts give the address */
};

#define VS_MSM_SUBMIT_FENCE_FD_OUT 0x20000000

struct vs_msm_gem_submit {
	uint32_t flags; /* pipe and VS_MSM_SUBMIT_* */
	uint32_t fence; /* out */
	uint32_t nr_bos;
	uint32_t nr_cmds;
	uint64_t bos;
	uint64_t cmds;
	int32_t fence_fd; /* in or out, by flags */
	uint32_t queueid;
	uint64_t in_syncobjs;
	uint64_t out_syncobjs;
	uint32_t nr_in_syncobjs;
	uint32_t nr_out_syncobjs;
	uint32_t syncobj_stride;
	uint32_t pad;
};

struct vs_msm_syncobj {
	uint32_t handle;
	uint32_t flags;
	uint64_t point; /* of a timeline, 0 for a binary one */
};

#define VS_MSM_VM_BIND_OP_UNMAP 0
#define VS_MSM_VM_BIND_OP_MAP 1
#define VS_MSM_VM_BIND_OP_MAP_NULL 2

struct vs_msm_vm_bind_op {
	uint32_t op;
	uint32_t handle;     /* 0 but for MAP */
	uint64_t obj_offset; /* bytes, 0 but for MAP */
	uint64_t iova;
	uint64_t range; /* bytes */
	uint32_t flags;
	uint32_t pad;
};

#define VS_MSM_VM_BIND_FENCE_FD_IN 0x00000001
#define VS_MSM_VM_BIND_FENCE_FD_OUT 0x00000002

struct vs_msm_vm_bind {
	uint32_t flags;
	uint32_t nr_ops;
	int32_t fence_fd; /* in or out, by flags */
	uint32_t queue_id;
	uint64_t in_syncobjs;
	uint64_t out_syncobjs;
	uint32_t nr_in_syncobjs;
	uint32_t nr_out_syncobjs;
	uint32_t syncobj_stride;
	uint32_t op_stride; /* sizeof(struct vs_msm_vm_bind_op) */
	union {
		struct vs_msm_vm_bind_op op; /* nr_ops == 1: inline */
		uint64_t ops;                /* else a pointer to an array */
	};
};

#define VS_IOCTL_MSM_GET_PARAM DRM_IOWR(DRM_COMMAND_BASE + 0x00, struct vs_msm_param)
#define VS_IOCTL_MSM_SET_PARAM DRM_IOW(DRM_COMMAND_BASE + 0x01, struct vs_msm_param)
#define VS_IOCTL_MSM_GEM_NEW DRM_IOWR(DRM_COMMAND_BASE + 0x02, struct vs_msm_gem_new)
#define VS_IOCTL_MSM_GEM_INFO DRM_IOWR(DRM_COMMAND_BASE + 0x03, struct vs_msm_gem_info)
#define VS_IOCTL_MSM_GEM_SUBMIT DRM_IOWR(DRM_COMMAND_BASE + 0x06, struct vs_msm_gem_submit)
#define VS_IOCTL_MSM_GEM_MADVISE DRM_IOWR(DRM_COMMAND_BASE + 0x08, struct vs_msm_gem_madvise)
#define VS_IOCTL_MSM_SUBMITQUEUE_NEW DRM_IOWR(DRM_COMMAND_BASE + 0x0a, struct vs_msm_submitqueue)
#define VS_IOCTL_MSM_SUBMITQUEUE_CLOSE DRM_IOW(DRM_COMMAND_BASE + 0x0b, uint32_t)
#define VS_IOCTL_MSM_VM_BIND DRM_IOWR(DRM_COMMAND_BASE + 0x0d, struct vs_msm_vm_bind)

#endif
