// SPDX-License-Identifier: MIT
/*
 * vm-bind-churn: a VM at work. Mappings of random parts of many BOs come and go in a window of equal
 * slots, so that about `live` of them exist at any time. No request overlaps an existing mapping: splits are
 * the business of vm-bind-remap-split.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenario/cmdstream.h"
#include "scenario/vm.h"

/* In a run. */
#define CHECKPOINTS 8

enum { OPS, BOS, BO_PAGES, LIVE, BATCH, SUBMIT_EVERY, RATE };

static const struct vs_param params[] = {
	[OPS] = { "ops", "VM_BIND operations to issue before the final UNMAP", "", 1, 10000000, 2000 },
	[BOS] = { "bos", "BOs that the mappings show parts of", "", 1, 512, 64 },
	[BO_PAGES] = { "bo-pages", "size of each BO, and of the largest mapping", "pages", 1, 256, 16 },
	[LIVE] = { "live", "mappings to keep alive at a time", "", 1, 4096, 128 },
	[BATCH] = { "batch", "most operations in one ioctl; each ioctl has 1 to this many", "", 1, VS_VM_BATCH_MAX, 8 },
	[SUBMIT_EVERY] = { "submits", "one GPU submit after each so many operations, 0 for none", "operations", 0, 1000000, 100 },
	[RATE] = { "rate", "most operations per second, 0 for as fast as possible", "ops/s", 0, 1000000, 0 },
};

/* Slots of the window by index: the first n_used of slot[] hold a mapping, the others are free. */
struct churn {
	struct vs_vm vm;
	struct vs_cmd cmd;
	struct vs_run *run;
	struct vs_bo **bo;
	uint64_t base;
	uint32_t *slot;
	uint64_t *range; /* bytes mapped in slot i */
	uint32_t n_slots;
	uint32_t n_used;
};

static int set_up(struct churn *churn)
{
	struct vs_run *run = churn->run;
	struct vs_vm *vm = &churn->vm;
	int r;

	churn->n_slots = 2 * run->param[LIVE];
	churn->slot = calloc(churn->n_slots, sizeof(*churn->slot));
	churn->range = calloc(churn->n_slots, sizeof(*churn->range));
	churn->bo = calloc(run->param[BOS], sizeof(struct vs_bo *));
	if (!churn->slot || !churn->range || !churn->bo)
		abort();
	for (uint32_t i = 0; i < churn->n_slots; i++)
		churn->slot[i] = i;
	r = vs_vm_open(vm, run);
	if (r)
		return r;
	churn->base = vm->va_start + vs_cmd_range(vm);
	for (uint64_t i = 0; i < run->param[BOS]; i++) {
		churn->bo[i] = vs_vm_bo_new(vm, run->param[BO_PAGES] * vm->page_size, &r);
		if (!churn->bo[i])
			return r;
		r = vs_run_step(run);
		if (r)
			return r;
	}
	return run->param[SUBMIT_EVERY] ? vs_cmd_init(&churn->cmd, vm, vm->va_start) : 0;
}

static uint64_t slot_iova(const struct churn *churn, uint32_t slot)
{
	return churn->base + slot * churn->run->param[BO_PAGES] * churn->vm.page_size;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t t = *a;

	*a = *b;
	*b = t;
}

static int add_map(struct churn *churn)
{
	struct vs_run *run = churn->run;
	uint64_t bo_pages = run->param[BO_PAGES], page = churn->vm.page_size;
	uint32_t i = churn->n_used + vs_rng_below(&run->rng, churn->n_slots - churn->n_used);
	uint64_t pages = 1 + vs_rng_below(&run->rng, bo_pages);
	uint64_t offset = vs_rng_below(&run->rng, bo_pages - pages + 1);
	uint64_t bo = vs_rng_below(&run->rng, run->param[BOS]);
	bool null = vs_rng_below(&run->rng, 8) == 0 && churn->vm.has_prr;
	uint32_t slot = churn->slot[i];

	swap(&churn->slot[i], &churn->slot[churn->n_used++]);
	churn->range[slot] = pages * page;
	if (null)
		return vs_vm_map_null(&churn->vm, slot_iova(churn, slot), pages * page);
	return vs_vm_map(&churn->vm, churn->bo[bo], offset * page, slot_iova(churn, slot), pages * page);
}

static int add_unmap(struct churn *churn)
{
	uint32_t i = vs_rng_below(&churn->run->rng, churn->n_used);
	uint32_t slot = churn->slot[i];

	swap(&churn->slot[i], &churn->slot[--churn->n_used]);
	return vs_vm_unmap(&churn->vm, slot_iova(churn, slot), churn->range[slot]);
}

static int add_op(struct churn *churn)
{
	uint64_t live = churn->run->param[LIVE];

	if (churn->n_used < live - live / 4)
		return add_map(churn);
	if (churn->n_used >= live)
		return add_unmap(churn);
	return vs_rng_below(&churn->run->rng, 2) ? add_map(churn) : add_unmap(churn);
}

/* Let the GPU write a value into the result BO and look whether it came. */
static int submit(struct churn *churn)
{
	uint32_t value = vs_rng_next(&churn->run->rng) | 1;
	uint32_t seen;
	int r;

	vs_cmd_begin(&churn->cmd);
	vs_cmd_mem_write(&churn->cmd, churn->cmd.result_iova, value);
	r = vs_cmd_run(&churn->cmd);
	if (r)
		return r;
	seen = vs_cmd_result(&churn->cmd, 0);
	if (seen != value)
		return vs_run_fail(churn->run, -EIO,
				   "GEM_SUBMIT %" PRIu64 " wrote 0x%08x to iova=0x%" PRIx64 ", 0x%08x is there",
				   churn->vm.submits - 1, value, churn->cmd.result_iova, seen);
	return 0;
}

static int churn_ops(struct churn *churn)
{
	struct vs_run *run = churn->run;
	uint64_t start = vs_now_ns(), every = run->param[SUBMIT_EVERY];

	while (run->done < run->total) {
		uint64_t before = run->done;
		uint64_t n = 1 + vs_rng_below(&run->rng, run->param[BATCH]);
		int r = vs_run_step(run);

		if (n > run->total - run->done)
			n = run->total - run->done;
		for (uint64_t i = 0; i < n && !r; i++)
			r = add_op(churn);
		if (!r)
			r = vs_vm_flush(&churn->vm, vs_rng_below(&run->rng, 4) == 0);
		if (r)
			return r;
		run->done += n;
		if (before * CHECKPOINTS / run->total != run->done * CHECKPOINTS / run->total)
			r = vs_vm_checkpoint(&churn->vm, "while mappings come and go");
		if (!r && every && run->done / every != before / every)
			r = submit(churn);
		if (!r && run->param[RATE])
			r = vs_run_sleep_until(run, start + run->done * 1000000000 / run->param[RATE]);
		if (r)
			return r;
	}
	return 0;
}

static int run(struct vs_run *run)
{
	struct churn churn = { .run = run, .vm = { .fd = -1, .run = run } };
	int r, closed;

	r = set_up(&churn);
	if (!r)
		r = churn_ops(&churn);
	closed = vs_vm_close(&churn.vm);
	free(churn.slot);
	free(churn.range);
	free(churn.bo);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = { {
	.id = "vm-bind-churn",
	.description = "Maps and unmaps random parts of many BOs, keeping a number of mappings alive, with GPU submits in between",
	.needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND,
	.counts = VS_COUNTS_VM_BIND,
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.run = run,
} };

VS_FAMILY(churn);
