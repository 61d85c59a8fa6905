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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drm/msm_abi.h"

/*
 * Turn the context of this file into one whose addresses the user manages. Must come before
 * anything that creates the VM, GET_PARAM included: then -EBUSY (adreno_gpu.c, Linux 7.3).
 */
int vs_msm_en_vm_bind(int fd);
int vs_msm_get_param(int fd, uint32_t param, uint64_t *ret_value);

/* Close the file, and all that is open in it. */
void vs_msm_close(int fd);

/* size in bytes, flags: VS_MSM_BO_*. */
int vs_msm_gem_new(int fd, uint64_t size, uint32_t flags, uint32_t *ret_handle);
int vs_msm_gem_close(int fd, uint32_t handle);
int vs_msm_gem_set_name(int fd, uint32_t handle, const char *name);
/* A dma-buf of a BO, and a handle to what a dma-buf shows, of size bytes; the file's own one when it has one. */
int vs_msm_gem_export(int fd, uint32_t handle, int *ret_dmabuf);
int vs_msm_gem_import(int fd, int dmabuf, uint64_t size, uint32_t *ret_handle);
/* A second handle of the same file to a BO of size bytes, by its global name. For a card node's file that is or was master. */
int vs_msm_gem_open_again(int fd, uint32_t handle, uint64_t size, uint32_t *ret_handle);
/* Address in a kernel-managed VM; maps the BO there when it is not. */
int vs_msm_gem_iova(int fd, uint32_t handle, uint64_t *ret_iova);
/* madv: VS_MSM_MADV_*. *ret_retained: false when the pages are gone. */
int vs_msm_gem_madvise(int fd, uint32_t handle, uint32_t madv, bool *ret_retained);
/* Offset to give to mmap(2) on fd. */
int vs_msm_gem_mmap_offset(int fd, uint32_t handle, uint64_t *ret_offset);

/* flags: 0, or VS_MSM_SUBMITQUEUE_VM_BIND, which wants priority 0. */
int vs_msm_submitqueue_new(int fd, uint32_t flags, uint32_t prio, uint32_t *ret_id);
int vs_msm_submitqueue_close(int fd, uint32_t id);

/* What a VM_BIND waits for, and what tells that it is done; all zero but in_fence, -1, for neither. */
struct vs_msm_sync {
	int in_fence;   /* a sync_file, -1 for none */
	int *out_fence; /* a sync_file that the caller closes; NULL asks for none */
	const struct vs_msm_syncobj *in, *out;
	uint32_t n_in, n_out;
};

/*
 * Queue n operations as one job. sync may be NULL.
 * The VA tree has changed on return, the page tables change later.
 * -EBADF, and nothing is asked of the kernel: a handle that is not known here, or, among several operations, a MAP that does
 * not lie within its BO. Only requests whose objects are right go to the kernel.
 */
int vs_msm_vm_bind(int fd, uint32_t queue, const struct vs_msm_vm_bind_op *ops, uint32_t n,
		   const struct vs_msm_sync *sync);

/*
 * VM_BIND as it is given, for arguments that the kernel must refuse. n: how many of arg's operations can be read, and are
 * checked as above; 0 when the kernel refuses before it reads any.
 */
int vs_msm_vm_bind_raw(int fd, struct vs_msm_vm_bind *arg, uint32_t n);

/* Run one command buffer of a VM_BIND context; size in bytes. *ret_fence as in struct vs_msm_sync. */
int vs_msm_gem_submit(int fd, uint32_t queue, uint64_t iova, uint32_t size, int *ret_fence);
/*
 * The same in a kernel-managed VM, where the BOs of a submit are mapped by it: bos[0] is the command buffer, run from
 * its start; the others are only mapped.
 */
int vs_msm_gem_submit_bos(int fd, uint32_t queue, const struct vs_msm_gem_submit_bo *bos, uint32_t n, uint32_t size,
			  int *ret_fence);

#endif
