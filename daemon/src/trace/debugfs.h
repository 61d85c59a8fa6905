/* SPDX-License-Identifier: MIT */
/*
 * The lowest level: what msm prints of its BOs and their mappings in debugfs "gem" (msm_gem_describe_objects(),
 * drivers/gpu/drm/msm/msm_gem.c:933-1038, Linux 7.3.4), as the records of a walk.
 *
 * It says less than a walk. Objects have no address there: a VM has a hashed one, good for one boot; a BO is known by its mmap
 * offset, size and name; a mapping by its VM and address. How long a mapping is, it does not say: as long as its BO,
 * unless another one begins before that. Handles, mappings without a BO and VMs without any mapping are not in it, nor BOs
 * that were locked at that moment. So a snapshot made of it is never complete.
 */
#ifndef VS_TRACE_DEBUGFS_H
#define VS_TRACE_DEBUGFS_H

#include <stddef.h>

#include "trace/event.h"

typedef void (*vs_debugfs_record_fn)(void *data, const struct vs_event *record, size_t size);

/* Gives the records of a walk, the last being VS_WALK_END with the number of BOs that were locked. */
void vs_debugfs_parse(const char *text, vs_debugfs_record_fn record, void *data);
/* Reads all of "gem" again through fd, and parses it. 0 or -errno. */
int vs_debugfs_walk(int fd, vs_debugfs_record_fn record, void *data);

#endif
