/* SPDX-License-Identifier: MIT */
/*
 * msm's ioctls, one function each, without logic. All go through libdrm's drmIoctl(), which also
 * restarts an interrupted call; the tests put a fake msm in its place when they link.
 *
 * Every function returns 0 or -errno and writes its outputs on success only. fd is a render node,
 * or a card node of which the caller is DRM master.
 */
#ifndef VS_DRM_MSM_H
#define VS_DRM_MSM_H

#include <stddef.h>
#include <stdint.h>

#include "drm/msm_abi.h"

/*
 * Turn the context of this file into one whose addresses the user manages. Must come before
 * anything that creates the VM, GET_PARAM included: then -EBUSY (adreno_gpu.c, Linux 7.3).
 */
int vs_msm_en_vm_bind(int fd);
int vs_msm_get_param(int fd, uint32_t param, uint64_t *ret_value);

/* size in bytes, flags: VS_MSM_BO_*. */
int vs_msm_gem_new(int fd, uint64_t size, uint32_t flags, uint32_t *ret_handle);
int vs_msm_gem_close(int fd, uint32_t handle);
int vs_msm_gem_set_name(int fd, uint32_t handle, const char *name);
/* Offset to give to mmap(2) on fd. */
int vs_msm_gem_mmap_offset(int fd, uint32_t handle, uint64_t *ret_offset);

/* flags: 0, or VS_MSM_SUBMITQUEUE_VM_BIND, which wants priority 0. */
int vs_msm_submitqueue_new(int fd, uint32_t flags, uint32_t prio, uint32_t *ret_id);
int vs_msm_submitqueue_close(int fd, uint32_t id);

/*
 * Queue n operations as one job. *ret_fence is a sync_file that the caller closes; NULL asks for none.
 * The VA tree has changed on return, the page tables change later.
 * A handle that does not exist must never be passed (the kernel's error path is not safe to exercise).
 */
int vs_msm_vm_bind(int fd, uint32_t queue, const struct vs_msm_vm_bind_op *ops, uint32_t n, int *ret_fence);

/* Run one command buffer of a VM_BIND context; size in bytes. *ret_fence as in vs_msm_vm_bind(). */
int vs_msm_gem_submit(int fd, uint32_t queue, uint64_t iova, uint32_t size, int *ret_fence);

#endif
