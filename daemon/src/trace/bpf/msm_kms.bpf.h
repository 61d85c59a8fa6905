/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* msm's framebuffers and commits. msm_fb.c, msm_atomic.c, Linux 7.3.4. */

static __always_inline int vs_fb_used(__u32 kind, enum vs_call call, struct drm_framebuffer *fb)
{
	__u64 duration = vs_call_end(call);
	struct vs_event *e = tracing ? vs_reserve(kind, sizeof(*e)) : 0;

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
	vs_call_begin(VS_CALL_FB_PREPARE);
	return 0;
}

SEC("fexit/msm_framebuffer_prepare")
int BPF_PROG(msm_fb_prepare, struct drm_framebuffer *fb)
{
	return vs_fb_used(VS_FB_PREPARE, VS_CALL_FB_PREPARE, fb);
}

SEC("fentry/msm_framebuffer_cleanup")
int BPF_PROG(msm_fb_cleanup_begin)
{
	vs_call_begin(VS_CALL_FB_CLEANUP);
	return 0;
}

SEC("fexit/msm_framebuffer_cleanup")
int BPF_PROG(msm_fb_cleanup, struct drm_framebuffer *fb)
{
	return vs_fb_used(VS_FB_CLEANUP, VS_CALL_FB_CLEANUP, fb);
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

SEC("tp_btf/msm_atomic_wait_flush_start")
int BPF_PROG(msm_commit_wait_begin)
{
	vs_call_begin(VS_CALL_COMMIT_WAIT);
	return 0;
}

SEC("tp_btf/msm_atomic_wait_flush_finish")
int BPF_PROG(msm_commit_wait, unsigned int crtc_mask)
{
	__u64 duration = vs_call_end(VS_CALL_COMMIT_WAIT);
	struct vs_event *e = vs_event_begin(VS_COMMIT_WAIT);

	if (!e)
		return 0;
	e->value[0] = crtc_mask;
	e->value[1] = duration;
	vs_submit(e);
	return 0;
}
