/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* msm's VMs, and which file uses which. drivers/gpu/drm/msm/msm_gem_vma.c, msm_drv.c, Linux 7.3.4. */

SEC("fexit/msm_gem_vm_create")
int BPF_PROG(msm_vm_mode, struct drm_device *drm, void *mmu, const char *name, __u64 start, __u64 size,
	     _Bool managed, struct drm_gpuvm *vm)
{
	struct vs_event *e;

	if (!vm || vs_is_error(vm))
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
	struct vs_event *e;

	vs_reason_push(VS_REASON_VM_CLOSE);
	e = vs_event_begin(VS_VM_CLOSE);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	vs_submit(e);
	return 0;
}

SEC("fexit/msm_gem_vm_close")
int BPF_PROG(msm_vm_close_end, struct drm_gpuvm *vm)
{
	struct vs_event *e;

	vs_reason_pop(VS_REASON_VM_CLOSE);
	e = vs_event_begin(VS_VM_CLOSE_END);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	vs_submit(e);
	return 0;
}

SEC("fentry/msm_gem_vm_unusable")
int BPF_PROG(msm_vm_unusable, struct drm_gpuvm *vm)
{
	struct vs_event *e = vs_event_begin(VS_VM_UNUSABLE);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	vs_submit(e);
	return 0;
}

/* Contexts whose file was told: address of the context, of its file. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} contexts SEC(".maps");

struct vs_file_search {
	struct vs_list_walk walk;
	__u64 context;
	struct drm_file *found;
};

static long vs_file_compare(__u32 index, struct vs_file_search *search)
{
	struct drm_file *file;

	if (search->walk.at == search->walk.head)
		return 1;
	file = vs_container_of(search->walk.at, struct drm_file, lhead);
	if ((__u64)BPF_CORE_READ(file, driver_priv) == search->context) {
		search->found = file;
		return 1;
	}
	return vs_list_next(&search->walk);
}

/*
 * Called by every ioctl that needs the VM, and given the context but not the file, which knows its context: so the files are
 * searched, once for each context.
 */
SEC("fexit/msm_context_vm")
int BPF_PROG(msm_vm_file, struct drm_device *dev, struct msm_context *context, struct drm_gpuvm *vm)
{
	struct vs_file_search search = { .context = (__u64)context };
	__u64 key = (__u64)context, file;
	struct vs_event *e;

	if (!tracing || !vm || bpf_map_lookup_elem(&contexts, &key))
		return 0;
	search.walk.head = (void *)dev + bpf_core_field_offset(struct drm_device, filelist);
	vs_list_first(&search.walk);
	bpf_loop(VS_WALK_LIMIT, vs_file_compare, &search, 0);
	file = (__u64)search.found;
	if (!file)
		return 0;
	bpf_map_update_elem(&contexts, &key, &file, BPF_ANY);
	e = vs_event_begin(VS_VM_FILE);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = file;
	vs_submit(e);
	return 0;
}

/* Its context ends with it, and another one may come to the same address. */
SEC("fentry/msm_postclose")
int BPF_PROG(msm_file_end, struct drm_device *dev, struct drm_file *file)
{
	__u64 key = (__u64)BPF_CORE_READ(file, driver_priv);

	bpf_map_delete_elem(&contexts, &key);
	return 0;
}
