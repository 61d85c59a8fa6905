// SPDX-License-Identifier: MIT
/*
 * UNMAP that does not take a mapping as it was made: a part of it, more than it, many at once; after the cases in the
 * "Split and Merge" DOC comment of drm_gpuvm.c. What is left over must go on to work.
 */
#include "scenario/cmdstream.h"
#include "scenario/vm.h"

#define BO_PAGES 16

/* In pages from the first mapping on; the mappings lie side by side. */
struct unbind {
	const char *step;
	int bos;
	int first, end;
	int works[2]; /* pages that are still mapped, 0 for none: the first page never is looked at */
};

static int unbind(struct vs_vm *vm, const struct unbind *unbind)
{
	uint64_t page = vm->page_size, base = vm->va_start + (2ull << 20);
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	for (int i = 0; i < unbind->bos && !r; i++) {
		struct vs_bo *bo = vs_vm_bo_new(vm, BO_PAGES * page, &r);

		if (!r)
			r = vs_vm_map(vm, bo, 0, base + i * BO_PAGES * page, bo->size);
	}
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_unmap(vm, base + unbind->first * page, (unbind->end - unbind->first) * page);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, unbind->step);
	for (int i = 0; i < 2 && !r; i++)
		if (unbind->works[i])
			r = vs_cmd_check(&cmd, base + unbind->works[i] * page, base + unbind->works[i] * page);
	return r;
}

#define UNBIND(name, ...)                                                                          \
	static int name(struct vs_vm *vm)                                                          \
	{                                                                                          \
		return unbind(vm, &(struct unbind){ __VA_ARGS__ });                                \
	}

UNBIND(left, "after unmapping the left part", 1, 0, 5, { 5, 15 })
UNBIND(right, "after unmapping the right part", 1, 11, 16, { 1, 10 })
UNBIND(middle, "after unmapping the middle", 1, 4, 12, { 3, 12 })
UNBIND(superset, "after unmapping more than was mapped", 1, -3, 20, { 0, 0 })
UNBIND(across, "after unmapping from within one mapping into another", 4, 10, 3 * BO_PAGES + 5, { 9, 3 * BO_PAGES + 5 })
UNBIND(all, "after unmapping many mappings with one UNMAP", 24, 0, 24 * BO_PAGES, { 0, 0 })
UNBIND(nothing, "after unmapping where nothing was mapped", 1, BO_PAGES, 2 * BO_PAGES, { 1, 15 })

#define BIND .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "vm-unbind-left", "Unmaps the left part of a mapping; the right part goes on to work", BIND, VS_ROUNDS(10), .in_vm = left },
	{ "vm-unbind-right", "Unmaps the right part of a mapping; the left part goes on to work", BIND, VS_ROUNDS(10),
	  .in_vm = right },
	{ "vm-unbind-middle", "Unmaps the middle of a mapping, which becomes two", BIND, VS_ROUNDS(10), .in_vm = middle },
	{ "vm-unbind-superset", "Unmaps a range that begins before a mapping and ends behind it", BIND, VS_ROUNDS(10),
	  .in_vm = superset },
	{ "vm-unbind-across", "Unmaps from the middle of one mapping over others into the middle of another", BIND, VS_ROUNDS(10),
	  .in_vm = across },
	{ "vm-unbind-all", "Unmaps many mappings with one UNMAP", BIND, VS_ROUNDS(5), .in_vm = all },
	{ "vm-unbind-nothing", "Unmaps where nothing is mapped, which must change nothing and succeed", BIND, VS_ROUNDS(10),
	  .in_vm = nothing },
};

VS_FAMILY(unbind);
