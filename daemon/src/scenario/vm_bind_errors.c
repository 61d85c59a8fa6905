// SPDX-License-Identifier: MIT
/*
 * Requests that the kernel must refuse, each with its errno, and leave everything as it was. Expected after msm_gem_vma.c,
 * msm_submitqueue.c, msm_syncobj.c and msm_gem.c of Linux 7.3.4.
 *
 * Handles are always right here: drm/msm.c sees to that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <sys/resource.h>

#include "drm/msm.h"
#include "scenario/expect.h"
#include "scenario/vm.h"

/* A request that would be taken: MAP of the whole BO, which is there already, so that nothing would change. */
struct request {
	struct vs_vm *vm;
	struct vs_msm_vm_bind arg;
	struct vs_msm_syncobj syncobj;
	uint32_t readable; /* operations of arg that the kernel may read */
};

static void make_request(struct request *request, struct vs_vm *vm, const struct vs_bo *bo)
{
	*request = (struct request){ .vm = vm, .readable = 1 };
	request->arg = (struct vs_msm_vm_bind){
		.nr_ops = 1,
		.fence_fd = -1,
		.queue_id = vm->bind_queue,
		.op_stride = sizeof(struct vs_msm_vm_bind_op),
		.op = {
			.op = VS_MSM_VM_BIND_OP_MAP,
			.handle = bo->handle,
			.iova = vm->va_start,
			.range = bo->size,
		},
	};
}

/* Each spoils one thing of it. */
static void bad_flags(struct request *r) { r->arg.flags = 0x80; }
static void no_such_queue(struct request *r) { r->arg.queue_id = 4711; }
static void submit_queue(struct request *r) { r->arg.queue_id = r->vm->queue; }
static void no_in_fence(struct request *r) { r->arg.flags = VS_MSM_VM_BIND_FENCE_FD_IN; }
static void op_unknown(struct request *r) { r->arg.op.op = 3; }
static void op_flags(struct request *r) { r->arg.op.flags = 0x80; }
static void iova_unaligned(struct request *r) { r->arg.op.iova += 0x100; }
static void offset_unaligned(struct request *r) { r->arg.op.obj_offset = 0x100; }
static void range_unaligned(struct request *r) { r->arg.op.range -= 0x100; }
static void below_the_vm(struct request *r) { r->arg.op.iova = 0; }
static void above_the_vm(struct request *r) { r->arg.op.iova = r->vm->va_start + r->vm->va_size; }
static void range_overflows(struct request *r) { r->arg.op.range = -r->vm->page_size; }
static void beyond_the_bo(struct request *r) { r->arg.op.obj_offset = r->vm->page_size; }
static void map_without_handle(struct request *r) { r->arg.op.handle = 0; }
static void unmap_with_handle(struct request *r) { r->arg.op.op = VS_MSM_VM_BIND_OP_UNMAP; }
static void null_with_handle(struct request *r) { r->arg.op.op = VS_MSM_VM_BIND_OP_MAP_NULL; }

static void ops_unreadable(struct request *r)
{
	r->arg.nr_ops = 2;
	r->arg.ops = 8; /* no process has anything there */
	r->readable = 0;
}

/* The kernel's copy of them would take terabytes; it is asked for before any is read. */
static void too_many_ops(struct request *r)
{
	r->arg.nr_ops = UINT32_MAX;
	r->arg.ops = 8;
	r->readable = 0;
}

static void use_syncobj(struct request *r, uint64_t *pointer, uint32_t *n)
{
	*pointer = (uintptr_t)&r->syncobj;
	*n = 1;
	r->arg.syncobj_stride = sizeof(r->syncobj);
	r->syncobj.handle = 4711;
}

static void in_syncobj_unknown(struct request *r) { use_syncobj(r, &r->arg.in_syncobjs, &r->arg.nr_in_syncobjs); }
static void out_syncobj_unknown(struct request *r) { use_syncobj(r, &r->arg.out_syncobjs, &r->arg.nr_out_syncobjs); }

static void in_syncobj_flags(struct request *r)
{
	in_syncobj_unknown(r);
	r->syncobj.flags = 0x80;
}

static void out_syncobj_flags(struct request *r)
{
	out_syncobj_unknown(r);
	r->syncobj.flags = 1;
}

static void in_syncobj_unreadable(struct request *r)
{
	in_syncobj_unknown(r);
	r->arg.in_syncobjs = 8;
}

static const struct bad {
	const char *what;
	void (*spoil)(struct request *request);
	int error;
} bad[] = {
	{ "flags that there are not", bad_flags, EINVAL },
	{ "a queue that does not exist", no_such_queue, ENOENT },
	{ "a queue for submits", submit_queue, EINVAL },
	{ "an in-fence that is no file", no_in_fence, EINVAL },
	{ "an operation that there is not", op_unknown, EINVAL },
	{ "flags of an operation that there are not", op_flags, EINVAL },
	{ "an address within a page", iova_unaligned, EINVAL },
	{ "an offset within a page", offset_unaligned, EINVAL },
	{ "a range that ends within a page", range_unaligned, EINVAL },
	{ "an address below the VM", below_the_vm, EINVAL },
	{ "an address above the VM", above_the_vm, EINVAL },
	{ "a range that overflows", range_overflows, EINVAL },
	{ "a MAP beyond its BO", beyond_the_bo, EINVAL },
	{ "a MAP without a handle", map_without_handle, EINVAL },
	{ "an UNMAP with a handle", unmap_with_handle, EINVAL },
	{ "a MAP_NULL with a handle", null_with_handle, EINVAL },
	{ "operations that cannot be read", ops_unreadable, EFAULT },
	{ "more operations than memory can hold", too_many_ops, ENOMEM },
	{ "a sync object to wait for that does not exist", in_syncobj_unknown, ENOENT },
	{ "a sync object to signal that does not exist", out_syncobj_unknown, EINVAL },
	{ "flags of a sync object that there are not", in_syncobj_flags, EINVAL },
	{ "flags of a sync object to signal", out_syncobj_flags, EINVAL },
	{ "sync objects that cannot be read", in_syncobj_unreadable, EFAULT },
};

static int must_fail(struct vs_run *run, int r, int error, const char *what)
{
	if (r == -error)
		return 0;
	if (!r)
		return vs_run_fail(run, -EPROTO, "%s was taken, which the kernel must refuse with errno %d", what, error);
	return vs_run_fail(run, r, "%s must be refused with errno %d, and was with %d", what, error, -r);
}

static int vm_bind_requests(struct vs_vm *vm, const struct vs_bo *bo)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) && !r; i++) {
		struct request request;

		make_request(&request, vm, bo);
		bad[i].spoil(&request);
		r = must_fail(vm->run, vs_msm_vm_bind_raw(vm->fd, &request.arg, request.readable), bad[i].error, bad[i].what);
		if (!r)
			r = vs_run_step(vm->run);
	}
	return r;
}

/* What else may not be done in such a VM, or only there. */
static int other_requests(struct vs_vm *vm, const struct vs_bo *bo)
{
	struct vs_run *run = vm->run;
	uint32_t id;
	uint64_t iova;
	int fence;
	int r = must_fail(run, vs_msm_gem_iova(vm->fd, bo->handle, &iova), EINVAL, "GET_IOVA in a VM_BIND VM");

	if (!r)
		r = must_fail(run, vs_msm_en_vm_bind(vm->fd), EBUSY, "EN_VM_BIND of a VM that exists");
	if (!r)
		r = must_fail(run, vs_msm_submitqueue_new(vm->fd, VS_MSM_SUBMITQUEUE_VM_BIND, 1, &id), EINVAL,
			      "a VM_BIND queue with a priority");
	if (!r)
		r = must_fail(run, vs_msm_submitqueue_new(vm->fd, 0x40000000, 0, &id), EINVAL, "a queue with unknown flags");
	if (!r)
		r = must_fail(run, vs_msm_gem_submit(vm->fd, vm->bind_queue, vm->va_start, 16, &fence), EINVAL,
			      "GEM_SUBMIT on a VM_BIND queue");
	return r;
}

static int bad_arguments(struct vs_vm *vm)
{
	struct vs_bo *bo;
	int r;

	bo = vs_vm_bo_new(vm, 4 * vm->page_size, &r);
	if (!r)
		r = vs_vm_map(vm, bo, 0, vm->va_start, bo->size);
	if (!r)
		r = vs_vm_sync(vm);
	if (!r)
		r = vm_bind_requests(vm, bo);
	if (!r)
		r = other_requests(vm, bo);
	return r ? r : vs_vm_checkpoint(vm, "after requests that were refused");
}

static int without_opt_in(struct vs_vm *vm)
{
	struct vs_run *run = vm->run;
	struct request request;
	struct vs_bo *bo;
	uint32_t id;
	int r;

	bo = vs_vm_bo_new(vm, vm->page_size, &r);
	if (r)
		return r;
	make_request(&request, vm, bo);
	r = must_fail(run, vs_msm_vm_bind_raw(vm->fd, &request.arg, 1), EINVAL, "VM_BIND in a kernel-managed VM");
	if (!r)
		r = must_fail(run, vs_msm_submitqueue_new(vm->fd, VS_MSM_SUBMITQUEUE_VM_BIND, 0, &id), EINVAL,
			      "a VM_BIND queue of a kernel-managed VM");
	if (r)
		return r;
	vs_expect_begin(run, "after VM_BIND was refused");
	vs_expect_vm(run, vm->ordinal, VS_ANY_POLICY, NULL, 0);
	return vs_expect_end(run);
}

/* No descriptor is left for the fence: the request must be refused before anything changed. */
static int no_descriptor(struct vs_vm *vm)
{
	struct rlimit limit, none;
	struct vs_bo *bo;
	int fence, r, refused;

	bo = vs_vm_bo_new(vm, 4 * vm->page_size, &r);
	if (!r)
		r = vs_vm_map(vm, bo, 0, vm->va_start, bo->size);
	if (r)
		return r;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return vs_run_fail(vm->run, -errno, "reading the limit of open files");
	none = limit;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_NOFILE, &none))
		return vs_run_fail(vm->run, -errno, "lowering the limit of open files");
	refused = vs_msm_vm_bind(vm->fd, vm->bind_queue, vm->op, vm->n_ops,
				 &(struct vs_msm_sync){ .in_fence = -1, .out_fence = &fence });
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return vs_run_fail(vm->run, -errno, "raising the limit of open files again");
	r = must_fail(vm->run, refused, EMFILE, "a VM_BIND without a descriptor for its fence");
	if (!r)
		r = vs_vm_checkpoint(vm, "after a VM_BIND had no descriptor for its fence");
	/* It is taken when there is one. */
	if (!r)
		r = vs_vm_sync(vm);
	return r ? r : vs_vm_checkpoint(vm, "after the same VM_BIND with a descriptor");
}

#define BIND .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND

static const struct vs_scenario scenarios[] = {
	{ "vm-bind-bad-arguments", "Asks for what the kernel must refuse, each with its errno, and changes nothing", BIND,
	  .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(2), .in_vm = bad_arguments },
	{ "vm-bind-without-opt-in", "Asks for VM_BIND in a VM whose addresses the kernel manages, which must be refused", BIND,
	  .counts = VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE), VS_ROUNDS(5), .in_vm = without_opt_in,
	  .open = vs_vm_open_legacy },
	{ "vm-bind-no-descriptor", "Has no descriptor left for the fence of a VM_BIND, which must change nothing", BIND,
	  .counts = VS_COUNTS_VM_BIND, VS_ROUNDS(5), .in_vm = no_descriptor },
};

VS_FAMILY(errors);
