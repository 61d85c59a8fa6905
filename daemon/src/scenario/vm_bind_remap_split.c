// SPDX-License-Identifier: MIT
/*
 * vm-bind-remap-split: requests that cut existing mappings, so that drm_gpuvm has to split them. Each round
 * maps a row of BOs side by side, then unmaps and maps over parts of random mappings, one ioctl each, and at
 * last unmaps the whole row with one request.
 */
#include <errno.h>
#include <stdlib.h>

#include "scenario/vm.h"

#define CHECKPOINT_EVERY 8 /* rounds */

enum { ROUNDS, CUTS, BOS, BO_PAGES };

static const struct vs_param params[] = {
	[ROUNDS] = { "rounds", "times to map the row, cut it and unmap it", "", 1, 1000000, 50 },
	[CUTS] = { "cuts", "cutting requests in each round", "", 1, 4096, 24 },
	[BOS] = { "bos", "BOs mapped side by side", "", 1, VS_VM_BATCH_MAX, 8 },
	[BO_PAGES] = { "bo-pages", "size of each BO", "pages", 4, 1024, 64 },
};

/* The cuts, after the cases in the "Split and Merge" DOC comment of drm_gpuvm.c. */
enum cut {
	UNMAP_MIDDLE,
	UNMAP_LEFT,
	UNMAP_RIGHT,
	UNMAP_SUPERSET,
	MAP_MIDDLE,
	MAP_LEFT,
	MAP_RIGHT,
	MAP_SUPERSET,
	MAP_IN_PLACE,
	MAP_NULL_MIDDLE,
	N_CUTS,
};

struct split {
	struct vs_vm vm;
	struct vs_run *run;
	struct vs_bo *bo[VS_VM_BATCH_MAX];
	uint64_t base;
	uint64_t bo_size; /* bytes */
};

static int set_up(struct split *split)
{
	struct vs_run *run = split->run;
	int r = vs_vm_open(&split->vm, run);

	if (r)
		return r;
	split->base = split->vm.va_start;
	split->bo_size = run->param[BO_PAGES] * split->vm.page_size;
	for (uint64_t i = 0; i < run->param[BOS]; i++) {
		split->bo[i] = vs_vm_bo_new(&split->vm, split->bo_size, &r);
		if (!split->bo[i])
			return r;
	}
	return 0;
}

/* Page addresses [*iova, *end) of a cut into va; MAP must not get longer than a BO. */
static void place(struct split *split, enum cut cut, const struct vs_va *va, uint64_t *iova, uint64_t *end)
{
	struct vs_rng *rng = &split->run->rng;
	uint64_t page = split->vm.page_size, pages = va->range / page;
	uint64_t a = 0, b = pages;
	uint64_t row_end = split->base + split->run->param[BOS] * split->bo_size;

	switch (cut) {
	case UNMAP_MIDDLE:
	case MAP_MIDDLE:
	case MAP_NULL_MIDDLE:
		if (pages < 3)
			break; /* too small: the whole of it */
		a = 1 + vs_rng_below(rng, pages - 2);
		b = a + 1 + vs_rng_below(rng, pages - 1 - a);
		break;
	case UNMAP_LEFT:
	case MAP_LEFT:
		if (pages > 1)
			b = 1 + vs_rng_below(rng, pages - 1);
		break;
	case UNMAP_RIGHT:
	case MAP_RIGHT:
		if (pages > 1)
			a = 1 + vs_rng_below(rng, pages - 1);
		break;
	default:
		break;
	}
	*iova = va->iova + a * page;
	*end = va->iova + b * page;
	if (cut == UNMAP_SUPERSET || cut == MAP_SUPERSET) {
		uint64_t more_left = vs_rng_below(rng, 4) * page, more_right = vs_rng_below(rng, 4) * page;

		*iova = *iova - split->base < more_left ? split->base : *iova - more_left;
		*end = row_end - *end < more_right ? row_end : *end + more_right;
		if (cut == MAP_SUPERSET && *end - *iova > split->bo_size)
			*end = *iova + split->bo_size;
	}
}

static const struct vs_bo *bo_by_id(const struct split *split, uint64_t id)
{
	return id ? split->bo[id - split->bo[0]->id] : NULL;
}

/* Map a random part of a random BO over [iova, end). */
static int map_over(struct split *split, uint64_t iova, uint64_t end)
{
	struct vs_rng *rng = &split->run->rng;
	uint64_t page = split->vm.page_size;
	uint64_t bo = vs_rng_below(rng, split->run->param[BOS]);
	uint64_t offset = vs_rng_below(rng, (split->bo_size - (end - iova)) / page + 1) * page;

	return vs_vm_map(&split->vm, split->bo[bo], offset, iova, end - iova);
}

static int cut_one(struct split *split)
{
	struct vs_run *run = split->run;
	struct vs_vm *vm = &split->vm;
	enum cut cut = vs_rng_below(&run->rng, N_CUTS);
	struct vs_va va;
	uint64_t iova, end;

	if (!vm->model.n) /* all of it was cut away */
		return map_over(split, split->base, split->base + split->bo_size);
	va = vm->model.va[vs_rng_below(&run->rng, vm->model.n)];
	place(split, cut, &va, &iova, &end);
	switch (cut) {
	case UNMAP_MIDDLE:
	case UNMAP_LEFT:
	case UNMAP_RIGHT:
	case UNMAP_SUPERSET:
		return vs_vm_unmap(vm, iova, end - iova);
	case MAP_IN_PLACE:
		if (va.bo)
			return vs_vm_map(vm, bo_by_id(split, va.bo), va.offset, va.iova, va.range);
		return vs_vm_map_null(vm, va.iova, va.range);
	case MAP_NULL_MIDDLE:
		if (vm->has_prr)
			return vs_vm_map_null(vm, iova, end - iova);
		return map_over(split, iova, end);
	default:
		return map_over(split, iova, end);
	}
}

static int one_round(struct split *split)
{
	struct vs_run *run = split->run;
	uint64_t bos = run->param[BOS];
	int r = 0;

	for (uint64_t i = 0; i < bos && !r; i++)
		r = vs_vm_map(&split->vm, split->bo[i], 0, split->base + i * split->bo_size, split->bo_size);
	if (!r)
		r = vs_vm_flush(&split->vm, true);
	for (uint64_t i = 0; i < run->param[CUTS] && !r; i++) {
		r = vs_run_step(run);
		if (!r)
			r = cut_one(split);
		if (!r)
			r = vs_vm_flush(&split->vm, vs_rng_below(&run->rng, 4) == 0);
	}
	if (!r && run->done % CHECKPOINT_EVERY == 0)
		r = vs_vm_checkpoint(&split->vm, "after the cuts of a round");
	if (!r)
		r = vs_vm_unmap(&split->vm, split->base, bos * split->bo_size);
	return r ? r : vs_vm_sync(&split->vm);
}

static int run(struct vs_run *run)
{
	struct split split = { .run = run, .vm = { .fd = -1, .run = run } };
	int r, closed;

	r = set_up(&split);
	while (!r && run->done < run->total) {
		r = one_round(&split);
		if (!r)
			run->done++;
	}
	closed = vs_vm_close(&split.vm);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = { {
	.id = "vm-bind-remap-split",
	.description = "Maps large ranges, then unmaps and maps over their middles, ends and surroundings, so that the kernel splits them",
	.needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND,
	.counts = VS_COUNTS_VM_BIND,
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.run = run,
} };

VS_FAMILY(remap_split);
