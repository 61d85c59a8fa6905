/* SPDX-License-Identifier: MIT */
/*
 * Fences of other makers than msm: DRM sync objects, and vgem's fences, which signal when they are told to or after ten
 * seconds (vgem_fence.c, Linux 7.3). Functions return 0 or -errno and write their outputs on success only.
 */
#ifndef VS_DRM_SYNC_H
#define VS_DRM_SYNC_H

#include <stdbool.h>
#include <stdint.h>

int vs_syncobj_new(int fd, uint32_t *ret_handle);
int vs_syncobj_close(int fd, uint32_t handle);
/* 0 once the point (0: the binary fence) has signalled; -ETIME after timeout_ms. */
int vs_syncobj_wait(int fd, uint32_t handle, uint64_t point, unsigned timeout_ms);
/* Signal a point of a timeline, or, point 0, a binary one. */
int vs_syncobj_signal(int fd, uint32_t handle, uint64_t point);

/* A fence that has not signalled: vgem is an open vgem node. *ret_fence is a sync_file. */
int vs_vgem_fence_new(int vgem, uint32_t *ret_id, int *ret_fence);
int vs_vgem_fence_signal(int vgem, uint32_t id);

#endif
