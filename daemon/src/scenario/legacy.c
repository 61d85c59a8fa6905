// SPDX-License-Identifier: MIT
/*
 * VMs whose addresses the kernel manages: a submit maps what it names, and what takes the mapping down again depends on the
 * kernel's policy. Mainline counts handles: closing one takes the mapping in that file's VM down. With a weak reference the
 * mapping lasts as long as the BO; with a hard one, and nothing that takes it down, for ever.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "scenario/cmdstream.h"
#include "scenario/expect.h"
#include "scenario/vm.h"

#define BO_PAGES 4
#define N_BOS 4

static struct vs_va mapping_of(const struct vs_bo *bo)
{
	return (struct vs_va){ .range = bo->size, .bo = bo->id }; /* at an address that the kernel chooses */
}

/* All of these and no other are mapped, in VMs of this policy. */
static void expect_mapped(struct vs_vm *vm, Vascope__V1__ReferencePolicy policy, struct vs_bo *const *bo, size_t n)
{
	struct vs_va va[VS_VM_SUBMIT_BOS];

	for (size_t i = 0; i < n; i++)
		va[i] = mapping_of(bo[i]);
	vs_expect_vm(vm->run, vm->ordinal, policy, va, n);
}

/* bo[0] is the command buffer. */
static int make_bos(struct vs_vm *vm, struct vs_bo *bo[N_BOS])
{
	int r = 0;

	for (int i = 0; i < N_BOS && !r; i++)
		bo[i] = vs_vm_bo_new(vm, BO_PAGES * vm->page_size, &r);
	return r ? r : vs_vm_bo_mmap(vm, bo[0]);
}

static int implicit_map(struct vs_vm *vm)
{
	struct vs_bo *bo[N_BOS];
	int r = make_bos(vm, bo);

	if (r)
		return r;
	vs_expect_begin(vm->run, "before the first submit");
	expect_mapped(vm, VS_ANY_POLICY, NULL, 0);
	r = vs_expect_end(vm->run);
	/* One more each time. */
	for (uint32_t n = 1; n <= N_BOS && !r; n++) {
		r = vs_vm_submit_bos(vm, bo, n, vs_cmd_nop(bo[0]));
		if (r)
			break;
		vs_expect_begin(vm->run, "after a submit that maps its BOs");
		expect_mapped(vm, VS_ANY_POLICY, bo, n);
		for (int i = 0; i < N_BOS; i++)
			vs_expect_bo(vm->run, bo[i]->id, VS_ANY_POLICY, 1);
		r = vs_expect_end(vm->run);
	}
	return r;
}

static int close_resubmit(struct vs_vm *vm)
{
	struct vs_bo *bo[N_BOS];
	int r = make_bos(vm, bo);

	if (!r)
		r = vs_vm_submit_bos(vm, bo, N_BOS, vs_cmd_nop(bo[0]));
	for (int left = N_BOS - 1; left > 0 && !r; left--) {
		r = vs_vm_bo_close(vm, bo[left]);
		if (r)
			break;
		vs_expect_begin(vm->run, "after closing the handle of a mapped BO");
		expect_mapped(vm, VS_HANDLE_COUNTED, bo, left);
		expect_mapped(vm, VS_HARD, bo, N_BOS);
		r = vs_expect_end(vm->run);
		/* What is left goes on to work. */
		if (!r)
			r = vs_vm_submit_bos(vm, bo, left, vs_cmd_nop(bo[0]));
	}
	if (r)
		return r;
	bo[1] = vs_vm_bo_new(vm, BO_PAGES * vm->page_size, &r);
	if (!r)
		r = vs_vm_submit_bos(vm, bo, 2, vs_cmd_nop(bo[0]));
	if (r)
		return r;
	vs_expect_begin(vm->run, "after a submit with another BO");
	expect_mapped(vm, VS_HANDLE_COUNTED, bo, 2);
	return vs_expect_end(vm->run);
}

static int iova_of(struct vs_vm *vm, const struct vs_bo *bo, uint64_t *ret)
{
	int r = vs_msm_gem_iova(vm->fd, bo->handle, ret);

	return r ? vs_run_fail(vm->run, r, "GET_IOVA of BO %" PRIu64, bo->id) : 0;
}

/*
 * Closing one of two handles takes the mapping down although the other is open (msm_gem_close(), Linux 7.3.4), so that the
 * address may go to another BO. Whoever knows it by the handle that is open does not hear of that.
 */
static int two_handles(struct vs_vm *vm)
{
	struct vs_bo *bo, *second = NULL, *other = NULL;
	uint64_t iova, taken;
	int r;

	bo = vs_vm_bo_new(vm, BO_PAGES * vm->page_size, &r);
	if (!r)
		r = iova_of(vm, bo, &iova);
	if (!r)
		second = vs_vm_bo_second_handle(vm, bo, &r);
	if (r)
		return r;
	vs_expect_begin(vm->run, "with two handles to one BO");
	expect_mapped(vm, VS_ANY_POLICY, &bo, 1);
	vs_expect_bo(vm->run, bo->id, VS_ANY_POLICY, 2);
	r = vs_expect_end(vm->run);
	if (!r)
		r = vs_vm_bo_close(vm, second);
	if (r)
		return r;
	vs_expect_begin(vm->run, "after closing one of two handles to a BO");
	expect_mapped(vm, VS_HANDLE_COUNTED, NULL, 0);
	expect_mapped(vm, VS_WEAK, &bo, 1);
	expect_mapped(vm, VS_HARD, &bo, 1);
	vs_expect_bo(vm->run, bo->id, VS_ANY_POLICY, 1);
	r = vs_expect_end(vm->run);
	if (!r)
		other = vs_vm_bo_new(vm, bo->size, &r);
	if (!r)
		r = iova_of(vm, other, &taken);
	if (!r && taken == iova)
		snprintf(vm->run->note, sizeof(vm->run->note),
			 "the address 0x%" PRIx64 " of a BO with an open handle went to another BO when its other handle was closed",
			 iova);
	return r;
}

#define LEGACY .counts = VS_COUNTS(SUBMIT) | VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE)

static const struct vs_scenario scenarios[] = {
	{ "legacy-implicit-map", "Submits in a VM whose addresses the kernel manages, which maps what each submit names",
	  .needs = VS_NEEDS_RENDER, LEGACY, VS_ROUNDS(10), .in_vm = implicit_map, .open = vs_vm_open_legacy },
	{ "legacy-close-resubmit", "Closes handles of BOs that a submit has mapped, and submits the others again",
	  .needs = VS_NEEDS_RENDER, LEGACY, VS_ROUNDS(5), .in_vm = close_resubmit, .open = vs_vm_open_legacy },
	{ "legacy-two-handles", "Closes one of two handles to a mapped BO, and sees what becomes of its address",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_CARD, LEGACY, VS_ROUNDS(5), .in_vm = two_handles, .open = vs_vm_open_card },
};

VS_FAMILY(legacy);
