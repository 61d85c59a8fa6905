/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The walk: all live state, read from the kernel's own lists. Reading msm's debugfs file "gem" makes the
 * kernel call msm_gem_describe_objects(), which calls msm_gem_describe() for every BO (msm_gem.c:933-1014,
 * Linux 7.3.4). Each BO leads to its vm_bos and each vm_bo to its VM; the device leads to the VMs of the display, of the
 * GPU and of every open file. At the end every VM known by then is followed through its own list of mappings, which
 * also has those without a BO (sparse).
 *
 * No lock is held on the lists (list.bpf.h); where one could not be followed, the daemon calls the snapshot incomplete.
 */

static __always_inline int vs_walking(void)
{
	return walk_pid && walk_pid == bpf_get_current_pid_tgid() >> 32;
}

static long vs_walk_vm_bo(__u32 index, struct vs_list_walk *walk)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuvm *vm;
	struct vs_event *e;

	if (walk->at == walk->head)
		return 1;
	vm_bo = vs_container_of(walk->at, struct drm_gpuvm_bo, list.entry.gem);
	vm = BPF_CORE_READ(vm_bo, vm);
	vs_vm_remember(vm, 0);
	e = vs_reserve(VS_WALK_VM_BO, sizeof(*e));
	if (e) {
		e->value[0] = (__u64)vm_bo;
		e->value[1] = (__u64)vm;
		e->value[2] = (__u64)BPF_CORE_READ(vm_bo, obj);
		e->value[3] = BPF_CORE_READ(vm_bo, evicted);
		vs_submit(e);
	}
	return vs_list_next(walk);
}

static long vs_walk_va(__u32 index, struct vs_list_walk *walk)
{
	struct drm_gpuva *va;
	struct vs_event *e;

	if (walk->at == walk->head)
		return 1;
	va = vs_container_of(walk->at, struct drm_gpuva, rb.entry);
	/* The VM's own reserved range is in its list too; nobody inserted it. */
	if ((char *)va == (char *)walk->vm + bpf_core_field_offset(struct drm_gpuvm, kernel_alloc_node))
		return vs_list_next(walk);
	e = vs_reserve(VS_WALK_VA, sizeof(*e));
	if (e) {
		e->value[0] = (__u64)va;
		e->value[1] = (__u64)walk->vm;
		e->value[2] = (__u64)BPF_CORE_READ(va, vm_bo);
		e->value[3] = (__u64)BPF_CORE_READ(va, gem.obj);
		e->value[4] = BPF_CORE_READ(va, va.addr);
		e->value[5] = BPF_CORE_READ(va, va.range);
		e->value[6] = BPF_CORE_READ(va, gem.offset);
		e->value[7] = (__u32)BPF_CORE_READ(va, flags) | vs_va_state(walk->vm, va);
		vs_submit(e);
	}
	return vs_list_next(walk);
}

static long vs_walk_vm(struct bpf_map *map, __u64 *key, __u64 *file, void *unused)
{
	struct drm_gpuvm *vm = (void *)*key;
	struct vs_list_walk walk = { .vm = vm };
	__u32 references = (__u32)BPF_CORE_READ(vm, kref.refcount.refs.counter);
	struct vs_text_event *e;

	/* It is going, or its end was missed; then the memory is no VM any more. */
	if (!references) {
		__u64 gone = *key;

		bpf_map_delete_elem(&vms, &gone);
		__sync_fetch_and_add(&walk_broken, 1);
		return 0;
	}
	e = vs_reserve(VS_WALK_VM, sizeof(*e));
	if (e) {
		e->event.value[0] = (__u64)vm;
		e->event.value[1] = (__u32)BPF_CORE_READ(vm, flags);
		e->event.value[2] = vs_vm_mode(vm) | vs_vm_state(vm);
		e->event.value[3] = BPF_CORE_READ(vm, mm_start);
		e->event.value[4] = BPF_CORE_READ(vm, mm_range);
		e->event.value[5] = references;
		e->event.value[6] = vs_vm_pid(vm);
		e->event.value[7] = *file;
		if (bpf_probe_read_kernel_str(e->text, sizeof(e->text), BPF_CORE_READ(vm, name)) < 0)
			e->text[0] = 0;
		vs_submit(e);
	}
	walk.head = (void *)vm + bpf_core_field_offset(struct drm_gpuvm, rb.list);
	vs_list_first(&walk);
	bpf_loop(VS_WALK_LIMIT, vs_walk_va, &walk, 0);
	if (walk.at != walk.head)
		__sync_fetch_and_add(&walk_broken, 1);
	return 0;
}

static long vs_walk_file(__u32 index, struct vs_list_walk *walk)
{
	struct msm_context *context;
	struct drm_file *file;

	if (walk->at == walk->head)
		return 1;
	file = vs_container_of(walk->at, struct drm_file, lhead);
	context = BPF_CORE_READ(file, driver_priv);
	if (context)
		vs_vm_remember(BPF_CORE_READ(context, vm), file);
	return vs_list_next(walk);
}

/* A VM may outlive its file, so files are found anew by each walk. */
static long vs_walk_forget_file(struct bpf_map *map, __u64 *key, __u64 *file, void *unused)
{
	*file = 0;
	return 0;
}

/* VMs that only the device leads to. list: msm_drm_private.objects */
static __always_inline void vs_walk_device(struct list_head *list)
{
	struct msm_drm_private *priv = vs_container_of(list, struct msm_drm_private, objects);
	struct msm_kms *kms = BPF_CORE_READ(priv, kms);
	struct msm_gpu *gpu = BPF_CORE_READ(priv, gpu);
	struct list_head *files = (void *)BPF_CORE_READ(priv, dev) + bpf_core_field_offset(struct drm_device, filelist);
	struct vs_list_walk walk = { .head = files };

	if (kms)
		vs_vm_remember(BPF_CORE_READ(kms, vm), 0);
	if (gpu)
		vs_vm_remember(BPF_CORE_READ(gpu, vm), 0);
	vs_list_first(&walk);
	bpf_loop(VS_WALK_LIMIT, vs_walk_file, &walk, 0);
	if (walk.at != walk.head)
		__sync_fetch_and_add(&walk_broken, 1);
}

SEC("fentry/msm_gem_describe_objects")
int BPF_PROG(msm_walk_begin, struct list_head *list)
{
	struct vs_event *e;

	if (!vs_walking())
		return 0;
	walk_broken = 0;
	e = vs_reserve(VS_WALK_BEGIN, sizeof(*e));
	if (e)
		vs_submit(e);
	bpf_for_each_map_elem(&vms, vs_walk_forget_file, 0, 0);
	vs_walk_device(list);
	return 0;
}

SEC("fentry/msm_gem_describe")
int BPF_PROG(msm_walk_bo, struct drm_gem_object *obj)
{
	struct msm_gem_object *bo = vs_container_of(obj, struct msm_gem_object, base);
	struct vs_list_walk walk = {};
	struct vs_text_event *e;

	if (!vs_walking())
		return 0;
	e = vs_reserve(VS_WALK_BO, sizeof(*e));
	if (e) {
		e->event.value[0] = (__u64)obj;
		e->event.value[1] = BPF_CORE_READ(obj, size);
		e->event.value[2] = BPF_CORE_READ(bo, flags);
		e->event.value[3] = (__u32)BPF_CORE_READ(obj, refcount.refcount.refs.counter);
		e->event.value[4] = BPF_CORE_READ(obj, handle_count);
		e->event.value[5] = (__u32)BPF_CORE_READ(bo, pin_count);
		e->event.value[6] = (__u32)BPF_CORE_READ(bo, vma_ref.counter);
		e->event.value[7] = BPF_CORE_READ(bo, madv) | (BPF_CORE_READ(bo, pages) ? VS_BO_RESIDENT_BIT : 0);
		if (bpf_probe_read_kernel_str(e->text, sizeof(e->text),
					      (char *)bo + bpf_core_field_offset(struct msm_gem_object, name)) < 0)
			e->text[0] = 0;
		vs_submit(e);
	}
	walk.head = (void *)obj + bpf_core_field_offset(struct drm_gem_object, gpuva.list);
	vs_list_first(&walk);
	bpf_loop(VS_WALK_LIMIT, vs_walk_vm_bo, &walk, 0);
	if (walk.at != walk.head)
		__sync_fetch_and_add(&walk_broken, 1);
	return 0;
}

SEC("fexit/msm_gem_describe_objects")
int BPF_PROG(msm_walk_end)
{
	struct vs_event *e;

	if (!vs_walking())
		return 0;
	bpf_for_each_map_elem(&vms, vs_walk_vm, 0, 0);
	e = vs_reserve(VS_WALK_END, sizeof(*e));
	if (e) {
		e->value[0] = walk_broken;
		vs_submit(e);
	}
	return 0;
}
