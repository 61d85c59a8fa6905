/* SPDX-License-Identifier: MIT */
/*
 * A small GPU job: a command buffer and a result buffer in a VM_BIND VM, and the three Adreno packets
 * that prove an address works (a5xx and later; type-7 packets as in Mesa's adreno_pm4.xml).
 */
#ifndef VS_SCENARIO_CMDSTREAM_H
#define VS_SCENARIO_CMDSTREAM_H

#include "scenario/vm.h"

struct vs_cmd {
	struct vs_vm *vm;
	struct vs_bo *buffer;
	struct vs_bo *result;
	uint64_t iova; /* of the command buffer */
	uint64_t result_iova;
	uint32_t n; /* dwords written so far */
};

/* Bytes of address space that vs_cmd_init() takes. */
uint64_t vs_cmd_range(const struct vs_vm *vm);

/* Create both buffers and map them from iova on. The VM gives them back when it is closed. */
int vs_cmd_init(struct vs_cmd *cmd, struct vs_vm *vm, uint64_t iova);

/* Start a new job; results are set to 0. */
void vs_cmd_begin(struct vs_cmd *cmd);
/* Write value to iova, and let no later packet pass. */
void vs_cmd_mem_write(struct vs_cmd *cmd, uint64_t iova, uint32_t value);
/* Copy the dword at iova into result slot i. */
void vs_cmd_read_back(struct vs_cmd *cmd, uint64_t iova, uint32_t i);
/* How many pairs of write and read back fit into one job. */
uint32_t vs_cmd_max_pairs(const struct vs_cmd *cmd);
/* Submit and wait. */
int vs_cmd_run(struct vs_cmd *cmd);
/* A job of its own: write a value to iova, read it back through at. 0, or a noted failure that says what was read. */
int vs_cmd_check(struct vs_cmd *cmd, uint64_t iova, uint64_t at);
uint32_t vs_cmd_result(const struct vs_cmd *cmd, uint32_t i);


/* Without the above: makes a BO that is mapped for the CPU a command buffer that does nothing. Its size in bytes. */
uint32_t vs_cmd_nop(struct vs_bo *bo);

#endif
