/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Framebuffers and flips, any driver. drm_framebuffer.c, drm_vblank.c, Linux 7.3.4. */

static __always_inline void vs_fb_plane(struct drm_framebuffer *fb, struct drm_gem_object *obj, int plane)
{
	struct vs_event *e;

	if (!obj)
		return;
	e = vs_event_begin(VS_FB_PLANE);
	if (!e)
		return;
	e->value[0] = BPF_CORE_READ(fb, base.id);
	e->value[1] = (__u64)obj;
	e->value[2] = plane;
	vs_submit(e);
}

SEC("fexit/drm_framebuffer_init")
int BPF_PROG(fb_create, struct drm_device *dev, struct drm_framebuffer *fb, const void *funcs, int ret)
{
	struct drm_gem_object *obj;
	struct vs_event *e;

	if (ret)
		return 0;
	e = vs_event_begin(VS_FB_CREATE);
	if (e) {
		obj = BPF_CORE_READ(fb, obj[0]);
		e->value[0] = BPF_CORE_READ(fb, base.id);
		e->value[1] = (__u64)obj;
		e->value[2] = obj ? BPF_CORE_READ(obj, size) : 0;
		vs_submit(e);
	}
	/* Also where there was no room for that: each is an event of its own, told or counted as dropped. */
	vs_fb_plane(fb, BPF_CORE_READ(fb, obj[1]), 1);
	vs_fb_plane(fb, BPF_CORE_READ(fb, obj[2]), 2);
	vs_fb_plane(fb, BPF_CORE_READ(fb, obj[3]), 3);
	return 0;
}

SEC("fentry/drm_framebuffer_free")
int BPF_PROG(fb_destroy, struct kref *kref)
{
	struct drm_framebuffer *fb = vs_container_of(kref, struct drm_framebuffer, base.refcount);
	struct vs_event *e = vs_event_begin(VS_FB_DESTROY);

	if (!e)
		return 0;
	e->value[0] = BPF_CORE_READ(fb, base.id);
	vs_submit(e);
	return 0;
}

/*
 * The atomic core gives every commit an event, asked for or not (drm_atomic_helper_setup_commit), so this
 * is every flip. A driver that arms its event for the next vblank interrupt does not come by here; msm does.
 */
SEC("fentry/drm_crtc_send_vblank_event")
int BPF_PROG(flip_done, struct drm_crtc *crtc, void *event)
{
	struct drm_vblank_crtc *vblank;
	struct drm_device *dev;
	struct vs_event *e = vs_event_begin(VS_FLIP_DONE);
	__u64 sequence = 0;

	if (!e)
		return 0;
	dev = BPF_CORE_READ(crtc, dev);
	if (BPF_CORE_READ(crtc, index) < BPF_CORE_READ(dev, num_crtcs)) {
		vblank = BPF_CORE_READ(dev, vblank);
		vblank = (void *)vblank + BPF_CORE_READ(crtc, index) * bpf_core_type_size(struct drm_vblank_crtc);
		sequence = BPF_CORE_READ(vblank, count.counter);
	}
	e->value[0] = 1ull << (BPF_CORE_READ(crtc, index) & 63);
	e->value[1] = sequence;
	vs_submit(e);
	return 0;
}

SEC("tp_btf/drm_vblank_event")
int BPF_PROG(vblank, int crtc, unsigned int seq)
{
	struct vs_event *e = vs_event_begin(VS_VBLANK);

	if (!e)
		return 0;
	e->value[0] = 1ull << (crtc & 63);
	e->value[1] = seq;
	vs_submit(e);
	return 0;
}

/* An event that the kernel gave itself (a commit's own) has no file. */
SEC("tp_btf/drm_vblank_event_delivered")
int BPF_PROG(vblank_sent, struct drm_file *file, int crtc, unsigned int seq)
{
	struct vs_event *e;

	if (!file)
		return 0;
	e = vs_event_begin(VS_VBLANK_SENT);
	if (!e)
		return 0;
	e->value[0] = 1ull << (crtc & 63);
	e->value[1] = seq;
	vs_submit(e);
	return 0;
}
