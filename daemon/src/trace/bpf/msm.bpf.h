/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What only msm has. drivers/gpu/drm/msm, Linux 7.3.4. */

SEC("fexit/msm_gem_vm_create")
int BPF_PROG(msm_vm_mode, struct drm_device *drm, void *mmu, const char *name, __u64 start, __u64 size,
	     _Bool managed, struct drm_gpuvm *vm)
{
	struct vs_event *e;

	if (!vm || (__u64)vm >= (__u64)-4095) /* ERR_PTR */
		return 0;
	e = vs_event_begin(VS_VM_MODE);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = managed ? VS_MODE_KERNEL_MANAGED : VS_MODE_USER_MANAGED;
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_gem_vm_close")
int BPF_PROG(msm_vm_close, struct drm_gpuvm *vm)
{
	struct vs_event *e = vs_event_begin(VS_VM_CLOSE);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_ioctl_vm_bind")
int BPF_PROG(msm_vm_bind_begin)
{
	vs_call_begin(VS_VM_BIND);
	return 0;
}

SEC("fexit/msm_ioctl_vm_bind")
int BPF_PROG(msm_vm_bind, struct drm_device *dev, void *data, struct drm_file *file, int ret)
{
	struct drm_msm_vm_bind *args = data;
	__u64 duration = vs_call_end(VS_VM_BIND);
	struct vs_event *e = vs_event_begin(VS_VM_BIND);

	if (!e)
		return 0;
	e->value[0] = BPF_CORE_READ(args, queue_id);
	e->value[1] = BPF_CORE_READ(args, nr_ops);
	e->value[2] = BPF_CORE_READ(args, flags);
	e->value[3] = (__u64)(-(__s64)ret);
	e->value[4] = duration;
	vs_submit(e);
	return 0;
}

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

static __always_inline int vs_fb_used(__u32 kind, struct drm_framebuffer *fb)
{
	__u64 duration = vs_call_end(kind);
	struct vs_event *e = vs_event_begin(kind);

	if (!e)
		return 0;
	e->value[0] = BPF_CORE_READ(fb, base.id);
	e->value[1] = (__u32)BPF_CORE_READ(vs_container_of(fb, struct msm_framebuffer, base), prepare_count.counter);
	e->value[2] = duration;
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_framebuffer_prepare")
int BPF_PROG(msm_fb_prepare_begin)
{
	vs_call_begin(VS_FB_PREPARE);
	return 0;
}

SEC("fexit/msm_framebuffer_prepare")
int BPF_PROG(msm_fb_prepare, struct drm_framebuffer *fb)
{
	return vs_fb_used(VS_FB_PREPARE, fb);
}

SEC("fentry/msm_framebuffer_cleanup")
int BPF_PROG(msm_fb_cleanup_begin)
{
	vs_call_begin(VS_FB_CLEANUP);
	return 0;
}

SEC("fexit/msm_framebuffer_cleanup")
int BPF_PROG(msm_fb_cleanup, struct drm_framebuffer *fb)
{
	return vs_fb_used(VS_FB_CLEANUP, fb);
}

SEC("tp_btf/msm_atomic_commit_tail_start")
int BPF_PROG(msm_commit_begin, _Bool async, unsigned int crtc_mask)
{
	struct vs_event *e = vs_event_begin(VS_COMMIT_BEGIN);

	if (!e)
		return 0;
	e->value[0] = crtc_mask;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/msm_atomic_commit_tail_finish")
int BPF_PROG(msm_commit_end, _Bool async, unsigned int crtc_mask)
{
	struct vs_event *e = vs_event_begin(VS_COMMIT_END);

	if (!e)
		return 0;
	e->value[0] = crtc_mask;
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
	struct vs_call call = { bpf_get_current_pid_tgid(), VS_BO_NAME };
	__u64 address = (__u64)obj;

	if (tracing)
		bpf_map_update_elem(&calls, &call, &address, BPF_ANY);
	return 0;
}

SEC("kretprobe/msm_gem_object_set_name")
int BPF_KRETPROBE(msm_bo_name)
{
	struct vs_call call = { bpf_get_current_pid_tgid(), VS_BO_NAME };
	__u64 *address = bpf_map_lookup_elem(&calls, &call);
	struct drm_gem_object *obj;
	struct vs_text_event *e;

	if (!address)
		return 0;
	obj = (void *)*address;
	bpf_map_delete_elem(&calls, &call);
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
