// SPDX-License-Identifier: MIT
/* Scanning out. See scanout.h. */
#include "scenario/scanout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <xf86drm.h>

#include "scenario/expect.h"

static int find_output(struct vs_scanout *scanout, enum vs_scanout_to to)
{
	static const char *const wanted[] = { "writeback connector or connected display", "writeback connector",
					      "connected display" };
	struct vs_run *run = scanout->run;
	int r = vs_kms_init(scanout->fd);
	bool busy;

	if (r)
		return vs_run_fail(run, r, "asking %s for atomic mode setting", scanout->path);
	r = -ENODEV;
	if (to != VS_TO_DISPLAY)
		r = vs_kms_find_output(scanout->fd, VS_KMS_WRITEBACK, &scanout->output);
	busy = r == -EBUSY;
	if (to == VS_TO_DISPLAY || (to == VS_TO_EITHER && (r == -ENODEV || r == -EBUSY)))
		r = vs_kms_find_output(scanout->fd, VS_KMS_DISPLAY, &scanout->output);
	if (r == -ENODEV && busy)
		r = -EBUSY;
	if (r == -ENODEV)
		return vs_run_fail(run, r, "%s has no %s with a CRTC and a primary plane", scanout->path, wanted[to]);
	if (r == -EBUSY)
		return vs_run_fail(run, r, "every %s of %s, or each CRTC or primary plane for it, is in use; turn a display off",
				   wanted[to], scanout->path);
	return r ? vs_run_fail(run, r, "reading the display resources of %s", scanout->path) : 0;
}

int vs_fb_close_handle(struct vs_scanout *scanout, struct vs_fb *fb)
{
	int r = vs_kms_dumb_close(scanout->fd, fb->handle);

	if (r)
		return vs_run_fail(scanout->run, r, "closing GEM handle %u of FB %u", fb->handle, fb->fb);
	fb->handle = 0;
	scanout->run->issued[VS_ISSUED_GEM_CLOSE]++;
	return 0;
}

static int fb_new_buffer(struct vs_scanout *scanout, struct vs_fb *fb)
{
	uint32_t width = scanout->output.mode.hdisplay, height = scanout->output.mode.vdisplay;
	int r = vs_kms_dumb_new(scanout->fd, width, height, &fb->handle, &scanout->pitch);

	if (r) {
		vs_ordinals_lost();
		return vs_run_fail(scanout->run, r, "creating a %ux%u buffer for scanout", width, height);
	}
	fb->bo = vs_ordinal_bo();
	scanout->run->issued[VS_ISSUED_GEM_NEW]++;
	return 0;
}

int vs_fb_add(struct vs_scanout *scanout, struct vs_fb *fb)
{
	uint32_t width = scanout->output.mode.hdisplay, height = scanout->output.mode.vdisplay;
	int r = vs_kms_addfb(scanout->fd, width, height, fb->handle, scanout->pitch, &fb->fb);

	if (r)
		return vs_run_fail(scanout->run, r, "ADDFB2 of handle %u, %ux%u XRGB8888", fb->handle, width, height);
	scanout->run->issued[VS_ISSUED_ADDFB]++;
	return 0;
}

int vs_fb_remove(struct vs_scanout *scanout, struct vs_fb *fb)
{
	uint32_t id = fb->fb;
	int r = vs_kms_rmfb(scanout->fd, id);

	fb->fb = 0;
	if (r)
		return vs_run_fail(scanout->run, r, "RMFB of FB %u", id);
	scanout->run->issued[VS_ISSUED_RMFB]++;
	return 0;
}

/* Give back what there is of it. */
int vs_fb_release(struct vs_scanout *scanout, struct vs_fb *fb)
{
	int result = fb->fb ? vs_fb_remove(scanout, fb) : 0;
	int r = fb->handle ? vs_fb_close_handle(scanout, fb) : 0;

	return result ? result : r;
}

#define FRAME_TIMEOUT_MS 84

/* A commit, and how long the kernel took for it. */
static int commit_timed(struct vs_scanout *scanout, struct vs_kms_commit *commit, uint32_t flags, uint64_t token)
{
	uint64_t start = vs_now_ns();
	int r = vs_kms_commit(commit, scanout->fd, flags, token);

	if (vs_now_ns() - start < FRAME_TIMEOUT_MS * VS_NS_PER_MS)
		return r;
	scanout->slow = true;
	if (!scanout->run->note[0])
		snprintf(scanout->run->note, sizeof(scanout->run->note),
			 "a commit took longer than the display waits for a frame; a framebuffer may stay in the kernel");
	return r;
}

/* The plane shows fb at the full size of the mode. */
static void set_plane(struct vs_scanout *scanout, struct vs_kms_commit *commit, uint32_t fb)
{
	const struct vs_kms_object *plane = &scanout->output.plane;
	uint64_t width = scanout->output.mode.hdisplay, height = scanout->output.mode.vdisplay;

	vs_kms_set(commit, plane, "FB_ID", fb);
	vs_kms_set(commit, plane, "CRTC_ID", scanout->output.crtc.id);
	vs_kms_set(commit, plane, "SRC_X", 0);
	vs_kms_set(commit, plane, "SRC_Y", 0);
	vs_kms_set(commit, plane, "SRC_W", width << 16); /* 16.16 fixed point */
	vs_kms_set(commit, plane, "SRC_H", height << 16);
	vs_kms_set(commit, plane, "CRTC_X", 0);
	vs_kms_set(commit, plane, "CRTC_Y", 0);
	vs_kms_set(commit, plane, "CRTC_W", width);
	vs_kms_set(commit, plane, "CRTC_H", height);
}

/* Read what the card has to tell: is the flip with this token among it? */
static int read_events(struct vs_scanout *scanout, uint64_t token, bool *flipped)
{
	union {
		char bytes[1024];
		struct drm_event_vblank align;
	} buffer;
	ssize_t n = read(scanout->fd, &buffer, sizeof(buffer));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct drm_event) <= n;) {
		const struct drm_event_vblank *event = (const void *)(buffer.bytes + at);

		if (event->base.length < sizeof(struct drm_event) || at + event->base.length > n)
			return -EPROTO;
		if (event->base.type == DRM_EVENT_FLIP_COMPLETE && event->user_data == token) {
			*flipped = true;
			scanout->sequence = event->sequence;
			scanout->flip_ns = event->tv_sec * VS_NS_PER_S + event->tv_usec * 1000ull;
		}
		at += event->base.length;
	}
	return 0;
}

/* 0 once the flip of the last commit is done. */
static int wait_flip(struct vs_scanout *scanout, uint64_t token)
{
	struct vs_run *run = scanout->run;
	uint64_t commit = scanout->commits - 1;
	bool flipped = false;

	while (!flipped) {
		int r = vs_run_wait_fd(run, scanout->fd, run->fence_timeout_ms);

		if (r == -ETIME)
			return vs_run_fail(run, r, "the page flip of commit %" PRIu64 " did not complete within %u ms",
					   commit, run->fence_timeout_ms);
		if (!r)
			r = read_events(scanout, token, &flipped);
		if (r)
			return vs_run_fail(run, r, "reading the page-flip event of commit %" PRIu64, commit);
	}
	return 0;
}

/*
 * Remove the framebuffer that was written to, and wait until the kernel has let go of it.
 *
 * msm (Linux 7.3.4) finishes a writeback job in a work item that may run late, and that then takes the connector away
 * from the next job (dpu_encoder_phys_wb_cleanup_wb_job() clears wb_conn, which dpu_encoder_phys_wb_prepare_wb_job()
 * has just set). The fence of that job never signals, and every later one signals one commit late until the
 * board is restarted. Waiting here keeps the two apart.
 */
static int finish_writeback(struct vs_scanout *scanout)
{
	struct vs_run *run = scanout->run;
	uint64_t deadline = vs_now_ns() + run->fence_timeout_ms * 1000000ull;
	uint32_t fb = scanout->target.fb;
	bool exists;
	int r = vs_fb_remove(scanout, &scanout->target);

	while (!r) {
		r = vs_kms_fb_exists(scanout->fd, fb, &exists);
		if (r)
			return vs_run_fail(run, r, "looking for FB %u", fb);
		if (!exists)
			break;
		if (vs_now_ns() > deadline)
			return vs_run_fail(run, -ETIME, "writeback did not let go of FB %u within %u ms", fb,
					   run->fence_timeout_ms);
		r = vs_run_sleep_until(run, vs_now_ns() + 500000);
	}
	return r;
}

/* Not cut short by a cancel, so that the chain ends in order. */
static int wait_done(struct vs_scanout *scanout, int fence, uint64_t token)
{
	struct vs_run *run = scanout->run;
	bool cleaning = run->cleaning;
	char what[48];
	int r;

	snprintf(what, sizeof(what), "atomic commit %" PRIu64, scanout->commits - 1);
	run->cleaning = true;
	if (scanout->output.kind == VS_KMS_DISPLAY)
		r = wait_flip(scanout, token);
	else if (fence >= 0)
		r = vs_run_wait_fence(run, fence, what) ?: finish_writeback(scanout);
	else
		r = vs_run_fail(run, -EPROTO, "%s gave no writeback fence", what);
	run->cleaning = cleaning;
	return r;
}

/* One frame: fb on the plane, or, 0, nothing on it. */
static int frame(struct vs_scanout *scanout, uint32_t fb)
{
	struct vs_kms_output *output = &scanout->output;
	struct vs_kms_commit commit;
	uint32_t flags = 0;
	int32_t fence = -1;
	/* Tells this flip's event from one that an earlier run did not wait for. */
	uint64_t token = vs_now_ns();
	int r = output->kind == VS_KMS_WRITEBACK ? vs_fb_add(scanout, &scanout->target) : 0;

	if (r)
		return r;
	vs_kms_begin(&commit);
	if (fb) {
		set_plane(scanout, &commit, fb);
	} else {
		vs_kms_set(&commit, &output->plane, "FB_ID", 0);
		vs_kms_set(&commit, &output->plane, "CRTC_ID", 0);
	}
	if (!scanout->active) {
		vs_kms_set(&commit, &output->crtc, "ACTIVE", 1);
		vs_kms_set(&commit, &output->crtc, "MODE_ID", scanout->mode_blob);
		vs_kms_set(&commit, &output->connector, "CRTC_ID", output->crtc.id);
		flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
	}
	if (output->kind == VS_KMS_WRITEBACK) {
		vs_kms_set(&commit, &output->connector, "WRITEBACK_FB_ID", scanout->target.fb);
		vs_kms_set(&commit, &output->connector, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	} else {
		flags |= DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK;
	}
	r = commit_timed(scanout, &commit, flags, token);
	if (r)
		return vs_run_fail(scanout->run, r, "atomic commit %" PRIu64 ", FB %u on plane %u%s%s", scanout->commits,
				   fb, output->plane.id, commit.missing ? ", missing property " : "",
				   commit.missing ? commit.missing : "");
	scanout->active = true;
	scanout->commits++;
	scanout->run->issued[VS_ISSUED_COMMIT]++;
	return wait_done(scanout, fence, token);
}

int vs_scanout_show(struct vs_scanout *scanout, const struct vs_fb *fb)
{
	return frame(scanout, fb->fb);
}

int vs_scanout_plane_off(struct vs_scanout *scanout)
{
	return frame(scanout, 0);
}

int vs_scanout_off(struct vs_scanout *scanout)
{
	struct vs_kms_output *output = &scanout->output;
	struct vs_kms_commit commit;
	int r;

	vs_kms_begin(&commit);
	vs_kms_set(&commit, &output->plane, "FB_ID", 0);
	vs_kms_set(&commit, &output->plane, "CRTC_ID", 0);
	vs_kms_set(&commit, &output->connector, "CRTC_ID", 0);
	vs_kms_set(&commit, &output->crtc, "ACTIVE", 0);
	vs_kms_set(&commit, &output->crtc, "MODE_ID", 0);
	r = commit_timed(scanout, &commit, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	if (r)
		return vs_run_fail(scanout->run, r, "turning CRTC %u off", output->crtc.id);
	scanout->active = false;
	scanout->run->issued[VS_ISSUED_COMMIT]++;
	return 0;
}

int vs_fb_new(struct vs_scanout *scanout, struct vs_fb *fb)
{
	int r = fb_new_buffer(scanout, fb);

	return r ? r : vs_fb_add(scanout, fb);
}

int vs_scanout_open(struct vs_scanout *scanout, struct vs_run *run, int fd, const char *path, enum vs_scanout_to to)
{
	int r;

	*scanout = (struct vs_scanout){ .run = run, .fd = -1, .path = path };
	r = vs_kms_become_master(fd);
	if (r)
		return vs_run_fail(run, r, "becoming DRM master of %s, which another process may be", path);
	scanout->fd = fd;
	r = find_output(scanout, to);
	if (r)
		return r;
	r = vs_kms_mode_blob_new(fd, &scanout->output.mode, &scanout->mode_blob);
	if (r)
		return vs_run_fail(run, r, "creating the blob of mode %s", scanout->output.mode.name);
	return scanout->output.kind == VS_KMS_WRITEBACK ? fb_new_buffer(scanout, &scanout->target) : 0;
}

int vs_scanout_close(struct vs_scanout *scanout, struct vs_fb *fb, size_t n)
{
	int result, r;

	if (scanout->fd < 0)
		return 0;
	result = scanout->active ? vs_scanout_off(scanout) : 0;
	/* RMFB of a framebuffer that is still shown would turn the plane off by itself. */
	for (size_t i = 0; i < n; i++) {
		r = vs_fb_release(scanout, &fb[i]);
		result = result ? result : r;
	}
	r = vs_fb_release(scanout, &scanout->target);
	result = result ? result : r;
	r = scanout->mode_blob ? vs_kms_blob_close(scanout->fd, scanout->mode_blob) : 0;
	if (r)
		vs_run_fail(scanout->run, r, "destroying the mode blob %u", scanout->mode_blob);
	result = result ? result : r;
	vs_kms_output_clear(&scanout->output);
	r = vs_kms_drop_master(scanout->fd);
	if (r)
		vs_run_fail(scanout->run, r, "giving up DRM master of %s", scanout->path);
	return result ? result : r;
}
