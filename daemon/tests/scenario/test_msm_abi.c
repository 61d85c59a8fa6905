// SPDX-License-Identifier: MIT
/*
 * Our copy of msm's ABI against the header of the board's kernel. All checks are made by the compiler, so the
 * test is that this file compiles, for each 64-bit target.
 */
#include <stddef.h>
#include <stdio.h>

#include "drm/msm_abi.h"

/* The kernel's own, from the folder given by -Duapi. */
#include <drm/msm_drm.h>

#define SAME(a, b) _Static_assert((a) == (b), #a " differs from " #b)
#define SAME_SIZE(name) SAME(sizeof(struct vs_##name), sizeof(struct drm_##name))
#define SAME_FIELD(name, field)                                                                    \
	SAME(offsetof(struct vs_##name, field), offsetof(struct drm_##name, field));               \
	SAME(sizeof(((struct vs_##name *)0)->field), sizeof(((struct drm_##name *)0)->field))

SAME_SIZE(msm_param);
SAME_FIELD(msm_param, pipe);
SAME_FIELD(msm_param, param);
SAME_FIELD(msm_param, value);
SAME_FIELD(msm_param, len);
SAME_FIELD(msm_param, pad);

SAME_SIZE(msm_gem_new);
SAME_FIELD(msm_gem_new, size);
SAME_FIELD(msm_gem_new, flags);
SAME_FIELD(msm_gem_new, handle);

SAME_SIZE(msm_gem_info);
SAME_FIELD(msm_gem_info, handle);
SAME_FIELD(msm_gem_info, info);
SAME_FIELD(msm_gem_info, value);
SAME_FIELD(msm_gem_info, len);
SAME_FIELD(msm_gem_info, pad);

SAME_SIZE(msm_gem_madvise);
SAME_FIELD(msm_gem_madvise, handle);
SAME_FIELD(msm_gem_madvise, madv);
SAME_FIELD(msm_gem_madvise, retained);

SAME_SIZE(msm_gem_submit_bo);
SAME_FIELD(msm_gem_submit_bo, flags);
SAME_FIELD(msm_gem_submit_bo, handle);
SAME_FIELD(msm_gem_submit_bo, presumed);

SAME_SIZE(msm_syncobj);
SAME_FIELD(msm_syncobj, handle);
SAME_FIELD(msm_syncobj, flags);
SAME_FIELD(msm_syncobj, point);

SAME_SIZE(msm_submitqueue);
SAME_FIELD(msm_submitqueue, flags);
SAME_FIELD(msm_submitqueue, prio);
SAME_FIELD(msm_submitqueue, id);

SAME_SIZE(msm_gem_submit_cmd);
SAME_FIELD(msm_gem_submit_cmd, type);
SAME_FIELD(msm_gem_submit_cmd, submit_idx);
SAME_FIELD(msm_gem_submit_cmd, submit_offset);
SAME_FIELD(msm_gem_submit_cmd, size);
SAME_FIELD(msm_gem_submit_cmd, pad);
SAME_FIELD(msm_gem_submit_cmd, nr_relocs);
SAME_FIELD(msm_gem_submit_cmd, iova);

SAME_SIZE(msm_gem_submit);
SAME_FIELD(msm_gem_submit, flags);
SAME_FIELD(msm_gem_submit, fence);
SAME_FIELD(msm_gem_submit, nr_bos);
SAME_FIELD(msm_gem_submit, nr_cmds);
SAME_FIELD(msm_gem_submit, bos);
SAME_FIELD(msm_gem_submit, cmds);
SAME_FIELD(msm_gem_submit, fence_fd);
SAME_FIELD(msm_gem_submit, queueid);
SAME_FIELD(msm_gem_submit, in_syncobjs);
SAME_FIELD(msm_gem_submit, out_syncobjs);
SAME_FIELD(msm_gem_submit, nr_in_syncobjs);
SAME_FIELD(msm_gem_submit, nr_out_syncobjs);
SAME_FIELD(msm_gem_submit, syncobj_stride);
SAME_FIELD(msm_gem_submit, pad);

SAME_SIZE(msm_vm_bind_op);
SAME_FIELD(msm_vm_bind_op, op);
SAME_FIELD(msm_vm_bind_op, handle);
SAME_FIELD(msm_vm_bind_op, obj_offset);
SAME_FIELD(msm_vm_bind_op, iova);
SAME_FIELD(msm_vm_bind_op, range);
SAME_FIELD(msm_vm_bind_op, flags);
SAME_FIELD(msm_vm_bind_op, pad);

SAME_SIZE(msm_vm_bind);
SAME_FIELD(msm_vm_bind, flags);
SAME_FIELD(msm_vm_bind, nr_ops);
SAME_FIELD(msm_vm_bind, fence_fd);
SAME_FIELD(msm_vm_bind, queue_id);
SAME_FIELD(msm_vm_bind, in_syncobjs);
SAME_FIELD(msm_vm_bind, out_syncobjs);
SAME_FIELD(msm_vm_bind, nr_in_syncobjs);
SAME_FIELD(msm_vm_bind, nr_out_syncobjs);
SAME_FIELD(msm_vm_bind, syncobj_stride);
SAME_FIELD(msm_vm_bind, op_stride);
SAME_FIELD(msm_vm_bind, op);
SAME_FIELD(msm_vm_bind, ops);

SAME(VS_MSM_PIPE_3D0, MSM_PIPE_3D0);
SAME(VS_MSM_PARAM_CHIP_ID, MSM_PARAM_CHIP_ID);
SAME(VS_MSM_PARAM_VA_START, MSM_PARAM_VA_START);
SAME(VS_MSM_PARAM_VA_SIZE, MSM_PARAM_VA_SIZE);
SAME(VS_MSM_PARAM_HAS_PRR, MSM_PARAM_HAS_PRR);
SAME(VS_MSM_PARAM_EN_VM_BIND, MSM_PARAM_EN_VM_BIND);
SAME(VS_MSM_BO_SCANOUT, MSM_BO_SCANOUT);
SAME(VS_MSM_BO_WC, MSM_BO_WC);
SAME(VS_MSM_INFO_GET_OFFSET, MSM_INFO_GET_OFFSET);
SAME(VS_MSM_INFO_GET_IOVA, MSM_INFO_GET_IOVA);
SAME(VS_MSM_MADV_WILLNEED, MSM_MADV_WILLNEED);
SAME(VS_MSM_MADV_DONTNEED, MSM_MADV_DONTNEED);
SAME(VS_MSM_SUBMIT_BO_READ, MSM_SUBMIT_BO_READ);
SAME(VS_MSM_SUBMIT_BO_WRITE, MSM_SUBMIT_BO_WRITE);
SAME(VS_MSM_INFO_SET_NAME, MSM_INFO_SET_NAME);
SAME(VS_MSM_SUBMITQUEUE_VM_BIND, MSM_SUBMITQUEUE_VM_BIND);
SAME(VS_MSM_SUBMIT_CMD_BUF, MSM_SUBMIT_CMD_BUF);
SAME(VS_MSM_SUBMIT_FENCE_FD_OUT, MSM_SUBMIT_FENCE_FD_OUT);
SAME(VS_MSM_VM_BIND_OP_UNMAP, MSM_VM_BIND_OP_UNMAP);
SAME(VS_MSM_VM_BIND_OP_MAP, MSM_VM_BIND_OP_MAP);
SAME(VS_MSM_VM_BIND_OP_MAP_NULL, MSM_VM_BIND_OP_MAP_NULL);
SAME(VS_MSM_VM_BIND_FENCE_FD_IN, MSM_VM_BIND_FENCE_FD_IN);
SAME(VS_MSM_VM_BIND_FENCE_FD_OUT, MSM_VM_BIND_FENCE_FD_OUT);

SAME(VS_IOCTL_MSM_GET_PARAM, DRM_IOCTL_MSM_GET_PARAM);
SAME(VS_IOCTL_MSM_SET_PARAM, DRM_IOCTL_MSM_SET_PARAM);
SAME(VS_IOCTL_MSM_GEM_NEW, DRM_IOCTL_MSM_GEM_NEW);
SAME(VS_IOCTL_MSM_GEM_INFO, DRM_IOCTL_MSM_GEM_INFO);
SAME(VS_IOCTL_MSM_GEM_SUBMIT, DRM_IOCTL_MSM_GEM_SUBMIT);
SAME(VS_IOCTL_MSM_GEM_MADVISE, DRM_IOCTL_MSM_GEM_MADVISE);
SAME(VS_IOCTL_MSM_SUBMITQUEUE_NEW, DRM_IOCTL_MSM_SUBMITQUEUE_NEW);
SAME(VS_IOCTL_MSM_SUBMITQUEUE_CLOSE, DRM_IOCTL_MSM_SUBMITQUEUE_CLOSE);
SAME(VS_IOCTL_MSM_VM_BIND, DRM_IOCTL_MSM_VM_BIND);

int main(void)
{
	puts("msm ABI: sizes, offsets, values and ioctl numbers are the board kernel's");
	return 0;
}
