/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: what a scenario's own model says the kernel must hold now (Frame.checkpoint). The engine compares them with
 * what was traced.
 *
 * VMs and BOs are named by their process and the order in which that process made them, from 1, over all runs of
 * the process: whoever makes one asks for its ordinal here, once it exists.
 *
 * State only what is certain on return of the requests before. In msm 7.3.4 the VA tree and the handles are; a BO that a
 * VM_BIND job or a submit has used may stay until the scheduler frees that job, after its fence. It is gone once the
 * file is closed, which waits for the jobs (msm_gem_vm_close()).
 */
#ifndef VS_SCENARIO_EXPECT_H
#define VS_SCENARIO_EXPECT_H

#include "scenario/run.h"
#include "scenario/va_model.h"

#define VS_HARD VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_HARD
#define VS_WEAK VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_WEAK
#define VS_HANDLE_COUNTED VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_HANDLE_COUNTED
#define VS_ANY_POLICY VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_UNSPECIFIED

/* The ordinal of the VM, or BO, that this process has just made. */
uint32_t vs_ordinal_vm(void);
uint32_t vs_ordinal_bo(void);
/* In a new process, which has made none. */
void vs_ordinals_reset(void);
/* A request failed half way, and may have made one or not: nothing can be named any more, so no checkpoint is sent. */
void vs_ordinals_lost(void);

/* Start a checkpoint of this process; step says after what, "after closing the handles". */
void vs_expect_begin(struct vs_run *run, const char *step);
/* All mappings of a VM; policy: of which VMs this holds. va->bo are ordinals of this process. */
void vs_expect_vm(struct vs_run *run, uint32_t vm, Vascope__V1__ReferencePolicy policy, const struct vs_va *va, size_t n);
void vs_expect_vm_gone(struct vs_run *run, uint32_t vm, Vascope__V1__ReferencePolicy policy);
/* A BO that exists, with so many open handles in all processes; policy: of its VMs of which this holds. */
void vs_expect_bo(struct vs_run *run, uint32_t bo, Vascope__V1__ReferencePolicy policy, uint32_t handles);
void vs_expect_bo_gone(struct vs_run *run, uint32_t bo, Vascope__V1__ReferencePolicy policy);
/* What follows is about another process, which has ended. */
void vs_expect_of(struct vs_run *run, uint32_t pid);
/* Send it. 0, or -EMSGSIZE, noted, when it has more mappings than one packet takes. */
int vs_expect_end(struct vs_run *run);
/* Give back the memory; also drops a checkpoint that was not sent. */
void vs_expect_clear(struct vs_run *run);

#endif
