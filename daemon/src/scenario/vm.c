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

static int get_param(struct vs_vm *vm, uint32_t param, const char *name, uint64_t *ret_value)
{
	int r = vs_msm_get_param(vm->fd, param, ret_value);

	return r ? vs_run_fail(vm->run, r, "reading %s of %s", name, vm->run->fds->render_path) : 0;
}

/* The first question makes the VM. */
static int ask(struct vs_vm *vm)
{
	uint64_t has_prr;
	int r = get_param(vm, VS_MSM_PARAM_VA_START, "VA_START", &vm->va_start);

	if (r) {
		vs_ordinals_lost();
		return r;
	}
	vm->ordinal = vs_ordinal_vm();
	r = get_param(vm, VS_MSM_PARAM_VA_SIZE, "VA_SIZE", &vm->va_size);
	if (!r)
		r = get_param(vm, VS_MSM_PARAM_HAS_PRR, "HAS_PRR", &has_prr);
	if (!r)
		vm->has_prr = has_prr;
	return r;
}

static int open_file(struct vs_vm *vm, struct vs_run *run, const char *path, bool vm_bind)
{
	int r;

	*vm = (struct vs_vm){ .run = run, .fd = -1, .page_size = sysconf(_SC_PAGESIZE) };
	vm->fd = open(path, O_RDWR | O_CLOEXEC);
	if (vm->fd < 0)
		return vs_run_fail(run, -errno, "opening %s, which the scenario runner does without root", path);
	r = vm_bind ? vs_msm_en_vm_bind(vm->fd) : 0;
	if (r)
		return vs_run_fail(run, r, "EN_VM_BIND on %s (msm 1.13 and per-process page tables are needed)", path);
	r = ask(vm);
	if (r)
		return r;
	/* Priority 1 of 3 is the middle one of msm's three; a GPU with a single ring has three as well. */
	r = vs_msm_submitqueue_new(vm->fd, 0, 1, &vm->queue);
	return r ? vs_run_fail(run, r, "creating a submitqueue") : 0;
}

int vs_vm_open(struct vs_vm *vm, struct vs_run *run)
{
	int r = open_file(vm, run, run->fds->render_path, true);

	return r ? r : vs_vm_queue_new(vm, &vm->bind_queue);
}

int vs_vm_open_legacy(struct vs_vm *vm, struct vs_run *run)
{
	return open_file(vm, run, run->fds->render_path, false);
}

int vs_vm_open_card(struct vs_vm *vm, struct vs_run *run)
{
	return open_file(vm, run, run->fds->card_path, false);
}

int vs_vm_queue_new(struct vs_vm *vm, uint32_t *ret_queue)
{
	int r;

	if (vm->n_bind_queues == VS_VM_QUEUES)
		abort();
	r = vs_msm_submitqueue_new(vm->fd, VS_MSM_SUBMITQUEUE_VM_BIND, 0, ret_queue);
	if (r)
		return vs_run_fail(vm->run, r, "creating a VM_BIND queue");
	vm->bind_queues[vm->n_bind_queues++] = *ret_queue;
	return 0;
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

/*
 * The file is closed: its BOs are gone, but those that another file has too, and so is the VM, but for a while after a
 * submit, which holds it until it is retired.
 */
static void expect_closed(struct vs_vm *vm, Vascope__V1__ReferencePolicy policy)
{
	if (!vm->submits)
		vs_expect_vm_gone(vm->run, vm->ordinal, policy);
	for (size_t i = 0; i < vm->n_bos; i++)
		if (!vm->bo[i]->shared)
			vs_expect_bo_gone(vm->run, vm->bo[i]->id, policy);
}

/* Nothing can be said of a kernel-managed VM with a hard reference, which nothing takes down; a submit there holds its BOs too. */
static int closed_checkpoint(struct vs_vm *vm)
{
	vs_expect_begin(vm->run, "after closing the file");
	if (vm->bind_queue) {
		expect_closed(vm, VS_ANY_POLICY);
	} else if (!vm->submits) {
		expect_closed(vm, VS_HANDLE_COUNTED);
		expect_closed(vm, VS_WEAK);
	} else {
		return 0;
	}
	return vs_expect_end(vm->run);
}

static int close_queue(struct vs_vm *vm, uint32_t queue)
{
	int r = queue ? vs_msm_submitqueue_close(vm->fd, queue) : 0;

	return r ? vs_run_fail(vm->run, r, "closing submitqueue %u", queue) : 0;
}

/* Unmap, wait, close what is open; what the kernel would do by itself when the file is closed, but counted. */
static int tidy_up(struct vs_vm *vm)
{
	int result = vm->bind_queue ? unmap_rest(vm) : 0, r;

	for (size_t i = 0; i < vm->n_bos; i++) {
		r = bo_release(vm, vm->bo[i]);
		result = result ? result : r;
	}
	for (unsigned i = 0; i < vm->n_bind_queues; i++) {
		r = close_queue(vm, vm->bind_queues[i]);
		result = result ? result : r;
	}
	r = close_queue(vm, vm->queue);
	return result ? result : r;
}

static int close_file(struct vs_vm *vm, int result)
{
	for (unsigned i = 0; i < vm->n_fences; i++)
		close(vm->fence[i].fd);
	for (size_t i = 0; i < vm->n_bos; i++)
		if (vm->bo[i]->cpu)
			munmap(vm->bo[i]->cpu, vm->bo[i]->size);
	vs_msm_close(vm->fd);
	vm->fd = -1;
	if (!result && vm->ordinal)
		result = closed_checkpoint(vm);
	for (size_t i = 0; i < vm->n_bos; i++)
		free(vm->bo[i]);
	free(vm->bo);
	vs_va_model_close(&vm->model);
	vs_vm_tell_expected(vm);
	return result;
}

int vs_vm_close(struct vs_vm *vm)
{
	bool cleaning = vm->run->cleaning;
	int r;

	if (vm->fd < 0)
		return 0;
	vm->run->cleaning = true;
	r = close_file(vm, tidy_up(vm));
	vm->run->cleaning = cleaning;
	return r;
}

int vs_vm_close_as_is(struct vs_vm *vm)
{
	return vm->fd < 0 ? 0 : close_file(vm, 0);
}

/* Take a BO over. */
static struct vs_bo *add_bo(struct vs_vm *vm, uint32_t handle, uint64_t size, uint64_t id, bool shared)
{
	struct vs_bo *bo = vs_xcalloc(1, sizeof(*bo));

	*bo = (struct vs_bo){ .id = id, .size = size, .handle = handle, .shared = shared };
	vm->bo = vs_xrealloc(vm->bo, vm->n_bos + 1, sizeof(*vm->bo));
	vm->bo[vm->n_bos++] = bo;
	return bo;
}

struct vs_bo *vs_vm_bo_new(struct vs_vm *vm, uint64_t size, int *ret_err)
{
	uint32_t handle;

	*ret_err = vs_msm_gem_new(vm->fd, size, VS_MSM_BO_WC, &handle);
	if (*ret_err) {
		vs_ordinals_lost();
		vs_run_fail(vm->run, *ret_err, "GEM_NEW of %" PRIu64 " bytes", size);
		return NULL;
	}
	vm->run->issued[VS_ISSUED_GEM_NEW]++;
	return add_bo(vm, handle, size, vs_ordinal_bo(), false);
}

struct vs_bo *vs_vm_bo_second_handle(struct vs_vm *vm, struct vs_bo *bo, int *ret_err)
{
	uint32_t handle;

	*ret_err = vs_msm_gem_open_again(vm->fd, bo->handle, bo->size, &handle);
	if (*ret_err) {
		vs_run_fail(vm->run, *ret_err, "making a second handle to BO %" PRIu64, bo->id);
		return NULL;
	}
	bo->shared = true;
	return add_bo(vm, handle, bo->size, bo->id, true);
}

struct vs_bo *vs_vm_bo_share(struct vs_vm *vm, struct vs_vm *from, struct vs_bo *bo, int *ret_err)
{
	uint32_t handle;
	int dmabuf;

	*ret_err = vs_msm_gem_export(from->fd, bo->handle, &dmabuf);
	if (*ret_err) {
		vs_run_fail(vm->run, *ret_err, "exporting BO %" PRIu64, bo->id);
		return NULL;
	}
	*ret_err = vs_msm_gem_import(vm->fd, dmabuf, bo->size, &handle);
	close(dmabuf);
	if (*ret_err) {
		vs_run_fail(vm->run, *ret_err, "importing BO %" PRIu64, bo->id);
		return NULL;
	}
	bo->shared = true;
	return add_bo(vm, handle, bo->size, bo->id, true);
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

void vs_vm_expect(const struct vs_vm *vm)
{
	vs_expect_vm(vm->run, vm->ordinal, VS_ANY_POLICY, vm->model.va, vm->model.n);
	for (size_t i = 0; i < vm->n_bos; i++)
		if (vm->bo[i]->shared)
			continue; /* its handles are in several files: the scenario says how many */
		else if (vm->bo[i]->handle)
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
