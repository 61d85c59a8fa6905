// SPDX-License-Identifier: MIT
/* What a scenario asks of its VM: VM_BIND requests, their fences, submits. See vm.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenario/vm.h"

static const char *const op_names[] = {
	[VS_MSM_VM_BIND_OP_UNMAP] = "UNMAP",
	[VS_MSM_VM_BIND_OP_MAP] = "MAP",
	[VS_MSM_VM_BIND_OP_MAP_NULL] = "MAP_NULL",
};

static const enum vs_issued op_issued[] = {
	[VS_MSM_VM_BIND_OP_UNMAP] = VS_ISSUED_UNMAP,
	[VS_MSM_VM_BIND_OP_MAP] = VS_ISSUED_MAP,
	[VS_MSM_VM_BIND_OP_MAP_NULL] = VS_ISSUED_MAP_NULL,
};

void vs_vm_tell_expected(struct vs_vm *vm)
{
	vm->run->issued[VS_ISSUED_EXPECT_VA_INSERT] += vm->model.inserts - vm->inserts;
	vm->run->issued[VS_ISSUED_EXPECT_VA_REMOVE] += vm->model.removes - vm->removes;
	vm->inserts = vm->model.inserts;
	vm->removes = vm->model.removes;
}

static int add_op(struct vs_vm *vm, const struct vs_msm_vm_bind_op *op, uint64_t bo)
{
	if (vm->n_ops == VS_VM_BATCH_MAX) {
		int r = vs_vm_flush(vm, false);

		if (r)
			return r;
	}
	vm->op[vm->n_ops] = *op;
	vm->op_bo[vm->n_ops++] = bo;
	return 0;
}

int vs_vm_map(struct vs_vm *vm, const struct vs_bo *bo, uint64_t offset, uint64_t iova, uint64_t range)
{
	if (!bo->handle)
		return vs_run_fail(vm->run, -EBADF, "MAP of BO %" PRIu64 " after its handle was closed", bo->id);
	return add_op(vm,
		      &(struct vs_msm_vm_bind_op){
			      .op = VS_MSM_VM_BIND_OP_MAP,
			      .handle = bo->handle,
			      .obj_offset = offset,
			      .iova = iova,
			      .range = range,
		      },
		      bo->id);
}

int vs_vm_map_null(struct vs_vm *vm, uint64_t iova, uint64_t range)
{
	return add_op(vm,
		      &(struct vs_msm_vm_bind_op){
			      .op = VS_MSM_VM_BIND_OP_MAP_NULL,
			      .iova = iova,
			      .range = range,
		      },
		      0);
}

int vs_vm_unmap(struct vs_vm *vm, uint64_t iova, uint64_t range)
{
	return add_op(vm,
		      &(struct vs_msm_vm_bind_op){
			      .op = VS_MSM_VM_BIND_OP_UNMAP,
			      .iova = iova,
			      .range = range,
		      },
		      0);
}

/* Count the issued request and tell the model. */
static void account(struct vs_vm *vm)
{
	for (uint32_t i = 0; i < vm->n_ops; i++) {
		const struct vs_msm_vm_bind_op *op = &vm->op[i];

		vm->run->issued[op_issued[op->op]]++;
		if (op->op == VS_MSM_VM_BIND_OP_UNMAP)
			vs_va_model_unmap(&vm->model, op->iova, op->range);
		else
			vs_va_model_map(&vm->model, op->iova, op->range, vm->op_bo[i], op->obj_offset);
	}
	vs_vm_tell_expected(vm);
	vm->n_ops = 0;
}

static int wait_oldest_fence(struct vs_vm *vm)
{
	struct vs_vm_fence oldest = vm->fence[0];
	char what[64];

	vm->n_fences--;
	memmove(vm->fence, vm->fence + 1, vm->n_fences * sizeof(*vm->fence));
	snprintf(what, sizeof(what), "VM_BIND request %" PRIu64 ", %u operations", oldest.request, oldest.n_ops);
	return vs_run_wait_fence(vm->run, oldest.fd, what);
}

int vs_vm_flush_with(struct vs_vm *vm, uint32_t queue, const struct vs_msm_sync *sync)
{
	const struct vs_msm_vm_bind_op *op = &vm->op[0];
	int r = vs_msm_vm_bind(vm->fd, queue, vm->op, vm->n_ops, sync);

	if (r)
		return vs_run_fail(vm->run, r,
				   "VM_BIND request %" PRIu64 ", %u operations from %s iova=0x%" PRIx64
				   " range=0x%" PRIx64,
				   vm->requests, vm->n_ops, op_names[op->op], op->iova, op->range);
	vm->requests++;
	account(vm);
	return 0;
}

int vs_vm_flush(struct vs_vm *vm, bool fence)
{
	uint32_t n_ops = vm->n_ops;
	int out, r;

	if (!vm->n_ops)
		return 0;
	if (fence && vm->n_fences == VS_VM_FENCES) {
		r = wait_oldest_fence(vm);
		if (r)
			return r;
	}
	r = vs_vm_flush_with(vm, vm->bind_queue,
			     &(struct vs_msm_sync){ .in_fence = -1, .out_fence = fence ? &out : NULL });
	if (!r && fence)
		vm->fence[vm->n_fences++] = (struct vs_vm_fence){ out, vm->requests - 1, n_ops };
	return r;
}

int vs_vm_sync(struct vs_vm *vm)
{
	int r = vs_vm_flush(vm, true);

	while (!r && vm->n_fences)
		r = wait_oldest_fence(vm);
	return r;
}

/* Note a submit that was issued, or why it was not. */
static int submitted(struct vs_vm *vm, int r, uint64_t iova)
{
	if (r)
		return vs_run_fail(vm->run, r, "GEM_SUBMIT %" PRIu64 ", command buffer at iova=0x%" PRIx64,
				   vm->submits, iova);
	vm->submits++;
	vm->run->issued[VS_ISSUED_SUBMIT]++;
	return 0;
}

/* Not cut short by a cancel: what follows unmaps the command buffer, which the GPU is reading. */
static int wait_submit(struct vs_vm *vm, int fence)
{
	bool cleaning = vm->run->cleaning;
	char what[64];
	int r;

	snprintf(what, sizeof(what), "GEM_SUBMIT %" PRIu64, vm->submits - 1);
	vm->run->cleaning = true;
	r = vs_run_wait_fence(vm->run, fence, what);
	vm->run->cleaning = cleaning;
	return r;
}

int vs_vm_submit_fence(struct vs_vm *vm, uint64_t iova, uint32_t size, int *ret_fence)
{
	return submitted(vm, vs_msm_gem_submit(vm->fd, vm->queue, iova, size, ret_fence), iova);
}

int vs_vm_submit(struct vs_vm *vm, uint64_t iova, uint32_t size)
{
	int fence;
	int r = vs_vm_submit_fence(vm, iova, size, &fence);

	return r ? r : wait_submit(vm, fence);
}

int vs_vm_submit_bos(struct vs_vm *vm, struct vs_bo *const *bo, uint32_t n, uint32_t size)
{
	struct vs_msm_gem_submit_bo bos[VS_VM_SUBMIT_BOS];
	int fence, r;

	for (uint32_t i = 0; i < n; i++)
		bos[i] = (struct vs_msm_gem_submit_bo){
			.flags = VS_MSM_SUBMIT_BO_READ | VS_MSM_SUBMIT_BO_WRITE,
			.handle = bo[i]->handle,
		};
	r = submitted(vm, vs_msm_gem_submit_bos(vm->fd, vm->queue, bos, n, size, &fence), 0);
	return r ? r : wait_submit(vm, fence);
}
