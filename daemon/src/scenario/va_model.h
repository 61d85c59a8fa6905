/* SPDX-License-Identifier: MIT */
/*
 * What drm_gpuvm does to the VAs of one msm VM_BIND VM, told in advance: the tree of VAs, and how
 * many drm_gpuva_insert() and drm_gpuva_remove() calls a request costs.
 *
 * Rules, Linux 7.3.4 (drm_gpuvm.c __drm_gpuvm_sm_map() and __drm_gpuvm_sm_unmap(); msm_gem_vma.c):
 *  - a VA that lies inside the request is removed;
 *  - a VA that reaches outside is removed, and each part that stays (prev, next) is inserted as a new
 *    VA: msm_gem_vm_sm_step_remap() never shrinks a VA in place;
 *  - MAP inserts one VA after that. drm_gpuvm never joins neighbours;
 *  - MAP of exactly the same range, BO and offset as an existing VA changes nothing but its flags:
 *    msm_gem_vm_sm_step_unmap() keeps it. MAP_NULL over MAP_NULL is not kept;
 *  - closing the VM removes every VA that is left.
 */
#ifndef VS_SCENARIO_VA_MODEL_H
#define VS_SCENARIO_VA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vs_va {
	uint64_t iova;   /* bytes */
	uint64_t range;  /* bytes, not 0 */
	uint64_t bo;     /* identity of the BO, not its handle, which can be used again; 0 for MAP_NULL */
	uint64_t offset; /* bytes into the BO; 0 for MAP_NULL */
};

struct vs_va_model {
	struct vs_va *va; /* sorted by iova, without overlap */
	size_t n;
	size_t size;
	uint64_t inserts;
	uint64_t removes;
};

/* bo and offset are 0 for MAP_NULL. Aborts when memory ends. */
void vs_va_model_map(struct vs_va_model *model, uint64_t iova, uint64_t range, uint64_t bo, uint64_t offset);
void vs_va_model_unmap(struct vs_va_model *model, uint64_t iova, uint64_t range);
/* Whether any VA shows this BO. */
bool vs_va_model_maps(const struct vs_va_model *model, uint64_t bo);
/* The VM goes away: what is left is removed. The counts stay; the memory is given back. */
void vs_va_model_close(struct vs_va_model *model);

#endif
