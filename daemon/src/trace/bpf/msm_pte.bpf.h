/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* msm's page tables, and the VM_BIND jobs that write them after the ioctl. msm_gem_vma.c, msm_iommu.c, Linux 7.3.4. */

/* Both kinds of VM write their page tables here: VM_BIND's in msm_vma_job_run(), later than the tree changed. */
SEC("fexit/vm_map_op")
int BPF_PROG(msm_pte_map, struct msm_gem_vm *vm, const struct msm_vm_map_op *op, int ret)
{
	struct vs_event *e = vs_event_begin(VS_PTE_MAP);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm + bpf_core_field_offset(struct msm_gem_vm, base);
	e->value[1] = op->iova;
	e->value[2] = op->range;
	e->value[3] = (__u32)op->queue_id;
	e->value[4] = (__u64)(-(__s64)ret);
	vs_submit(e);
	return 0;
}

/*
 * Why, as the driver says it where it logs what it does. "close" is said for a handle and for a VM, and "unmap" also for
 * clear_iova(), so this is asked only when the task is in none of the calls that tell.
 */
static __always_inline __u64 vs_op_reason(char first)
{
	switch (first) {
	case 'u':
		return VS_REASON_UNMAP;
	case 'c':
		return VS_REASON_CLOSE;
	case 'v':
		return VS_REASON_VMA_PUT;
	case 'p':
		return VS_REASON_PURGE;
	case 'e':
		return VS_REASON_EVICT;
	case 'f':
		return VS_REASON_FREE;
	default:
		return VS_REASON_NONE;
	}
}

/* Where the driver's word "map" is, once it was met. */
static __u64 logs_map;

/* vm_unmap_op() is inlined, and this is the first thing it does; for "map" vm_map_op() above tells more. */
SEC("fentry/vm_log")
int BPF_PROG(msm_pte_unmap, struct msm_gem_vm *vm, const char *op, __u64 iova, __u64 range, int queue)
{
	struct vs_event *e;
	char first = 0;
	__u64 reason;

	if ((__u64)op == logs_map)
		return 0;
	bpf_probe_read_kernel(&first, sizeof(first), op);
	if (first == 'm') {
		logs_map = (__u64)op;
		return 0;
	}
	e = vs_event_begin(VS_PTE_UNMAP);
	if (!e)
		return 0;
	reason = vs_reason();
	e->value[0] = (__u64)vm + bpf_core_field_offset(struct msm_gem_vm, base);
	e->value[1] = iova;
	e->value[2] = range;
	e->value[3] = (__u32)queue;
	e->value[4] = reason ? reason : vs_op_reason(first);
	vs_submit(e);
	return 0;
}

/* Stands in where the compiler made vm_log() part of its callers: all but the jobs of VM_BIND come by here. */
SEC("fentry/msm_gem_vma_unmap")
int BPF_PROG(msm_pte_unmap_vma, struct drm_gpuva *va)
{
	struct vs_event *e;

	if (!BPF_CORE_READ(vs_container_of(va, struct msm_gem_vma, base), mapped))
		return 0;
	e = vs_event_begin(VS_PTE_UNMAP);
	if (!e)
		return 0;
	e->value[0] = (__u64)va->vm;
	e->value[1] = va->va.addr;
	e->value[2] = va->va.range;
	e->value[3] = 0;
	e->value[4] = vs_reason();
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_vma_job_run")
int BPF_PROG(msm_vm_bind_run_begin)
{
	vs_call_begin_outermost(VS_CALL_VM_BIND_RUN);
	return 0;
}

/* It returns no result, but a job that fails half way leaves its VM unusable, and one of an unusable VM fails at once. */
SEC("fexit/msm_vma_job_run")
int BPF_PROG(msm_vm_bind_run, struct drm_sched_job *base)
{
	struct msm_vm_bind_job *job = vs_container_of(base, struct msm_vm_bind_job, base);
	struct drm_gpuvm *vm = BPF_CORE_READ(job, vm);
	__u64 duration = vs_call_end(VS_CALL_VM_BIND_RUN);
	struct vs_event *e = vs_event_begin(VS_VM_BIND_RUN);

	if (!e)
		return 0;
	e->value[0] = (__u64)base->s_fence;
	e->value[1] = (__u64)vm;
	e->value[2] = BPF_CORE_READ(vs_container_of(vm, struct msm_gem_vm, base), unusable) ? VS_EINVAL : 0;
	e->value[3] = duration;
	vs_submit(e);
	return 0;
}

static long vs_count_entry(__u32 index, struct vs_list_walk *walk)
{
	return walk->at == walk->head ? 1 : vs_list_next(walk);
}

/* A job that was refused before it was queued ends here too; its fence was never made, and is told as 0. */
SEC("fentry/msm_vma_job_free")
int BPF_PROG(msm_vm_bind_free, struct drm_sched_job *base)
{
	struct msm_vm_bind_job *job = vs_container_of(base, struct msm_vm_bind_job, base);
	struct drm_sched_fence *fence = base->s_fence;
	struct vs_list_walk walk = { .head = (void *)job + bpf_core_field_offset(struct msm_vm_bind_job, vm_ops) };
	struct vs_event *e;
	long steps = 0;

	if (!tracing)
		return 0;
	vs_list_first(&walk);
	if (walk.at != walk.head)
		steps = bpf_loop(VS_WALK_LIMIT, vs_count_entry, &walk, 0) - 1;
	e = vs_event_begin(VS_VM_BIND_FREE);
	if (!e)
		return 0;
	if (fence && !fence->finished.refcount.refcount.refs.counter)
		fence = 0;
	e->value[0] = (__u64)fence;
	e->value[1] = steps > 0 ? steps : 0;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/msm_mmu_prealloc_cleanup")
int BPF_PROG(msm_prealloc_cleanup, __u32 count, __u32 remaining)
{
	struct vs_event *e = vs_event_begin(VS_PREALLOC_CLEANUP);

	if (!e)
		return 0;
	e->value[0] = remaining;
	vs_submit(e);
	return 0;
}
