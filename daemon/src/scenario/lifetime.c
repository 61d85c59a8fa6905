// SPDX-License-Identifier: MIT
/*
 * What keeps a BO and its mappings of a VM_BIND VM alive, and what ends them: handles in two files, the end of a process. The closing
 * of a mapped BO's only handle has a file of its own, close_handle_while_mapped.c.
 */
#include <errno.h>
#include <unistd.h>

#include "scenario/child.h"
#include "scenario/expect.h"
#include "scenario/late_fence.h"
#include "scenario/vm.h"

#define N_BOS 8
#define BO_PAGES 4
#define LEAK_WAIT_MS 1000

/* How the mappings of a child lie: all BOs side by side. */
static size_t child_mappings(const struct vs_vm *like, struct vs_va va[N_BOS])
{
	for (uint64_t i = 0; i < N_BOS; i++)
		va[i] = (struct vs_va){
			.iova = like->va_start + i * BO_PAGES * like->page_size,
			.range = BO_PAGES * like->page_size,
			.bo = i + 1,
		};
	return N_BOS;
}

struct child_work {
	int in_fence; /* the MAPs wait for it, -1: they do not */
	struct vs_vm vm; /* in the child */
};

/* Map the BOs, and close the handles of every other one. */
static int in_child(struct vs_run *run, void *data)
{
	struct child_work *work = data;
	struct vs_vm *vm = &work->vm;
	struct vs_va va[N_BOS];
	struct vs_bo *bo[N_BOS];
	int r = vs_vm_open(vm, run);

	child_mappings(vm, va);
	for (int i = 0; i < N_BOS && !r; i++) {
		bo[i] = vs_vm_bo_new(vm, va[i].range, &r);
		if (!r)
			r = vs_vm_map(vm, bo[i], 0, va[i].iova, va[i].range);
	}
	if (!r)
		r = vs_vm_flush_with(vm, vm->bind_queue, &(struct vs_msm_sync){ .in_fence = work->in_fence });
	for (int i = 0; i < N_BOS && !r; i += 2)
		r = vs_vm_bo_close(vm, bo[i]);
	return r;
}

static int expect_child(struct vs_run *run, const struct vs_vm *like, pid_t pid, const char *step)
{
	struct vs_va va[N_BOS];
	size_t n = child_mappings(like, va);

	vs_expect_begin(run, step);
	vs_expect_of(run, pid);
	vs_expect_vm(run, 1, VS_ANY_POLICY, va, n);
	for (uint32_t i = 0; i < n; i++)
		vs_expect_bo(run, i + 1, VS_ANY_POLICY, i % 2);
	return vs_expect_end(run);
}

static int expect_child_gone(struct vs_run *run, pid_t pid, const char *step)
{
	vs_expect_begin(run, step);
	vs_expect_of(run, pid);
	vs_expect_vm_gone(run, 1, VS_ANY_POLICY);
	for (uint32_t i = 0; i < N_BOS; i++)
		vs_expect_bo_gone(run, i + 1, VS_ANY_POLICY);
	return vs_expect_end(run);
}

/* vm is this process's own, of which only the place and the size of pages matter. */
static int exit_with_mappings(struct vs_vm *vm)
{
	struct child_work work = { .in_fence = -1 };
	struct vs_child child;
	int r = vs_child_start(vm->run, in_child, &work, &child), ended;

	if (r)
		return r;
	r = expect_child(vm->run, vm, child.pid, "while a process has mappings");
	ended = vs_child_end(vm->run, &child, false);
	r = r ? r : ended;
	return r ? r : expect_child_gone(vm->run, child.pid, "after the process ended");
}

static int kill_with_pending_bind(struct vs_vm *vm)
{
	struct vs_run *run = vm->run;
	struct vs_late_fence late;
	struct vs_child child;
	struct child_work work;
	int r = vs_late_fence_new(run, &late), ended, signalled;

	if (r)
		return r;
	work.in_fence = late.fence;
	r = vs_child_start(run, in_child, &work, &child);
	if (!r) {
		r = expect_child(run, vm, child.pid, "while the MAPs of a process wait for a fence");
		ended = vs_child_end(run, &child, true);
		r = r ? r : ended;
	}
	signalled = vs_late_fence_signal(run, &late);
	r = r ? r : signalled;
	/* The killed job is freed by a work item, once its fence has signalled. */
	if (!r)
		r = vs_run_sleep_until(run, vs_now_ns() + LEAK_WAIT_MS * VS_NS_PER_MS);
	if (!r)
		r = expect_child_gone(run, child.pid, "after the process was killed and the fence signalled");
	/* Whoever compares gives the kernel time too: the session shall not end before. */
	return r ? r : vs_run_sleep_until(run, vs_now_ns() + 2 * LEAK_WAIT_MS * VS_NS_PER_MS);
}

/* Map the BO that two files share in both, then let go of it in the first. */
static int share(struct vs_vm *first, struct vs_vm *second)
{
	struct vs_run *run = first->run;
	struct vs_bo *bo, *other = NULL;
	int r;

	bo = vs_vm_bo_new(first, BO_PAGES * first->page_size, &r);
	if (!r)
		r = vs_vm_map(first, bo, 0, first->va_start, bo->size);
	if (!r)
		r = vs_vm_sync(first);
	other = r ? NULL : vs_vm_bo_share(second, first, bo, &r);
	if (!r)
		r = vs_vm_map(second, other, 0, second->va_start + bo->size, bo->size);
	if (!r)
		r = vs_vm_sync(second);
	if (r)
		return r;
	vs_expect_begin(run, "with one BO mapped in two VMs");
	vs_vm_expect(first);
	vs_vm_expect(second);
	vs_expect_bo(run, bo->id, VS_ANY_POLICY, 2);
	r = vs_expect_end(run);
	if (!r)
		r = vs_vm_bo_close(first, bo);
	if (!r)
		r = vs_vm_unmap(first, first->va_start, bo->size);
	if (!r)
		r = vs_vm_sync(first);
	if (!r)
		r = vs_vm_bo_close(second, other);
	if (r)
		return r;
	vs_expect_begin(run, "with only the mapping of the second VM left");
	vs_vm_expect(first);
	vs_vm_expect(second);
	vs_expect_bo(run, bo->id, VS_ANY_POLICY, 0);
	return vs_expect_end(run);
}

static int export_import(struct vs_vm *first)
{
	struct vs_vm second;
	uint32_t id;
	int r = vs_vm_open(&second, first->run), closed;

	if (!r)
		r = share(first, &second);
	id = first->n_bos ? first->bo[0]->id : 0;
	/* With the mapping as it is: the file takes it down, and with it the BO. */
	closed = r ? vs_vm_close(&second) : vs_vm_close_as_is(&second);
	r = r ? r : closed;
	if (r)
		return r;
	vs_expect_begin(first->run, "after the file with the last mapping was closed");
	vs_expect_bo_gone(first->run, id, VS_ANY_POLICY);
	return vs_expect_end(first->run);
}

#define BIND .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "export-import", "Maps one BO in two VMs by way of a dma-buf, and lets go of it in one after the other", BIND, VS_ROUNDS(10),
	  .in_vm = export_import },
	{ "exit-with-mappings", "Lets a process end with mappings, with and without handles: nothing may be left of it", BIND,
	  VS_ROUNDS(5), .in_vm = exit_with_mappings },
	{ "kill-with-pending-bind", "Kills a process whose MAPs wait for a fence: nothing may be left of it once the fence signals",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_VGEM, .counts = VS_COUNTS_VM_BIND, .destructive = true, VS_ROUNDS(1),
	  .in_vm = kill_with_pending_bind },
};

VS_FAMILY(lifetime);
