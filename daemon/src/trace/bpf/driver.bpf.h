/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What only a driver knows of a generic object. Another driver adds its test and its lines here, and its
 * own programs in a file beside msm.bpf.h.
 */
#ifndef VS_DRIVER_BPF_H
#define VS_DRIVER_BPF_H

/* VmMode of event.proto */
#define VS_MODE_KERNEL_MANAGED 1
#define VS_MODE_USER_MANAGED 2

/* Where msm's struct drm_driver is, once it was met. The programs on its functions keep its module loaded. */
static __u64 msm_driver;

static __always_inline int vs_is_msm_driver(const struct drm_driver *driver)
{
	char name[4] = {};

	/* Without msm's types on this board there is no msm object either; the reads below are dead then. */
	if (!bpf_core_type_exists(struct msm_gem_object))
		return 0;
	if ((__u64)driver == msm_driver)
		return driver != 0;
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(driver, name));
	if (name[0] != 'm' || name[1] != 's' || name[2] != 'm' || name[3])
		return 0;
	msm_driver = (__u64)driver;
	return 1;
}

static __always_inline int vs_is_msm(struct drm_device *dev)
{
	return vs_is_msm_driver(BPF_CORE_READ(dev, driver));
}

static __always_inline __u64 vs_bo_flags(struct drm_gem_object *obj)
{
	if (vs_is_msm(BPF_CORE_READ(obj, dev)))
		return BPF_CORE_READ(vs_container_of(obj, struct msm_gem_object, base), flags);
	return 0;
}

static __always_inline __u64 vs_vm_mode(struct drm_gpuvm *vm)
{
	if (vs_is_msm(BPF_CORE_READ(vm, drm)))
		return BPF_CORE_READ(vs_container_of(vm, struct msm_gem_vm, base), managed) ?
			       VS_MODE_KERNEL_MANAGED :
			       VS_MODE_USER_MANAGED;
	return 0;
}

/* What a walk tells of a VM and of a mapping beside what every driver has. */
static __always_inline __u64 vs_vm_state(struct drm_gpuvm *vm)
{
	if (vs_is_msm(BPF_CORE_READ(vm, drm)))
		return BPF_CORE_READ(vs_container_of(vm, struct msm_gem_vm, base), unusable) ? VS_VM_UNUSABLE_BIT : 0;
	return 0;
}

static __always_inline __u64 vs_va_state(struct drm_gpuvm *vm, struct drm_gpuva *va)
{
	if (vs_is_msm(BPF_CORE_READ(vm, drm)))
		return BPF_CORE_READ(vs_container_of(va, struct msm_gem_vma, base), mapped) ? VS_VA_MAPPED_BIT : 0;
	return 0;
}

/* Flags of a drm_gpuva that a request to map asks for: drm_gpuvm has none of its own, its driver's are in priv. */
static __always_inline __u64 vs_map_flags(struct drm_gpuvm *vm, void *priv)
{
	/* The VM is as the kernel gave it: read in place. */
	if (vs_is_msm_driver(vm->drm->driver) && bpf_core_type_exists(struct op_arg))
		return BPF_CORE_READ((struct op_arg *)priv, flags);
	return 0;
}

/* The process a VM was made for, 0 where the driver does not keep it. */
static __always_inline __u64 vs_vm_pid(struct drm_gpuvm *vm)
{
	struct pid *pid;

	if (!vs_is_msm(BPF_CORE_READ(vm, drm)))
		return 0;
	pid = BPF_CORE_READ(vs_container_of(vm, struct msm_gem_vm, base), pid);
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

#endif
