// SPDX-License-Identifier: MIT
/* Checkpoints. See expect.h. */
#include "scenario/expect.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	uint32_t vms, bos;
	bool lost;
} made;

uint32_t vs_ordinal_vm(void)
{
	return ++made.vms;
}

uint32_t vs_ordinal_bo(void)
{
	return ++made.bos;
}

void vs_ordinals_reset(void)
{
	made.vms = made.bos = 0;
	made.lost = false;
}

void vs_ordinals_lost(void)
{
	made.lost = true;
}

void vs_expect_begin(struct vs_run *run, const char *step)
{
	struct vs_expect *expect = &run->expect;

	expect->step = step;
	expect->pid = getpid();
	expect->n_vms = expect->n_bos = expect->n_vas = 0;
}

void vs_expect_of(struct vs_run *run, uint32_t pid)
{
	run->expect.pid = pid;
}

static Vascope__V1__ExpectedVm *add_vm(struct vs_run *run, uint32_t ordinal, Vascope__V1__ReferencePolicy policy)
{
	struct vs_expect *expect = &run->expect;
	Vascope__V1__ExpectedVm *vm;

	expect->vm = vs_xrealloc(expect->vm, expect->n_vms + 1, sizeof(*expect->vm));
	vm = &expect->vm[expect->n_vms++];
	vascope__v1__expected_vm__init(vm);
	vm->pid = expect->pid;
	vm->ordinal = ordinal;
	vm->policy = policy;
	return vm;
}

void vs_expect_vm(struct vs_run *run, uint32_t ordinal, Vascope__V1__ReferencePolicy policy, const struct vs_va *va,
		  size_t n)
{
	struct vs_expect *expect = &run->expect;
	uint64_t page = sysconf(_SC_PAGESIZE);

	add_vm(run, ordinal, policy)->n_vas = n;
	expect->va = vs_xrealloc(expect->va, expect->n_vas + n, sizeof(*expect->va));
	for (size_t i = 0; i < n; i++) {
		Vascope__V1__ExpectedVa *to = &expect->va[expect->n_vas++];

		vascope__v1__expected_va__init(to);
		to->iova = va[i].iova / page;
		to->range = va[i].range / page;
		to->offset = va[i].offset / page;
		to->bo = va[i].bo;
	}
}

void vs_expect_vm_gone(struct vs_run *run, uint32_t ordinal, Vascope__V1__ReferencePolicy policy)
{
	add_vm(run, ordinal, policy)->gone = true;
}

static Vascope__V1__ExpectedBo *add_bo(struct vs_run *run, uint32_t ordinal, Vascope__V1__ReferencePolicy policy)
{
	struct vs_expect *expect = &run->expect;
	Vascope__V1__ExpectedBo *bo;

	expect->bo = vs_xrealloc(expect->bo, expect->n_bos + 1, sizeof(*expect->bo));
	bo = &expect->bo[expect->n_bos++];
	vascope__v1__expected_bo__init(bo);
	bo->pid = expect->pid;
	bo->ordinal = ordinal;
	bo->policy = policy;
	return bo;
}

void vs_expect_bo(struct vs_run *run, uint32_t bo, Vascope__V1__ReferencePolicy policy, uint32_t handles)
{
	add_bo(run, bo, policy)->handles = handles;
}

void vs_expect_bo_gone(struct vs_run *run, uint32_t bo, Vascope__V1__ReferencePolicy policy)
{
	add_bo(run, bo, policy)->gone = true;
}

int vs_expect_end(struct vs_run *run)
{
	struct vs_expect *expect = &run->expect;
	Vascope__V1__Checkpoint checkpoint = VASCOPE__V1__CHECKPOINT__INIT;
	_vs_free_ Vascope__V1__ExpectedVm **vms = vs_xcalloc(expect->n_vms, sizeof(*vms));
	_vs_free_ Vascope__V1__ExpectedBo **bos = vs_xcalloc(expect->n_bos, sizeof(*bos));
	_vs_free_ Vascope__V1__ExpectedVa **vas = vs_xcalloc(expect->n_vas, sizeof(*vas));
	size_t at = 0;

	if (made.lost || !run->control.checkpoint)
		return 0;
	/* The arrays have stopped growing: only now do their addresses hold. */
	for (size_t i = 0; i < expect->n_vas; i++)
		vas[i] = &expect->va[i];
	for (size_t i = 0; i < expect->n_vms; i++) {
		vms[i] = &expect->vm[i];
		vms[i]->vas = vas + at;
		at += vms[i]->n_vas;
	}
	for (size_t i = 0; i < expect->n_bos; i++)
		bos[i] = &expect->bo[i];
	checkpoint.time_ns = vs_now_ns();
	checkpoint.step = (char *)expect->step;
	checkpoint.n_vms = expect->n_vms;
	checkpoint.vms = vms;
	checkpoint.n_bos = expect->n_bos;
	checkpoint.bos = bos;
	if (run->control.checkpoint(run, &checkpoint, run->control.data))
		return vs_run_fail(run, -EMSGSIZE, "stating %zu mappings %s; give smaller parameters", expect->n_vas,
				   expect->step);
	return 0;
}

void vs_expect_clear(struct vs_run *run)
{
	free(run->expect.vm);
	free(run->expect.bo);
	free(run->expect.va);
	run->expect = (struct vs_expect){ 0 };
}
