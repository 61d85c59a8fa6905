// SPDX-License-Identifier: MIT
/*
 * close-handle-while-mapped: in a VM_BIND VM a mapping alone keeps its BO alive. Each round maps new BOs, closes
 * their handles, waits, lets the GPU write through the mappings and read the values back into a BO that
 * still has a handle, and only then unmaps them.
 */
#include <errno.h>
#include <inttypes.h>

#include "scenario/cmdstream.h"
#include "scenario/vm.h"

#define MAX_BOS 32

enum { ROUNDS, BOS, BO_PAGES, HOLD };

static const struct vs_param params[] = {
	[ROUNDS] = { "rounds", "times to map, close, use and unmap", "", 1, 10000, 20 },
	[BOS] = { "bos", "BOs in each round", "", 1, MAX_BOS, 8 },
	[BO_PAGES] = { "bo-pages", "size of each BO", "pages", 1, 1024, 16 },
	[HOLD] = { "hold", "time between closing the handles and using the mappings", "ms", 0, 60000, 50 },
};

struct retain {
	struct vs_vm vm;
	struct vs_cmd cmd;
	struct vs_run *run;
	uint64_t base;
	uint64_t bo_size;
};

static uint64_t bo_iova(const struct retain *retain, uint64_t i)
{
	return retain->base + i * retain->bo_size;
}

/* New BOs that only their mappings keep. */
static int map_and_close(struct retain *retain)
{
	struct vs_bo *bo[MAX_BOS];
	uint64_t bos = retain->run->param[BOS];
	int r = 0;

	for (uint64_t i = 0; i < bos && !r; i++) {
		bo[i] = vs_vm_bo_new(&retain->vm, retain->bo_size, &r);
		if (bo[i])
			r = vs_vm_map(&retain->vm, bo[i], 0, bo_iova(retain, i), retain->bo_size);
	}
	if (!r)
		r = vs_vm_sync(&retain->vm);
	for (uint64_t i = 0; i < bos && !r; i++)
		r = vs_vm_bo_close(&retain->vm, bo[i]);
	return r;
}

/* Write a value into each BO, in its last page, and read it back. */
static int use(struct retain *retain)
{
	struct vs_run *run = retain->run;
	uint32_t value[MAX_BOS];
	uint64_t last = retain->bo_size - 4;
	int r;

	vs_cmd_begin(&retain->cmd);
	for (uint64_t i = 0; i < run->param[BOS]; i++) {
		value[i] = vs_rng_next(&run->rng) | 1;
		vs_cmd_mem_write(&retain->cmd, bo_iova(retain, i) + last, value[i]);
		vs_cmd_read_back(&retain->cmd, bo_iova(retain, i) + last, i);
	}
	r = vs_cmd_run(&retain->cmd);
	for (uint64_t i = 0; i < run->param[BOS] && !r; i++) {
		uint32_t seen = vs_cmd_result(&retain->cmd, i);

		if (seen != value[i])
			r = vs_run_fail(run, -EIO,
					"the BO mapped at iova=0x%" PRIx64
					" has no handle any more and does not work: 0x%08x written, 0x%08x read",
					bo_iova(retain, i), value[i], seen);
	}
	return r;
}

static int one_round(struct retain *retain)
{
	struct vs_run *run = retain->run;
	int r = vs_run_step(run);

	if (!r)
		r = map_and_close(retain);
	if (!r)
		r = vs_vm_checkpoint(&retain->vm, "after closing the handles");
	if (!r)
		r = vs_run_sleep_until(run, vs_now_ns() + run->param[HOLD] * 1000000);
	if (!r)
		r = use(retain);
	for (uint64_t i = 0; i < run->param[BOS] && !r; i++)
		r = vs_vm_unmap(&retain->vm, bo_iova(retain, i), retain->bo_size);
	return r ? r : vs_vm_sync(&retain->vm);
}

static int run(struct vs_run *run)
{
	struct retain retain = { .run = run, .vm = { .fd = -1, .run = run } };
	int r, closed;

	r = vs_vm_open(&retain.vm, run);
	if (!r) {
		retain.base = retain.vm.va_start + vs_cmd_range(&retain.vm);
		retain.bo_size = run->param[BO_PAGES] * retain.vm.page_size;
		r = vs_cmd_init(&retain.cmd, &retain.vm, retain.vm.va_start);
	}
	while (!r && run->done < run->total) {
		r = one_round(&retain);
		if (!r)
			run->done++;
	}
	closed = vs_vm_close(&retain.vm);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = { {
	.id = "close-handle-while-mapped",
	.description = "Closes the handles of mapped BOs, writes into them through their mappings, then unmaps them",
	.needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND,
	.counts = VS_COUNTS_VM_BIND,
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.run = run,
} };

VS_FAMILY(close_handle);
