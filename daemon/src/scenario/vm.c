// SPDX-License-Identifier: MIT
/* A VM_BIND VM for a scenario. See vm.h. */
#include "scenario/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scenario/expect.h"

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

static int get_param(struct vs_vm *vm, uint32_t param, const char *name, uint64_t *ret_value)
{
	int r = vs_msm_get_param(vm->fd, param, ret_value);

	return r ? vs_run_fail(vm->run, r, "reading %s of %s", name, vm->run->fds->render_path) : 0;
}

int vs_vm_open(struct vs_vm *vm, struct vs_run *run)
{
	const char *path = run->fds->render_path;
	uint64_t has_prr;
	int r;

	*vm = (struct vs_vm){ .run = run, .fd = -1, .page_size = sysconf(_SC_PAGESIZE) };
	vm->fd = open(path, O_RDWR | O_CLOEXEC);
	if (vm->fd < 0)
		return vs_run_fail(run, -errno, "opening %s, which the scenario runner does without root", path);
	r = vs_msm_en_vm_bind(vm->fd);
	if (r)
		return vs_run_fail(run, r, "EN_VM_BIND on %s (msm 1.13 and per-process page tables are needed)", path);
	/* The first question makes the VM. */
	r = get_param(vm, VS_MSM_PARAM_VA_START, "VA_START", &vm->va_start);
	if (r)
		vs_ordinals_lost();
	else
		vm->ordinal = vs_ordinal_vm();
	if (!r)
		r = get_param(vm, VS_MSM_PARAM_VA_SIZE, "VA_SIZE", &vm->va_size);
	if (!r)
		r = get_param(vm, VS_MSM_PARAM_HAS_PRR, "HAS_PRR", &has_prr);
	if (r)
		return r;
	vm->has_prr = has_prr;
	/* Priority 1 of 3 is the middle one of msm's three; a GPU with a single ring has three as well. */
	r = vs_msm_submitqueue_new(vm->fd, 0, 1, &vm->queue);
	if (r)
		return vs_run_fail(run, r, "creating a submitqueue");
	r = vs_msm_submitqueue_new(vm->fd, VS_MSM_SUBMITQUEUE_VM_BIND, 0, &vm->bind_queue);
	return r ? vs_run_fail(run, r, "creating a VM_BIND queue") : 0;
}

/* Forget a BO's CPU mapping and handle. */
static int bo_release(struct vs_vm *vm, struct vs_bo *bo)
{
	int r = 0;

	if (bo->cpu)
		munmap(bo->cpu, bo->size);
	bo->cpu = NULL;
	if (bo->handle)
		r = vs_vm_bo_close(vm, bo);
	return r;
}

/* Unmap all that is left with one request. */
static int unmap_rest(struct vs_vm *vm)
{
	const struct vs_va *first, *last;
	int r;

	vm->n_ops = 0; /* what was not issued never happened */
	if (vm->model.n) {
		first = &vm->model.va[0];
		last = &vm->model.va[vm->model.n - 1];
		r = vs_vm_unmap(vm, first->iova, last->iova + last->range - first->iova);
		if (r)
			return r;
	}
	return vs_vm_sync(vm);
}

/* Add what the model has counted since the last time. */
static void tell_expected(struct vs_vm *vm)
{
	vm->run->issued[VS_ISSUED_EXPECT_VA_INSERT] += vm->model.inserts - vm->inserts;
	vm->run->issued[VS_ISSUED_EXPECT_VA_REMOVE] += vm->model.removes - vm->removes;
	vm->inserts = vm->model.inserts;
	vm->removes = vm->model.removes;
}

/* The file is closed: its BOs are gone, and so is the VM, but for a while after a submit, which holds it until it is retired. */
static int expect_closed(struct vs_vm *vm)
{
	vs_expect_begin(vm->run, "after closing the file");
	if (!vm->submits)
		vs_expect_vm_gone(vm->run, vm->ordinal);
	for (size_t i = 0; i < vm->n_bos; i++)
		vs_expect_bo_gone(vm->run, vm->bo[i]->id, VS_ANY_POLICY);
	return vs_expect_end(vm->run);
}

int vs_vm_close(struct vs_vm *vm)
{
	bool cleaning = vm->run->cleaning;
	int result = 0, r;

	if (vm->fd < 0)
		return 0;
	vm->run->cleaning = true;
	if (vm->bind_queue)
		result = unmap_rest(vm);
	for (unsigned i = 0; i < vm->n_fences; i++)
		close(vm->fence[i].fd);
	for (size_t i = 0; i < vm->n_bos; i++) {
		r = bo_release(vm, vm->bo[i]);
		result = result ? result : r;
	}
	for (int i = 0; i < 2; i++) {
		uint32_t queue = i ? vm->queue : vm->bind_queue;

		r = queue ? vs_msm_submitqueue_close(vm->fd, queue) : 0;
		if (r)
			vs_run_fail(vm->run, r, "closing submitqueue %u", queue);
		result = result ? result : r;
	}
	close(vm->fd);
	if (!result)
		result = expect_closed(vm);
	for (size_t i = 0; i < vm->n_bos; i++)
		free(vm->bo[i]);
	free(vm->bo);
	vs_va_model_close(&vm->model);
	tell_expected(vm);
	vm->run->cleaning = cleaning;
	return result;
}

struct vs_bo *vs_vm_bo_new(struct vs_vm *vm, uint64_t size, int *ret_err)
{
	struct vs_bo **grown = reallocarray(vm->bo, vm->n_bos + 1, sizeof(*grown));
	struct vs_bo *bo = calloc(1, sizeof(*bo));

	if (!grown || !bo)
		abort();
	vm->bo = grown;
	bo->size = size;
	*ret_err = vs_msm_gem_new(vm->fd, size, VS_MSM_BO_WC, &bo->handle);
	if (*ret_err) {
		vs_ordinals_lost();
		vs_run_fail(vm->run, *ret_err, "GEM_NEW of %" PRIu64 " bytes", size);
		free(bo);
		return NULL;
	}
	bo->id = vs_ordinal_bo();
	vm->bo[vm->n_bos++] = bo;
	vm->run->issued[VS_ISSUED_GEM_NEW]++;
	return bo;
}

int vs_vm_bo_mmap(struct vs_vm *vm, struct vs_bo *bo)
{
	uint64_t offset;
	void *cpu;
	int r = vs_msm_gem_mmap_offset(vm->fd, bo->handle, &offset);

	if (r)
		return vs_run_fail(vm->run, r, "GEM_INFO of BO %" PRIu64, bo->id);
	cpu = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->fd, offset);
	if (cpu == MAP_FAILED)
		return vs_run_fail(vm->run, -errno, "mmap of BO %" PRIu64, bo->id);
	bo->cpu = cpu;
	return 0;
}

int vs_vm_bo_close(struct vs_vm *vm, struct vs_bo *bo)
{
	int r = vs_msm_gem_close(vm->fd, bo->handle);

	if (r)
		return vs_run_fail(vm->run, r, "GEM_CLOSE of BO %" PRIu64 ", handle %u", bo->id, bo->handle);
	bo->handle = 0;
	vm->run->issued[VS_ISSUED_GEM_CLOSE]++;
	return 0;
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
	tell_expected(vm);
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

int vs_vm_flush(struct vs_vm *vm, bool fence)
{
	const struct vs_msm_vm_bind_op *op = &vm->op[0];
	int out, r;

	if (!vm->n_ops)
		return 0;
	if (fence && vm->n_fences == VS_VM_FENCES) {
		r = wait_oldest_fence(vm);
		if (r)
			return r;
	}
	r = vs_msm_vm_bind(vm->fd, vm->bind_queue, vm->op, vm->n_ops, fence ? &out : NULL);
	if (r)
		return vs_run_fail(vm->run, r,
				   "VM_BIND request %" PRIu64 ", %u operations from %s iova=0x%" PRIx64
				   " range=0x%" PRIx64,
				   vm->requests, vm->n_ops, op_names[op->op], op->iova, op->range);
	if (fence)
		vm->fence[vm->n_fences++] = (struct vs_vm_fence){ out, vm->requests, vm->n_ops };
	vm->requests++;
	account(vm);
	return 0;
}

int vs_vm_sync(struct vs_vm *vm)
{
	int r = vs_vm_flush(vm, true);

	while (!r && vm->n_fences)
		r = wait_oldest_fence(vm);
	return r;
}

int vs_vm_submit(struct vs_vm *vm, uint64_t iova, uint32_t size)
{
	bool cleaning = vm->run->cleaning;
	char what[64];
	int fence;
	int r = vs_msm_gem_submit(vm->fd, vm->queue, iova, size, &fence);

	if (r)
		return vs_run_fail(vm->run, r, "GEM_SUBMIT %" PRIu64 ", command buffer at iova=0x%" PRIx64,
				   vm->submits, iova);
	snprintf(what, sizeof(what), "GEM_SUBMIT %" PRIu64, vm->submits);
	vm->submits++;
	vm->run->issued[VS_ISSUED_SUBMIT]++;
	/* Not cut short by a cancel: what follows it unmaps the command buffer, which the GPU is reading. */
	vm->run->cleaning = true;
	r = vs_run_wait_fence(vm->run, fence, what);
	vm->run->cleaning = cleaning;
	return r;
}

void vs_vm_expect(const struct vs_vm *vm)
{
	vs_expect_vm(vm->run, vm->ordinal, VS_ANY_POLICY, vm->model.va, vm->model.n);
	for (size_t i = 0; i < vm->n_bos; i++)
		if (vm->bo[i]->handle)
			vs_expect_bo(vm->run, vm->bo[i]->id, VS_ANY_POLICY, 1);
		else if (vs_va_model_maps(&vm->model, vm->bo[i]->id))
			vs_expect_bo(vm->run, vm->bo[i]->id, VS_ANY_POLICY, 0);
}

int vs_vm_checkpoint(struct vs_vm *vm, const char *step)
{
	vs_expect_begin(vm->run, step);
	vs_vm_expect(vm);
	return vs_expect_end(vm->run);
}
