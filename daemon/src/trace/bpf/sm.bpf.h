/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Requests to the split and merge machine of drm_gpuvm, for drivers that use it with callbacks (msm, nouveau, panthor,
 * imagination). The steps it makes of them are the driver's. drivers/gpu/drm/drm_gpuvm.c, Linux 7.3.4.
 */

SEC("fentry/drm_gpuvm_sm_map")
int BPF_PROG(sm_map, struct drm_gpuvm *vm, void *priv, const struct drm_gpuvm_map_req *request)
{
	struct vs_event *e;

	vs_reason_set(VS_REASON_REPLACE);
	e = vs_event_begin(VS_SM_MAP);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = (__u64)request->map.gem.obj;
	e->value[2] = request->map.va.addr;
	e->value[3] = request->map.va.range;
	e->value[4] = request->map.gem.offset;
	e->value[5] = vs_map_flags(vm, priv);
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gpuvm_sm_map")
int BPF_PROG(sm_map_end)
{
	vs_reason_pop(VS_REASON_REPLACE);
	return 0;
}

SEC("fentry/drm_gpuvm_sm_unmap")
int BPF_PROG(sm_unmap, struct drm_gpuvm *vm, void *priv, __u64 addr, __u64 range)
{
	struct vs_event *e;

	vs_reason_set(VS_REASON_UNMAP);
	e = vs_event_begin(VS_SM_UNMAP);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = addr;
	e->value[2] = range;
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gpuvm_sm_unmap")
int BPF_PROG(sm_unmap_end)
{
	vs_reason_pop(VS_REASON_UNMAP);
	return 0;
}
