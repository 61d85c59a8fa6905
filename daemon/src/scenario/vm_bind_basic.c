// SPDX-License-Identifier: MIT
/*
 * What a VM_BIND VM is for, one thing at a time: mappings by number, size, place and order, without any that is cut.
 * Those are in vm_bind_unbind.c.
 */
#include "scenario/cmdstream.h"
#include "scenario/expect.h"
#include "scenario/vm.h"

#define MIB (1ull << 20)
#define MANY_VMS 16
#define MANY 64

/* Bytes from the start of the VM on are the command buffer's; this is where a page table of its own (2 MiB) begins. */
static uint64_t base_of(const struct vs_vm *vm)
{
	return vm->va_start + 2 * MIB;
}

static struct vs_bo *bo_mapped(struct vs_vm *vm, uint64_t pages, uint64_t iova, int *r)
{
	struct vs_bo *bo = vs_vm_bo_new(vm, pages * vm->page_size, r);

	if (bo)
		*r = vs_vm_map(vm, bo, 0, iova, bo->size);
	return bo;
}

static int once(struct vs_vm *vm)
{
	uint64_t iova = base_of(vm);
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	if (!r)
		bo_mapped(vm, 1, iova, &r);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after one MAP");
	if (!r)
		r = vs_cmd_check(&cmd, iova, iova);
	if (!r)
		r = vs_vm_unmap(vm, iova, vm->page_size);
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_vm_checkpoint(vm, "after its UNMAP");
}

/* The same again changes nothing, and the mapping goes on to work. */
static int again(struct vs_vm *vm)
{
	uint64_t iova = base_of(vm);
	struct vs_bo *bo;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	bo = r ? NULL : bo_mapped(vm, 4, iova, &r);
	for (int i = 0; i < 3 && !r; i++) {
		r = vs_vm_sync(vm);
		if (!r)
			r = vs_vm_map(vm, bo, 0, iova, bo->size);
	}
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after the same MAP four times");
	return r ? r : vs_cmd_check(&cmd, iova, iova);
}

/* Each alias shows another page first; what is written through one is read through the others. */
static int one_bo_many_times(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	struct vs_bo *bo;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	bo = r ? NULL : vs_vm_bo_new(vm, 4 * page, &r);
	for (uint64_t i = 0; i < MANY && !r; i++)
		r = vs_vm_map(vm, bo, i % 4 * page, base + i * 4 * page, (4 - i % 4) * page);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after mapping one BO many times");
	/* Page 3 of the BO, by the first alias and by the last. */
	if (!r)
		r = vs_cmd_check(&cmd, base + 3 * page, base + (MANY - 1) * 4 * page);
	for (uint64_t i = 0; i < MANY && !r; i += 2)
		r = vs_vm_unmap(vm, base + i * 4 * page, 4 * page);
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_vm_checkpoint(vm, "after unmapping every other one");
}

static int remap_offset(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, iova = base_of(vm), all = iova + 16 * page;
	struct vs_bo *bo;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	bo = r ? NULL : bo_mapped(vm, 8, all, &r);
	for (uint64_t offset = 0; offset < 8 && !r; offset++) {
		r = vs_vm_map(vm, bo, offset * page, iova, page);
		if (!r)
			r = vs_vm_sync(vm);
		if (!r)
			r = vs_vm_checkpoint(vm, "after mapping with another offset");
		if (!r)
			r = vs_cmd_check(&cmd, iova, all + offset * page);
	}
	return r;
}

static int large(struct vs_vm *vm)
{
	/* On a 2 MiB border, and one page before one, across a border of 1 GiB: a block, and tables of all levels. */
	uint64_t first = base_of(vm), second = (((vm->va_start >> 30) + 2) << 30) - 8 * MIB - vm->page_size;
	struct vs_bo *bo;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	bo = r ? NULL : bo_mapped(vm, 16 * MIB / vm->page_size, first, &r);
	if (!r)
		r = vs_vm_map(vm, bo, 0, second, bo->size);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after two large MAPs");
	return r ? r : vs_cmd_check(&cmd, first + 16 * MIB - 4, second + 16 * MIB - 4);
}

static int small(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	struct vs_bo *bo;
	int r;

	bo = vs_vm_bo_new(vm, 256 * page, &r);
	for (uint64_t i = 0; i < 256 && !r; i++)
		r = vs_vm_map(vm, bo, (255 - i) * page, base + 2 * i * page, page);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after many MAPs of one page with holes between");
	for (uint64_t i = 0; i < 256 && !r; i += 3)
		r = vs_vm_unmap(vm, base + 2 * i * page, page);
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_vm_checkpoint(vm, "after unmapping every third");
}

/* Two mappings below one last-level page table: taking one away must not take the table from the other. */
static int shared_page_table(struct vs_vm *vm)
{
	uint64_t first = base_of(vm), second = first + MIB;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	if (!r)
		bo_mapped(vm, 1, first, &r);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		bo_mapped(vm, 1, second, &r);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_unmap(vm, first, vm->page_size);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after unmapping one of two in a page table");
	return r ? r : vs_cmd_check(&cmd, second, second);
}

/* Operations of one ioctl take effect in their order. */
static int array(struct vs_vm *vm)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	struct vs_bo *a, *b = NULL;
	struct vs_cmd cmd;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	a = r ? NULL : vs_vm_bo_new(vm, 8 * page, &r);
	if (!r)
		b = vs_vm_bo_new(vm, 8 * page, &r);
	for (uint64_t i = 0; i < VS_VM_BATCH_MAX / 4 && !r; i++) {
		uint64_t at = base + 8 * i * page;

		r = vs_vm_map(vm, a, 0, at, 8 * page);
		if (!r)
			r = vs_vm_map(vm, b, page, at + 2 * page, 4 * page);
		if (!r)
			r = vs_vm_unmap(vm, at + 3 * page, page);
		if (!r)
			r = vs_vm_map(vm, a, 7 * page, at + 3 * page, page);
	}
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vs_vm_checkpoint(vm, "after one ioctl with many operations");
	/* Page 7 of a, by what the last operation of the first group mapped, and by what was left of its first. */
	return r ? r : vs_cmd_check(&cmd, base + 3 * page, base + 7 * page);
}

static int in_many_vms(struct vs_run *run, struct vs_vm *vm)
{
	int r = 0;

	for (int i = 0; i < MANY_VMS && !r; i++) {
		r = vs_run_step(run);
		if (!r)
			r = vs_vm_open(&vm[i], run);
		if (!r)
			bo_mapped(&vm[i], 1 + i % 4, base_of(&vm[i]), &r);
		if (!r)
			r = vs_vm_flush(&vm[i], true);
	}
	for (int i = 0; i < MANY_VMS && !r; i++)
		r = vs_vm_sync(&vm[i]);
	if (r)
		return r;
	vs_expect_begin(run, "with one mapping at the same address of each VM");
	for (int i = 0; i < MANY_VMS; i++)
		vs_vm_expect(&vm[i]);
	return vs_expect_end(run);
}

static int many_vms(struct vs_run *run)
{
	struct vs_vm vm[MANY_VMS];
	int r = 0;

	while (!r && run->done < run->total) {
		for (int i = 0; i < MANY_VMS; i++)
			vm[i] = (struct vs_vm){ .fd = -1, .run = run };
		r = in_many_vms(run, vm);
		for (int i = 0; i < MANY_VMS; i++) {
			int closed = vs_vm_close(&vm[i]);

			r = r ? r : closed;
		}
		if (!r)
			run->done++;
	}
	return r;
}

#define BIND .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "vm-bind-once", "Maps one page, uses it and unmaps it", BIND, VS_ROUNDS(20), .in_vm = once },
	{ "vm-bind-again", "Maps the same part of a BO at the same place again, which must change nothing", BIND,
	  VS_ROUNDS(10), .in_vm = again },
	{ "vm-bind-one-bo-many-times", "Maps one BO at many addresses with different offsets, all of which show the same memory",
	  BIND, VS_ROUNDS(5), .in_vm = one_bo_many_times },
	{ "vm-bind-many-vms", "Has many VMs at a time, each with a mapping at the same address", BIND, VS_ROUNDS(3),
	  .run = many_vms },
	{ "vm-bind-remap-offset", "Maps over a mapping with another offset into the same BO", BIND, VS_ROUNDS(4),
	  .in_vm = remap_offset },
	{ "vm-bind-large", "Maps ranges that need page tables of every level, on and off their borders", BIND, VS_ROUNDS(2),
	  .in_vm = large },
	{ "vm-bind-small", "Maps hundreds of single pages with holes between, and unmaps some", BIND, VS_ROUNDS(3),
	  .in_vm = small },
	{ "vm-bind-shared-page-table", "Unmaps one of two mappings below the same page table, and uses the other", BIND,
	  VS_ROUNDS(10), .in_vm = shared_page_table },
	{ "vm-bind-array", "Gives many operations to one ioctl, which overlap and so depend on their order", BIND, VS_ROUNDS(5),
	  .in_vm = array },
};

VS_FAMILY(basic);
