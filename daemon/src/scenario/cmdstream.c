// SPDX-License-Identifier: MIT
/* A small GPU job. See cmdstream.h. */
#include "scenario/cmdstream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CP_NOP 0x10
#define CP_WAIT_MEM_WRITES 0x12
#define CP_WAIT_FOR_ME 0x13
#define CP_MEM_WRITE 0x3d
#define CP_MEM_TO_MEM 0x73

#define PAIR_DWORDS (4 + 1 + 1 + 6)

static uint32_t odd_parity(uint32_t x)
{
	return !(__builtin_popcount(x) & 1);
}

static void emit(struct vs_cmd *cmd, uint32_t dword)
{
	((volatile uint32_t *)cmd->buffer->cpu)[cmd->n++] = dword;
}

static void packet(struct vs_cmd *cmd, uint32_t opcode, uint32_t n)
{
	emit(cmd, 7u << 28 | odd_parity(opcode) << 23 | opcode << 16 | odd_parity(n) << 15 | n);
}

static void emit64(struct vs_cmd *cmd, uint64_t value)
{
	emit(cmd, value);
	emit(cmd, value >> 32);
}

uint64_t vs_cmd_range(const struct vs_vm *vm)
{
	return 2 * vm->page_size;
}

int vs_cmd_init(struct vs_cmd *cmd, struct vs_vm *vm, uint64_t iova)
{
	int r;

	*cmd = (struct vs_cmd){ .vm = vm, .iova = iova, .result_iova = iova + vm->page_size };
	cmd->buffer = vs_vm_bo_new(vm, vm->page_size, &r);
	if (!cmd->buffer)
		return r;
	cmd->result = vs_vm_bo_new(vm, vm->page_size, &r);
	if (!cmd->result)
		return r;
	r = vs_vm_bo_mmap(vm, cmd->buffer);
	if (!r)
		r = vs_vm_bo_mmap(vm, cmd->result);
	if (!r)
		r = vs_vm_map(vm, cmd->buffer, 0, cmd->iova, cmd->buffer->size);
	if (!r)
		r = vs_vm_map(vm, cmd->result, 0, cmd->result_iova, cmd->result->size);
	return r ? r : vs_vm_sync(vm);
}

void vs_cmd_begin(struct vs_cmd *cmd)
{
	memset(cmd->result->cpu, 0, cmd->result->size);
	cmd->n = 0;
	packet(cmd, CP_NOP, 1);
	emit(cmd, 0);
}

void vs_cmd_mem_write(struct vs_cmd *cmd, uint64_t iova, uint32_t value)
{
	packet(cmd, CP_MEM_WRITE, 3);
	emit64(cmd, iova);
	emit(cmd, value);
	packet(cmd, CP_WAIT_MEM_WRITES, 0);
	packet(cmd, CP_WAIT_FOR_ME, 0);
}

void vs_cmd_read_back(struct vs_cmd *cmd, uint64_t iova, uint32_t i)
{
	packet(cmd, CP_MEM_TO_MEM, 5);
	emit(cmd, 0);
	emit64(cmd, cmd->result_iova + 4ull * i);
	emit64(cmd, iova);
}

uint32_t vs_cmd_max_pairs(const struct vs_cmd *cmd)
{
	return (cmd->buffer->size / 4 - 2) / PAIR_DWORDS;
}

int vs_cmd_run(struct vs_cmd *cmd)
{
	return vs_vm_submit(cmd->vm, cmd->iova, cmd->n * 4);
}

uint32_t vs_cmd_result(const struct vs_cmd *cmd, uint32_t i)
{
	return ((volatile uint32_t *)cmd->result->cpu)[i];
}

int vs_cmd_check(struct vs_cmd *cmd, uint64_t iova, uint64_t at)
{
	struct vs_run *run = cmd->vm->run;
	uint32_t value = vs_rng_next(&run->rng) | 1;
	int r;

	vs_cmd_begin(cmd);
	vs_cmd_mem_write(cmd, iova, value);
	vs_cmd_read_back(cmd, at, 0);
	r = vs_cmd_run(cmd);
	if (!r && vs_cmd_result(cmd, 0) != value)
		r = vs_run_fail(run, -EIO, "0x%08x written to iova=0x%" PRIx64 ", 0x%08x read at iova=0x%" PRIx64, value,
				iova, vs_cmd_result(cmd, 0), at);
	return r;
}

uint32_t vs_cmd_nop(struct vs_bo *bo)
{
	volatile uint32_t *dword = bo->cpu;

	dword[0] = 0x70100001; /* CP_NOP with one dword */
	dword[1] = 0;
	return 8;
}
