/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* drm_gpuvm, any driver. drivers/gpu/drm/drm_gpuvm.c, Linux 7.3.4. */

/*
 * Every live VM that was seen, and the file that this walk found it to belong to (0: none), so that a walk can follow
 * lists that no BO leads to: empty VMs, sparse mappings.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} vms SEC(".maps");

/* One that finds no room makes the walk that is going on incomplete; outside of one, the next finds it again. */
static __always_inline void vs_vm_remember(struct drm_gpuvm *vm, struct drm_file *file)
{
	__u64 key = (__u64)vm, value = (__u64)file;
	long r = vm ? bpf_map_update_elem(&vms, &key, &value, file ? BPF_ANY : BPF_NOEXIST) : 0;

	if (r && r != -VS_EEXIST)
		__sync_fetch_and_add(&walk_broken, 1);
}

SEC("fexit/drm_gpuvm_init")
int BPF_PROG(vm_create, struct drm_gpuvm *vm)
{
	struct vs_text_event *e;

	vs_vm_remember(vm, 0);
	e = vs_text_begin(VS_VM_CREATE);
	if (!e)
		return 0;
	e->event.value[0] = (__u64)vm;
	e->event.value[1] = (__u32)vm->flags;
	e->event.value[2] = vm->mm_start;
	e->event.value[3] = vm->mm_range;
	if (bpf_probe_read_kernel_str(e->text, sizeof(e->text), vm->name) < 0)
		e->text[0] = 0;
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gpuvm_free")
int BPF_PROG(vm_destroy, struct kref *kref)
{
	__u64 vm = (__u64)vs_container_of(kref, struct drm_gpuvm, kref);
	struct vs_event *e;

	bpf_map_delete_elem(&vms, &vm);
	e = vs_event_begin(VS_VM_DESTROY);
	if (!e)
		return 0;
	e->value[0] = vm;
	vs_submit(e);
	return 0;
}

/* Whether a mapping's vm_bo holds its BO is the difference between these two counts. */
SEC("fentry/drm_gpuvm_bo_create")
int BPF_PROG(vm_bo_create_begin, struct drm_gpuvm *vm, struct drm_gem_object *obj)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (task)
		task->refcount = vs_refcount(obj);
	return 0;
}

SEC("fexit/drm_gpuvm_bo_create")
int BPF_PROG(vm_bo_create, struct drm_gpuvm *vm, struct drm_gem_object *obj, struct drm_gpuvm_bo *vm_bo)
{
	struct vs_task *task = vs_task();
	__u64 before = task ? task->refcount : 0;
	struct vs_event *e;

	/* Used up: where the next begin is missed, this count is another BO's. */
	if (task)
		task->refcount = 0;
	if (!vm_bo)
		return 0;
	e = vs_event_begin(VS_VM_BO_CREATE);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = (__u64)vm_bo;
	e->value[2] = (__u64)obj;
	e->value[3] = vs_refcount(obj);
	e->value[4] = before;
	vs_submit(e);
	return 0;
}

/* The last step of every way a vm_bo ends: put, deferred cleanup, and an unused preallocation. */
SEC("fentry/drm_gpuvm_bo_destroy_not_in_lists")
int BPF_PROG(vm_bo_destroy, struct drm_gpuvm_bo *vm_bo)
{
	struct vs_event *e = vs_event_begin(VS_VM_BO_DESTROY);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm_bo->vm;
	e->value[1] = (__u64)vm_bo;
	e->value[2] = (__u64)vm_bo->obj;
	e->value[3] = vs_refcount(vm_bo->obj);
	vs_submit(e);
	return 0;
}

/* Stands in where the compiler made the function above part of this one. */
SEC("fentry/drm_gpuvm_bo_destroy")
int BPF_PROG(vm_bo_destroy_kref, struct kref *kref)
{
	struct drm_gpuvm_bo *vm_bo = vs_container_of(kref, struct drm_gpuvm_bo, kref);
	struct vs_event *e = vs_event_begin(VS_VM_BO_DESTROY);

	if (!e)
		return 0;
	e->value[0] = (__u64)BPF_CORE_READ(vm_bo, vm);
	e->value[1] = (__u64)vm_bo;
	e->value[2] = (__u64)BPF_CORE_READ(vm_bo, obj);
	e->value[3] = (__u32)BPF_CORE_READ(vm_bo, obj, refcount.refcount.refs.counter);
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gpuva_insert")
int BPF_PROG(va_insert, struct drm_gpuvm *vm, struct drm_gpuva *va, int ret)
{
	struct vs_event *e;

	if (ret)
		return 0;
	e = vs_event_begin(VS_VA_INSERT);
	if (!e)
		return 0;
	e->value[0] = (__u64)vm;
	e->value[1] = (__u64)va;
	e->value[2] = (__u64)va->gem.obj;
	e->value[3] = va->va.addr;
	e->value[4] = va->va.range;
	e->value[5] = va->gem.offset;
	e->value[6] = (__u32)va->flags;
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gpuva_remove")
int BPF_PROG(va_remove, struct drm_gpuva *va)
{
	struct vs_event *e = vs_event_begin(VS_VA_REMOVE);

	if (!e)
		return 0;
	e->value[0] = (__u64)va->vm;
	e->value[1] = (__u64)va;
	e->value[2] = vs_reason();
	vs_submit(e);
	return 0;
}

/* drm_gpuva_link() does nothing for a mapping without a BO, nor do the two unlinks below. */
SEC("fentry/drm_gpuva_link")
int BPF_PROG(va_link, struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo)
{
	struct vs_event *e;

	if (!va->gem.obj)
		return 0;
	e = vs_event_begin(VS_VA_LINK);
	if (!e)
		return 0;
	e->value[0] = (__u64)va;
	e->value[1] = (__u64)vm_bo;
	vs_submit(e);
	return 0;
}

static __always_inline int vs_va_unlinked(struct drm_gpuva *va)
{
	struct vs_event *e;

	if (!va->gem.obj)
		return 0;
	e = vs_event_begin(VS_VA_UNLINK);
	if (!e)
		return 0;
	e->value[0] = (__u64)va;
	e->value[1] = (__u64)va->vm_bo;
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gpuva_unlink")
int BPF_PROG(va_unlink, struct drm_gpuva *va)
{
	return vs_va_unlinked(va);
}

SEC("fentry/drm_gpuva_unlink_defer")
int BPF_PROG(va_unlink_defer, struct drm_gpuva *va)
{
	return vs_va_unlinked(va);
}

static __always_inline int vs_vm_bo_found(struct drm_gpuvm_bo *vm_bo)
{
	struct vs_event *e = vs_event_begin(VS_VM_BO_OBTAIN);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm_bo->vm;
	e->value[1] = (__u64)vm_bo;
	e->value[2] = (__u64)vm_bo->obj;
	vs_submit(e);
	return 0;
}

/* One that was found is referenced by who made it and by this caller; a new one by this caller alone. */
SEC("fexit/drm_gpuvm_bo_obtain_locked")
int BPF_PROG(vm_bo_obtain, struct drm_gpuvm *vm, struct drm_gem_object *obj, struct drm_gpuvm_bo *vm_bo)
{
	if (vs_is_error(vm_bo) || vm_bo->kref.refcount.refs.counter < 2)
		return 0;
	return vs_vm_bo_found(vm_bo);
}

SEC("fexit/drm_gpuvm_bo_obtain_prealloc")
int BPF_PROG(vm_bo_obtain_prealloc, struct drm_gpuvm_bo *prealloc, struct drm_gpuvm_bo *vm_bo)
{
	return vm_bo == prealloc ? 0 : vs_vm_bo_found(vm_bo);
}

SEC("fentry/drm_gpuvm_bo_into_zombie")
int BPF_PROG(vm_bo_defer, struct kref *kref)
{
	struct vs_event *e = vs_event_begin(VS_VM_BO_DEFER);

	if (!e)
		return 0;
	e->value[0] = (__u64)vs_container_of(kref, struct drm_gpuvm_bo, kref);
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gpuvm_bo_evict")
int BPF_PROG(vm_bo_evict, struct drm_gpuvm_bo *vm_bo, _Bool evict)
{
	struct vs_event *e = vs_event_begin(VS_VM_BO_EVICT);

	if (!e)
		return 0;
	e->value[0] = (__u64)vm_bo;
	e->value[1] = evict;
	vs_submit(e);
	return 0;
}
