/* SPDX-License-Identifier: MIT */
/*
 * The GEM handles that this process has, by file, with the sizes of their BOs. What is not in here does not go into a
 * VM_BIND.
 */
#ifndef VS_DRM_HANDLES_H
#define VS_DRM_HANDLES_H

#include <stdbool.h>
#include <stdint.h>

/* size in bytes, not 0. */
void vs_handle_add(int fd, uint32_t handle, uint64_t size);
void vs_handle_remove(int fd, uint32_t handle);
/* The file is closed, and its handles with it. */
void vs_handles_forget(int fd);
/* Size of the BO in bytes, 0 when there is no such handle. */
uint64_t vs_handle_size(int fd, uint32_t handle);

#endif
