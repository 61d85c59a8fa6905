// SPDX-License-Identifier: MIT
/*
 * vm-bind-random: short sequences of random operations in a small window, so that they meet each other in every way there
 * is. A checkpoint now and then says what must have come of them; the requests themselves are traced for a second opinion.
 */
#include <stdlib.h>

#include "scenario/vm.h"

enum { SEQUENCES, OPS, WINDOW, BOS, CHECKPOINT };

#define MAX_BOS 16

static const struct vs_param params[] = {
	[SEQUENCES] = { "sequences", "sequences of operations", "", 1, 10000000, 10000 },
	[OPS] = { "ops", "most operations in a sequence; each has 1 to this many", "", 1, 32, 4 },
	[WINDOW] = { "window", "where all of it happens", "pages", 2, 65536, 64 },
	[BOS] = { "bos", "BOs of the window's size", "", 1, MAX_BOS, 4 },
	[CHECKPOINT] = { "checkpoint", "sequences from one checkpoint to the next", "", 1, 1000000, 250 },
};

static int add_op(struct vs_vm *vm, struct vs_bo *const *bo)
{
	struct vs_run *run = vm->run;
	uint64_t page = vm->page_size, window = run->param[WINDOW];
	uint64_t first = vs_rng_below(&run->rng, window), pages = 1 + vs_rng_below(&run->rng, window - first);
	uint64_t offset = vs_rng_below(&run->rng, window - pages + 1);
	const struct vs_bo *which = bo[vs_rng_below(&run->rng, run->param[BOS])];
	uint64_t iova = vm->va_start + first * page;

	switch (vs_rng_below(&run->rng, 8)) {
	case 0:
	case 1:
		return vs_vm_unmap(vm, iova, pages * page);
	case 2:
		if (vm->has_prr)
			return vs_vm_map_null(vm, iova, pages * page);
		break;
	case 3: /* as it may be there already */
		return vs_vm_map(vm, which, first * page, iova, pages * page);
	}
	return vs_vm_map(vm, which, offset * page, iova, pages * page);
}

static int sequence(struct vs_vm *vm, struct vs_bo *const *bo)
{
	struct vs_run *run = vm->run;
	uint64_t n = 1 + vs_rng_below(&run->rng, run->param[OPS]);
	int r = 0;

	/* Not too often: what one sequence leaves is what the next one meets. */
	if (vs_rng_below(&run->rng, 16) == 0)
		r = vs_vm_unmap(vm, vm->va_start, run->param[WINDOW] * vm->page_size);
	for (uint64_t i = 0; i < n && !r; i++)
		r = add_op(vm, bo);
	return r;
}

static int all(struct vs_vm *vm)
{
	struct vs_run *run = vm->run;
	struct vs_bo *bo[MAX_BOS];
	int r = 0;

	for (uint64_t i = 0; i < run->param[BOS] && !r; i++)
		bo[i] = vs_vm_bo_new(vm, run->param[WINDOW] * vm->page_size, &r);
	while (!r && run->done < run->total) {
		r = sequence(vm, bo);
		if (r)
			break;
		run->done++;
		/* Full requests are issued by themselves. */
		if (run->done % 16 == 0)
			r = vs_run_step(run);
		if (!r && (run->done % run->param[CHECKPOINT] == 0 || run->done == run->total)) {
			r = vs_vm_sync(vm);
			if (!r)
				r = vs_vm_checkpoint(vm, "after random operations");
		}
	}
	return r;
}

static int run(struct vs_run *run)
{
	struct vs_vm vm = { .fd = -1, .run = run };
	int r = vs_vm_open(&vm, run), closed;

	if (!r)
		r = all(&vm);
	closed = vs_vm_close(&vm);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = {
	{ "vm-bind-random", "Issues thousands of short random sequences of MAP, UNMAP and MAP_NULL in a small window",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND, .params = params,
	  .n_params = sizeof(params) / sizeof(params[0]), .run = run },
};

VS_FAMILY(random);
