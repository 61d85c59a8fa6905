/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * msm's BOs: who pins them, who may use their display mapping, what the shrinker does. msm_gem.c, msm_gem_shrinker.c,
 * Linux 7.3.4.
 */

SEC("fentry/msm_gem_evict")
int BPF_PROG(msm_bo_evict, struct drm_gem_object *obj)
{
	struct vs_event *e;

	vs_reason_push(VS_REASON_EVICT);
	e = vs_event_begin(VS_BO_EVICT);
	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_evict")
int BPF_PROG(msm_bo_evict_end)
{
	vs_reason_pop(VS_REASON_EVICT);
	return 0;
}

SEC("fentry/msm_gem_purge")
int BPF_PROG(msm_bo_purge, struct drm_gem_object *obj)
{
	struct vs_event *e;

	vs_reason_push(VS_REASON_PURGE);
	e = vs_event_begin(VS_BO_PURGE);
	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_purge")
int BPF_PROG(msm_bo_purge_end)
{
	vs_reason_pop(VS_REASON_PURGE);
	return 0;
}

SEC("fentry/msm_gem_free_object")
int BPF_PROG(msm_bo_free)
{
	vs_reason_push(VS_REASON_FREE);
	return 0;
}

SEC("fexit/msm_gem_free_object")
int BPF_PROG(msm_bo_free_end)
{
	vs_reason_pop(VS_REASON_FREE);
	return 0;
}

SEC("fexit/msm_gem_madvise")
int BPF_PROG(msm_bo_madvise, struct drm_gem_object *obj, unsigned int madv, int ret)
{
	struct vs_event *e = vs_event_begin(VS_BO_MADVISE);

	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	e->value[1] = madv;
	e->value[2] = ret;
	vs_submit(e);
	return 0;
}

/* Where a compiler did not inline one of these functions into another, both tell the same pin; the count is absolute. */
static __always_inline int vs_pinned(__u32 kind, struct drm_gem_object *obj)
{
	struct vs_event *e = tracing ? vs_reserve(kind, sizeof(*e)) : 0;

	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	e->value[1] = (__u32)BPF_CORE_READ(vs_container_of(obj, struct msm_gem_object, base), pin_count);
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_pin_obj_locked")
int BPF_PROG(msm_pin, struct drm_gem_object *obj)
{
	return vs_pinned(VS_PIN, obj);
}

/* The functions below have the one above inlined. */
SEC("fexit/msm_gem_pin_pages_locked")
int BPF_PROG(msm_pin_pages, struct drm_gem_object *obj, void *pages)
{
	return vs_is_error(pages) ? 0 : vs_pinned(VS_PIN, obj);
}

SEC("fexit/msm_gem_get_and_pin_iova_range")
int BPF_PROG(msm_pin_iova, struct drm_gem_object *obj, struct drm_gpuvm *vm, __u64 *iova, __u64 start, __u64 end, int ret)
{
	return ret ? 0 : vs_pinned(VS_PIN, obj);
}

SEC("fexit/msm_gem_get_vaddr")
int BPF_PROG(msm_pin_vaddr, struct drm_gem_object *obj, void *vaddr)
{
	return vs_is_error(vaddr) ? 0 : vs_pinned(VS_PIN, obj);
}

SEC("fexit/msm_gem_get_vaddr_locked")
int BPF_PROG(msm_pin_vaddr_locked, struct drm_gem_object *obj, void *vaddr)
{
	return vs_is_error(vaddr) ? 0 : vs_pinned(VS_PIN, obj);
}

SEC("fexit/msm_gem_get_vaddr_active")
int BPF_PROG(msm_pin_vaddr_active, struct drm_gem_object *obj, void *vaddr)
{
	return vs_is_error(vaddr) ? 0 : vs_pinned(VS_PIN, obj);
}

SEC("fexit/msm_gem_unpin_locked")
int BPF_PROG(msm_unpin, struct drm_gem_object *obj)
{
	return vs_pinned(VS_UNPIN, obj);
}

SEC("fexit/msm_gem_unpin_active")
int BPF_PROG(msm_unpin_active, struct drm_gem_object *obj)
{
	return vs_pinned(VS_UNPIN, obj);
}

static __always_inline int vs_vma_ref(struct drm_gem_object *obj, __u64 count)
{
	struct vs_event *e = vs_event_begin(VS_VMA_REF);

	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	e->value[1] = (__u32)count;
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_vma_get")
int BPF_PROG(msm_vma_get, struct drm_gem_object *obj)
{
	return vs_vma_ref(obj, BPF_CORE_READ(vs_container_of(obj, struct msm_gem_object, base), vma_ref.counter));
}

/* Before what it tears down, so with the count that it is about to make. */
SEC("fentry/msm_gem_vma_put")
int BPF_PROG(msm_vma_put, struct drm_gem_object *obj)
{
	vs_reason_push(VS_REASON_VMA_PUT);
	return vs_vma_ref(obj, BPF_CORE_READ(vs_container_of(obj, struct msm_gem_object, base), vma_ref.counter) - 1);
}

SEC("fexit/msm_gem_vma_put")
int BPF_PROG(msm_vma_put_end)
{
	vs_reason_pop(VS_REASON_VMA_PUT);
	return 0;
}

SEC("fentry/msm_gem_close")
int BPF_PROG(msm_handle_close)
{
	vs_reason_push(VS_REASON_CLOSE);
	vs_call_begin(VS_CALL_HANDLE_CLOSE);
	return 0;
}

SEC("fexit/msm_gem_close")
int BPF_PROG(msm_handle_closed, struct drm_gem_object *obj, struct drm_file *file)
{
	__u64 duration = vs_call_end(VS_CALL_HANDLE_CLOSE);
	struct vs_event *e;

	vs_reason_pop(VS_REASON_CLOSE);
	e = vs_event_begin(VS_HANDLE_CLOSED);
	if (!e)
		return 0;
	e->value[0] = (__u64)file;
	e->value[1] = (__u64)obj;
	e->value[2] = duration;
	vs_submit(e);
	return 0;
}

static __always_inline void vs_shrunk(__u64 stage, __u32 pages)
{
	struct vs_event *e = pages ? vs_event_begin(VS_SHRINK) : 0;

	if (!e)
		return;
	e->value[0] = stage;
	e->value[1] = (__u64)pages << page_shift;
	vs_submit(e);
}

/* The stages are those of ShrinkStage. */
SEC("tp_btf/msm_gem_shrink")
int BPF_PROG(msm_shrink, __u32 to_scan, __u32 purged, __u32 evicted, __u32 active_purged, __u32 active_evicted)
{
	vs_shrunk(1, purged);
	vs_shrunk(2, evicted);
	vs_shrunk(3, active_purged);
	vs_shrunk(4, active_evicted);
	return 0;
}

SEC("tp_btf/msm_gem_purge_vmaps")
int BPF_PROG(msm_purge_vmaps, __u32 unmapped)
{
	struct vs_event *e = vs_event_begin(VS_PURGE_VMAPS);

	if (!e)
		return 0;
	e->value[0] = unmapped;
	vs_submit(e);
	return 0;
}

/*
 * The name is made by a printf inside the function, and BPF trampolines refuse variable arguments, so this
 * is a kprobe at the entry (which object) and one at the return (its name).
 */
SEC("kprobe/msm_gem_object_set_name")
int BPF_KPROBE(msm_bo_name_begin, struct drm_gem_object *obj)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (task)
		task->named = (__u64)obj;
	return 0;
}

SEC("kretprobe/msm_gem_object_set_name")
int BPF_KRETPROBE(msm_bo_name)
{
	struct vs_task *task = tracing ? vs_task() : 0;
	struct drm_gem_object *obj;
	struct vs_text_event *e;

	if (!task || !task->named)
		return 0;
	obj = (void *)task->named;
	task->named = 0;
	e = vs_text_begin(VS_BO_NAME);
	if (!e)
		return 0;
	e->event.value[0] = (__u64)obj;
	if (bpf_probe_read_kernel_str(e->text, sizeof(e->text),
				      (char *)vs_container_of(obj, struct msm_gem_object, base) +
					      bpf_core_field_offset(struct msm_gem_object, name)) < 0)
		e->text[0] = 0;
	vs_submit(e);
	return 0;
}
