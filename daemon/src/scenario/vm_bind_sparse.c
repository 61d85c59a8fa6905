// SPDX-License-Identifier: MIT
/*
 * MAP_NULL and sparse residency: a range where nothing is stored, in which pages become resident and go again. A mapping
 * without a BO has no vm_bo, and is never kept in place.
 */
#include "scenario/cmdstream.h"
#include "scenario/vm.h"

#define PAGES 1024
#define PIECE 16 /* pages that come and go together */

static uint64_t base_of(const struct vs_vm *vm)
{
	return vm->va_start + (2ull << 20);
}

static int null(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	int r = vs_vm_map_null(vm, base, PAGES * page);

	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after MAP_NULL");
	/* Over itself, which replaces it, and a hole. */
	if (!r)
		r = vs_vm_map_null(vm, base, PAGES * page);
	if (!r)
		r = vs_vm_unmap(vm, base + 100 * page, page);
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_vm_checkpoint(vm, "after a hole was made in it");
}

/* Make a random piece resident, or let it go. */
static int move(struct vs_vm *vm, const struct vs_bo *bo)
{
	uint64_t bytes = PIECE * vm->page_size;
	uint64_t piece = vs_rng_below(&vm->run->rng, PAGES / PIECE);
	uint64_t iova = base_of(vm) + piece * bytes;

	if (vs_rng_below(&vm->run->rng, 3) == 0)
		return vs_vm_map_null(vm, iova, bytes);
	return vs_vm_map(vm, bo, vs_rng_below(&vm->run->rng, bo->size / bytes) * bytes, iova, bytes);
}

static int residency(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	struct vs_cmd cmd;
	struct vs_bo *bo;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	bo = r ? NULL : vs_vm_bo_new(vm, PAGES / 4 * page, &r);
	if (!r)
		r = vs_vm_map_null(vm, base, PAGES * page);
	for (int i = 0; i < 8 && !r; i++) {
		for (int k = 0; k < 12 && !r; k++)
			r = move(vm, bo);
		/* The first piece is resident whenever the GPU looks. */
		if (!r)
			r = vs_vm_map(vm, bo, i * page, base, page);
		if (!r)
			r = vs_vm_sync(vm);
		if (!r)
			r = vs_vm_checkpoint(vm, "while pieces come and go");
		if (!r)
			r = vs_cmd_check(&cmd, base, base);
	}
	return r;
}

#define SPARSE .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_PRR, .counts = VS_COUNTS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "vm-bind-null", "Maps a range to nothing, maps it so again, and makes a hole in it", SPARSE, VS_ROUNDS(5), .in_vm = null },
	{ "vm-bind-sparse-residency", "Makes pieces of a range that maps to nothing resident and lets them go", SPARSE, VS_ROUNDS(3),
	  .in_vm = residency },
};

VS_FAMILY(sparse);
