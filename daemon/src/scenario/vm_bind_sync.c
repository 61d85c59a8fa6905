// SPDX-License-Identifier: MIT
/*
 * When a VM_BIND takes effect: fences and sync objects before and after it, one queue and several. The VA tree changes in
 * the ioctl, whatever it waits for; the page tables change when its job runs.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "drm/sync.h"
#include "scenario/cmdstream.h"
#include "scenario/late_fence.h"
#include "scenario/vm.h"

#define POINTS 8
#define ROUNDS_OF_QUEUES 12

static uint64_t base_of(const struct vs_vm *vm)
{
	return vm->va_start + (2ull << 20);
}

static struct vs_bo *bo_and_map(struct vs_vm *vm, uint64_t pages, uint64_t iova, int *r)
{
	struct vs_bo *bo = vs_vm_bo_new(vm, pages * vm->page_size, r);

	if (bo)
		*r = vs_vm_map(vm, bo, 0, iova, bo->size);
	return bo;
}

/* What the GPU is using is unmapped once it is done: the UNMAP waits for the submit. */
static int unmap_while_busy(struct vs_vm *vm)
{
	uint64_t iova = base_of(vm);
	struct vs_cmd cmd;
	int fence, out = -1, r = vs_cmd_init(&cmd, vm, vm->va_start);

	if (!r)
		bo_and_map(vm, 4, iova, &r);
	if (!r)
		r = vs_vm_sync(vm);
	if (r)
		return r;
	vs_cmd_begin(&cmd);
	for (uint32_t i = 0; i < vs_cmd_max_pairs(&cmd); i++)
		vs_cmd_mem_write(&cmd, iova + 4 * i, i);
	r = vs_vm_submit_fence(vm, cmd.iova, cmd.n * 4, &fence);
	if (r)
		return r;
	r = vs_vm_unmap(vm, iova, 4 * vm->page_size);
	if (!r)
		r = vs_vm_flush_with(vm, vm->bind_queue, &(struct vs_msm_sync){ .in_fence = fence, .out_fence = &out });
	if (!r)
		r = vs_vm_checkpoint(vm, "after UNMAP of what the GPU uses");
	/* Not cut short: the command buffer is the GPU's until then. */
	vm->run->cleaning = true;
	r = vs_run_wait_fence(vm->run, fence, "the submit that the UNMAP waits for") ?: r;
	if (out >= 0)
		r = vs_run_wait_fence(vm->run, out, "the UNMAP that waits for a submit") ?: r;
	vm->run->cleaning = false;
	return r;
}

/* MAP that waits for fence, and must not be done before it. */
static int map_late(struct vs_vm *vm, int fence, int *ret_out)
{
	struct pollfd pending = { .events = POLLIN };
	int r;

	bo_and_map(vm, 4, base_of(vm), &r);
	if (!r)
		r = vs_vm_flush_with(vm, vm->bind_queue, &(struct vs_msm_sync){ .in_fence = fence, .out_fence = ret_out });
	if (r)
		return r;
	r = vs_vm_checkpoint(vm, "while MAP waits for a fence");
	pending.fd = *ret_out;
	if (!r && poll(&pending, 1, 0))
		r = vs_run_fail(vm->run, -EPROTO, "the fence of a MAP signalled before what it waits for");
	return r;
}

static int late_fence(struct vs_vm *vm)
{
	struct vs_run *run = vm->run;
	struct vs_late_fence late;
	struct vs_cmd cmd;
	int out = -1, r = vs_late_fence_new(run, &late), signalled;

	if (r)
		return r;
	r = vs_cmd_init(&cmd, vm, vm->va_start);
	if (!r)
		r = map_late(vm, late.fence, &out);
	signalled = vs_late_fence_signal(run, &late);
	r = r ? r : signalled;
	if (out >= 0 && signalled)
		close(out);
	else if (out >= 0)
		r = vs_run_wait_fence(run, out, "the MAP that waited for a late fence") ?: r;
	return r ? r : vs_cmd_check(&cmd, base_of(vm), base_of(vm));
}

/* MAP of one page, between two points. */
static int map_between(struct vs_vm *vm, uint64_t iova, const struct vs_msm_syncobj *in, const struct vs_msm_syncobj *out)
{
	int r;

	bo_and_map(vm, 1, iova, &r);
	return r ? r : vs_vm_flush_with(vm, vm->bind_queue,
					&(struct vs_msm_sync){ .in_fence = -1, .in = in, .n_in = !!in, .out = out, .n_out = 1 });
}

static int wait_for(struct vs_vm *vm, const struct vs_msm_syncobj *syncobj)
{
	int r = vs_syncobj_wait(vm->fd, syncobj->handle, syncobj->point, vm->run->fence_timeout_ms);

	return r ? vs_run_fail(vm->run, r, "waiting for point %" PRIu64 " of a sync object", syncobj->point) : 0;
}

static int syncobj_new(struct vs_vm *vm, struct vs_msm_syncobj *ret)
{
	int r = vs_syncobj_new(vm->fd, &ret->handle);

	return r ? vs_run_fail(vm->run, r, "creating a sync object") : 0;
}

static int syncobj_close(struct vs_vm *vm, const struct vs_msm_syncobj *syncobj)
{
	int r = syncobj->handle ? vs_syncobj_close(vm->fd, syncobj->handle) : 0;

	return r ? vs_run_fail(vm->run, r, "destroying a sync object") : 0;
}

/* One sync object for each step: MAP, then MAP, then a request without operations, which only passes the fence on. */
static int syncobj(struct vs_vm *vm)
{
	struct vs_msm_syncobj step[3] = { 0 };
	int r = 0;

	for (int i = 0; i < 3 && !r; i++)
		r = syncobj_new(vm, &step[i]);
	if (!r)
		r = map_between(vm, base_of(vm), NULL, &step[0]);
	if (!r)
		r = map_between(vm, base_of(vm) + vm->page_size, &step[0], &step[1]);
	if (!r) {
		r = vs_msm_vm_bind(vm->fd, vm->bind_queue, NULL, 0,
				   &(struct vs_msm_sync){ .in_fence = -1, .in = &step[1], .n_in = 1, .out = &step[2], .n_out = 1 });
		if (r)
			vs_run_fail(vm->run, r, "VM_BIND without operations");
	}
	if (!r)
		r = vs_vm_checkpoint(vm, "after MAPs that wait for each other");
	if (!r)
		r = wait_for(vm, &step[2]);
	for (int i = 0; i < 3; i++)
		r = syncobj_close(vm, &step[i]) ?: r;
	return r;
}

static int timeline(struct vs_vm *vm)
{
	struct vs_msm_syncobj point[POINTS + 1] = { 0 };
	int r = syncobj_new(vm, &point[0]);

	for (int i = 1; i <= POINTS && !r; i++) {
		point[i] = (struct vs_msm_syncobj){ .handle = point[0].handle, .point = i };
		r = map_between(vm, base_of(vm) + i * vm->page_size, i > 1 ? &point[i - 1] : NULL, &point[i]);
	}
	if (!r)
		r = vs_vm_checkpoint(vm, "after MAPs at points of a timeline");
	/* The last one covers all before it. */
	if (!r)
		r = wait_for(vm, &point[POINTS]);
	if (!r)
		r = wait_for(vm, &point[1]);
	return syncobj_close(vm, &point[0]) ?: r;
}

/* MAP pages of each queue in turn; overlap: all over the same ones, and then each waits for the one before it. */
static int two_queues(struct vs_vm *vm, bool overlap)
{
	uint64_t page = vm->page_size, base = base_of(vm);
	uint32_t queue[2] = { vm->bind_queue };
	int fence[2] = { -1, -1 }, r = vs_vm_queue_new(vm, &queue[1]);
	struct vs_bo *bo[2] = { NULL };

	for (int i = 0; i < 2 && !r; i++)
		bo[i] = vs_vm_bo_new(vm, (ROUNDS_OF_QUEUES + 8) * page, &r);
	for (int i = 0; i < ROUNDS_OF_QUEUES && !r; i++) {
		int q = i % 2, before = overlap ? fence[!q] : -1, out;
		uint64_t at = overlap ? base + i / 2 * page : base + q * 64 * page + i * page;

		r = vs_vm_map(vm, bo[q], i * page, at, overlap ? 8 * page : page);
		if (!r)
			r = vs_vm_flush_with(vm, queue[q], &(struct vs_msm_sync){ .in_fence = before, .out_fence = &out });
		if (r)
			break;
		if (fence[q] >= 0)
			close(fence[q]);
		fence[q] = out;
	}
	if (!r)
		r = vs_vm_checkpoint(vm, overlap ? "after two queues mapped over each other" : "after two queues mapped side by side");
	for (int q = 0; q < 2; q++)
		if (fence[q] >= 0)
			r = vs_run_wait_fence(vm->run, fence[q], "the last MAP of a queue") ?: r;
	return r;
}

static int independent(struct vs_vm *vm)
{
	return two_queues(vm, false);
}

static int conflicting(struct vs_vm *vm)
{
	struct vs_cmd cmd;
	uint64_t page = vm->page_size, base = base_of(vm), last = (ROUNDS_OF_QUEUES - 1) / 2 * page;
	int r = vs_cmd_init(&cmd, vm, vm->va_start);

	if (!r)
		r = two_queues(vm, true);
	/* Where the last MAP lies, and an alias of what it must show there. */
	if (!r)
		r = vs_vm_map(vm, vm->bo[vm->n_bos - 1], (ROUNDS_OF_QUEUES - 1) * page, base + 64 * page, page);
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_cmd_check(&cmd, base + last, base + 64 * page);
}

#define BIND .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND, .counts = VS_COUNTS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "unmap-while-busy", "Unmaps what the GPU is using, with the fence of the submit to wait for", BIND, VS_ROUNDS(10),
	  .in_vm = unmap_while_busy },
	{ "vm-bind-late-fence", "Lets a MAP wait for a fence that another device signals late",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND | VS_NEEDS_VGEM, .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(5), .in_vm = late_fence },
	{ "vm-bind-syncobj", "Passes from one VM_BIND to the next by sync objects", BIND, VS_ROUNDS(10), .in_vm = syncobj },
	{ "vm-bind-timeline", "Passes from one VM_BIND to the next by points of one timeline", BIND, VS_ROUNDS(5),
	  .in_vm = timeline },
	{ "vm-bind-queues-independent", "Maps side by side through two queues that know nothing of each other", BIND, VS_ROUNDS(5),
	  .in_vm = independent },
	{ "vm-bind-queues-conflicting", "Maps over the same addresses through two queues that wait for each other", BIND,
	  VS_ROUNDS(5), .in_vm = conflicting },
};

VS_FAMILY(sync);
