/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* dma-bufs of GEM objects, any driver that uses the helpers. drivers/gpu/drm/drm_prime.c, Linux 7.3.4. */

/*
 * Once for each dma-buf: a further request for one of the same BO gives the same dma-buf again. A driver with operations of its own
 * (msm) calls the first function, one without the second, into which compilers put the first.
 */
static __always_inline int vs_exported(void *obj)
{
	struct vs_event *e = vs_event_begin(VS_EXPORT);

	if (!e)
		return 0;
	e->value[0] = (__u64)obj;
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gem_dmabuf_export")
int BPF_PROG(bo_export, struct drm_device *dev, struct dma_buf_export_info *info, void *dma_buf)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (vs_is_error(dma_buf))
		return 0;
	if (task)
		task->exported = (__u64)dma_buf;
	return vs_exported(BPF_CORE_READ(info, priv));
}

SEC("fexit/drm_gem_prime_export")
int BPF_PROG(bo_export_prime, struct drm_gem_object *obj, int flags, void *dma_buf)
{
	struct vs_task *task = vs_task();

	if (vs_is_error(dma_buf) || (task && task->exported == (__u64)dma_buf))
		return 0;
	return vs_exported(obj);
}

SEC("fentry/drm_gem_dmabuf_release")
int BPF_PROG(bo_export_end, struct dma_buf *dma_buf)
{
	struct vs_event *e = vs_event_begin(VS_EXPORT_END);

	if (!e)
		return 0;
	e->value[0] = (__u64)BPF_CORE_READ(dma_buf, priv);
	vs_submit(e);
	return 0;
}

SEC("fexit/drm_gem_prime_fd_to_handle")
int BPF_PROG(bo_import, struct drm_device *dev, struct drm_file *file, int fd, __u32 *handle, int ret)
{
	struct vs_event *e = vs_event_begin(VS_IMPORT);
	__u32 number = 0;

	if (!e)
		return 0;
	if (!ret)
		bpf_probe_read_kernel(&number, sizeof(number), handle);
	e->value[0] = (__u64)file;
	e->value[1] = number;
	e->value[2] = (__u64)(-(__s64)ret);
	vs_submit(e);
	return 0;
}
