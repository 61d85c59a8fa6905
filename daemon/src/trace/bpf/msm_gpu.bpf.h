/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* msm's submits, and faults of the GPU. msm_gpu.c, msm_gem_submit.c, msm_iommu.c, Linux 7.3.4. */

/* Before the driver checks the request: a submit that is refused is seen here too, and never flushed. */
SEC("tp_btf/msm_gpu_submit")
int BPF_PROG(msm_submit, int pid, __u32 ring_id, __u32 id)
{
	struct vs_event *e = vs_event_begin(VS_SUBMIT);

	if (!e)
		return 0;
	e->value[0] = id;
	e->value[1] = ring_id;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/msm_gpu_submit_flush")
int BPF_PROG(msm_submit_flush, struct msm_gem_submit *submit)
{
	struct vs_event *e;

	if (!submit)
		return 0;
	e = vs_event_begin(VS_SUBMIT_FLUSH);
	if (!e)
		return 0;
	e->value[0] = BPF_CORE_READ(submit, ident);
	e->value[1] = (__u32)BPF_CORE_READ(submit, ring, id);
	e->value[2] = BPF_CORE_READ(submit, seqno);
	vs_submit(e);
	return 0;
}

SEC("tp_btf/msm_gpu_submit_retired")
int BPF_PROG(msm_submit_retire, struct msm_gem_submit *submit, __u64 elapsed)
{
	struct vs_event *e;

	if (!submit)
		return 0;
	e = vs_event_begin(VS_SUBMIT_RETIRE);
	if (!e)
		return 0;
	e->value[0] = BPF_CORE_READ(submit, ident);
	e->value[1] = (__u32)BPF_CORE_READ(submit, ring, id);
	e->value[2] = BPF_CORE_READ(submit, seqno);
	e->value[3] = elapsed;
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_gpu_fault_handler")
int BPF_PROG(msm_gpu_fault, void *domain, void *dev, unsigned long iova, int flags)
{
	struct vs_event *e = vs_event_begin(VS_GPU_FAULT);

	if (!e)
		return 0;
	e->value[0] = iova;
	e->value[1] = (__u32)flags;
	vs_submit(e);
	return 0;
}
