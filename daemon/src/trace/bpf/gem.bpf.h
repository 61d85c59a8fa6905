/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* GEM objects and handles, any driver. drivers/gpu/drm/drm_gem.c, drm_file.c, Linux 7.3.4. */

/*
 * drm_gpuvm_resv_object_alloc() makes a GEM object of no size that only carries a VM's reservation lock.
 * It is nobody's buffer, so neither its birth nor its end is told.
 */
SEC("fexit/drm_gem_private_object_init")
int BPF_PROG(bo_create, struct drm_device *dev, struct drm_gem_object *obj, unsigned long size)
{
	struct vs_event *e;

	if (!size)
		return 0;
	e = vs_event_begin(VS_BO_CREATE);
	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	e->value[1] = size;
	e->value[2] = vs_bo_flags(obj);
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gem_object_free")
int BPF_PROG(bo_destroy, struct kref *kref)
{
	struct drm_gem_object *obj = vs_container_of(kref, struct drm_gem_object, refcount);
	struct vs_event *e;

	if (!BPF_CORE_READ(obj, size))
		return 0;
	e = vs_event_begin(VS_BO_DESTROY);
	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gem_handle_create_tail")
int BPF_PROG(handle_open, struct drm_file *file, struct drm_gem_object *obj, __u32 *handle, int ret)
{
	struct vs_event *e;
	__u32 number = 0;

	if (ret)
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), handle);
	e = vs_event_begin(VS_HANDLE_OPEN);
	if (!e)
		return 0;
	e->value[0] = (__u64)file;
	e->value[1] = (__u64)obj;
	e->value[2] = number;
	e->value[3] = vs_refcount(obj);
	vs_submit(e);
	return 0;
}

/* Reached by GEM_CLOSE and, once per handle, when a file closes. */
SEC("fentry/drm_gem_object_release_handle")
int BPF_PROG(handle_close, int id, void *ptr, void *data)
{
	struct vs_event *e = vs_event_begin(VS_HANDLE_CLOSE);

	if (!e)
		return 0;
	e->value[0] = (__u64)data;
	e->value[1] = (__u64)ptr;
	e->value[2] = (__u32)id;
	e->value[3] = BPF_CORE_READ((struct drm_gem_object *)ptr, refcount.refcount.refs.counter);
	vs_submit(e);
	return 0;
}

/* Ends the daemon's id of the file, so that the next file at this address gets a new one. */
SEC("fentry/drm_file_free")
int BPF_PROG(file_free, struct drm_file *file)
{
	struct vs_event *e;

	if (!file)
		return 0;
	e = vs_event_begin(VS_FILE_FREE);
	if (!e)
		return 0;
	e->value[0] = (__u64)file;
	vs_submit(e);
	return 0;
}

/* Only where there were none: what a driver calls for every use (msm's get_pages) is not this. */
SEC("fexit/drm_gem_get_pages")
int BPF_PROG(pages_get, struct drm_gem_object *obj, void *pages)
{
	struct vs_event *e;

	if (vs_is_error(pages))
		return 0;
	e = vs_event_begin(VS_PAGES_GET);
	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}

SEC("fentry/drm_gem_put_pages")
int BPF_PROG(pages_put, struct drm_gem_object *obj)
{
	struct vs_event *e = vs_event_begin(VS_PAGES_PUT);

	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}
