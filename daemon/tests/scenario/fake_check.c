// SPDX-License-Identifier: MIT
/* What a scenario states at a checkpoint, against what the fake msm holds. */
#include "fake_msm.h"
#include "fake_msm_private.h"

#include <stdio.h>
#include <unistd.h>

static const struct context *vm_by_ordinal(uint32_t ordinal)
{
	for (unsigned i = 0; i < FAKE_CONTEXTS; i++)
		if (fake_state.context[i].ordinal == ordinal)
			return &fake_state.context[i];
	return NULL;
}

static const struct bo *bo_by_ordinal(uint32_t ordinal)
{
	for (unsigned i = 0; i < FAKE_BOS; i++)
		if (fake_state.bo[i].refs && fake_state.bo[i].ordinal == ordinal)
			return &fake_state.bo[i];
	return NULL;
}

static bool has_va(const struct context *context, const Vascope__V1__ExpectedVa *va)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	for (unsigned i = 0; i < context->n_vas; i++) {
		const struct va *have = &context->va[i];

		if ((!va->iova || have->start == va->iova * page) && have->range == va->range * page &&
		    (have->bo ? have->bo->ordinal : 0) == va->bo && (!have->bo || have->offset == va->offset * page))
			return true;
	}
	return false;
}

static bool vm_agrees(const Vascope__V1__ExpectedVm *vm, char why[128])
{
	const struct context *context = vm_by_ordinal(vm->ordinal);

	if (!context) {
		snprintf(why, 128, "there is no VM %u", vm->ordinal);
		return false;
	}
	if (vm->gone) {
		snprintf(why, 128, "VM %u is there", vm->ordinal);
		return context->closed;
	}
	snprintf(why, 128, "VM %u has %u mappings, not %zu", vm->ordinal, context->n_vas, vm->n_vas);
	if (context->closed || context->n_vas != vm->n_vas)
		return false;
	for (size_t i = 0; i < vm->n_vas; i++) {
		snprintf(why, 128, "VM %u has no mapping of BO %u at page 0x%llx", vm->ordinal, vm->vas[i]->bo,
			 (unsigned long long)vm->vas[i]->iova);
		if (!has_va(context, vm->vas[i]))
			return false;
	}
	return true;
}

static bool bo_agrees(const Vascope__V1__ExpectedBo *expected, char why[128])
{
	const struct bo *bo = bo_by_ordinal(expected->ordinal);
	unsigned handles = 0;

	for (unsigned i = 0; i < FAKE_CONTEXTS && bo; i++)
		for (unsigned k = 0; k < FAKE_HANDLES; k++)
			handles += fake_state.context[i].handle[k] == bo;
	snprintf(why, 128, "BO %u is %s and has %u handles", expected->ordinal, bo ? "there" : "gone", handles);
	return expected->gone ? !bo : bo && handles == expected->handles;
}

/* The fake is mainline. */
static bool holds_here(Vascope__V1__ReferencePolicy policy)
{
	return policy == VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_UNSPECIFIED ||
	       policy == VASCOPE__V1__REFERENCE_POLICY__REFERENCE_POLICY_HANDLE_COUNTED;
}

bool fake_msm_agrees(const Vascope__V1__Checkpoint *checkpoint, char why[128])
{
	/* Of another process nothing is known here. */
	for (size_t i = 0; i < checkpoint->n_vms; i++)
		if (checkpoint->vms[i]->pid == (uint32_t)getpid() && holds_here(checkpoint->vms[i]->policy) &&
		    !vm_agrees(checkpoint->vms[i], why))
			return false;
	for (size_t i = 0; i < checkpoint->n_bos; i++)
		if (checkpoint->bos[i]->pid == (uint32_t)getpid() && holds_here(checkpoint->bos[i]->policy) &&
		    !bo_agrees(checkpoint->bos[i], why))
			return false;
	return true;
}
