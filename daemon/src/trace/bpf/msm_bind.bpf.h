/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* msm's VM_BIND: the ioctl, and the steps that change the tree while it lasts. msm_gem_vma.c, Linux 7.3.4. */

SEC("fentry/msm_ioctl_vm_bind")
int BPF_PROG(msm_vm_bind_begin)
{
	vs_call_begin_outermost(VS_CALL_VM_BIND);
	return 0;
}

/* Only when it is not what was told last. */
static __always_inline void vs_throttle(struct vs_task *task, struct drm_file *file)
{
	struct msm_context *context = file->driver_priv;
	struct drm_gpuvm *vm = context ? BPF_CORE_READ(context, vm) : 0;
	struct vs_event *e;
	__u64 count;

	if (!vm)
		return;
	count = (__u32)BPF_CORE_READ(vs_container_of(vm, struct msm_gem_vm, base), prealloc_throttle.in_flight.counter);
	if (task->throttle_vm == (__u64)vm && task->throttle_count == count)
		return;
	e = vs_event_begin(VS_THROTTLE);
	if (!e)
		return;
	task->throttle_vm = (__u64)vm;
	task->throttle_count = count;
	e->value[0] = (__u64)vm;
	e->value[1] = count;
	vs_submit(e);
}

SEC("fexit/msm_ioctl_vm_bind")
int BPF_PROG(msm_vm_bind, struct drm_device *dev, void *data, struct drm_file *file, int ret)
{
	struct drm_msm_vm_bind args = {};
	struct vs_task *task = vs_task();
	__u64 duration = vs_call_end_of(task, VS_CALL_VM_BIND);
	struct vs_event *e = vs_event_begin(VS_VM_BIND);

	/* Ends the requests to split and merge that were made in it (spared_by in probes.c). */
	if (task)
		task->reasons = 0;
	if (!e)
		return 0;
	bpf_probe_read_kernel(&args, sizeof(args), data);
	e->value[0] = args.queue_id;
	e->value[1] = args.nr_ops;
	e->value[2] = args.flags;
	e->value[3] = (__u64)(-(__s64)ret);
	e->value[4] = duration;
	vs_submit(e);
	if (task)
		vs_throttle(task, file);
	return 0;
}

/* What drm_gpuva_op_remap_to_unmap_range() says is lost (include/drm/drm_gpuvm.h). */
SEC("fentry/msm_gem_vm_sm_step_remap")
int BPF_PROG(msm_sm_remap, struct drm_gpuva_op *op)
{
	struct drm_gpuva_op_map *prev = BPF_CORE_READ(op, remap.prev), *next = BPF_CORE_READ(op, remap.next);
	struct drm_gpuva *va = BPF_CORE_READ(op, remap.unmap, va);
	struct vs_event *e;
	__u64 start, end;

	vs_reason_push(VS_REASON_REMAP);
	e = vs_event_begin(VS_SM_REMAP);
	if (!e)
		return 0;
	start = prev ? BPF_CORE_READ(prev, va.addr) + BPF_CORE_READ(prev, va.range) : BPF_CORE_READ(va, va.addr);
	end = next ? BPF_CORE_READ(next, va.addr) : BPF_CORE_READ(va, va.addr) + BPF_CORE_READ(va, va.range);
	e->value[0] = (__u64)BPF_CORE_READ(va, vm);
	e->value[1] = (__u64)va;
	e->value[2] = start;
	e->value[3] = end - start;
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_vm_sm_step_remap")
int BPF_PROG(msm_sm_remap_end)
{
	vs_reason_pop(VS_REASON_REMAP);
	return 0;
}

/* A MAP of what is mapped there already changes flags alone. It is the only step of its request that comes here. */
SEC("fexit/msm_gem_vm_sm_step_unmap")
int BPF_PROG(msm_sm_keep, struct drm_gpuva_op *op, struct op_arg *arg)
{
	struct drm_gpuva *va;
	struct vs_event *e;

	if (!BPF_CORE_READ(arg, kept))
		return 0;
	e = vs_event_begin(VS_SM_KEEP);
	if (!e)
		return 0;
	va = BPF_CORE_READ(op, unmap.va);
	e->value[0] = (__u64)BPF_CORE_READ(va, vm);
	e->value[1] = (__u64)va;
	e->value[2] = (__u32)BPF_CORE_READ(va, flags);
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_vm_bo_validate")
int BPF_PROG(msm_vm_bo_validate, struct drm_gpuvm_bo *vm_bo, void *exec, int ret)
{
	struct vs_event *e = vs_event_begin(VS_VM_BO_VALIDATE);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm_bo;
	e->value[1] = (__u64)(-(__s64)ret);
	vs_submit(e);
	return 0;
}
