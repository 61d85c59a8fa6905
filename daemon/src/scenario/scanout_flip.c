// SPDX-License-Identifier: MIT
/*
 * scanout-flip: a chain of framebuffers on a primary plane, one atomic commit each, through the writeback
 * connector (the commit's out fence tells its end) or to a display (its page-flip event does).
 *
 * With close-handles the BOs of the chain live by their framebuffers alone. msm then drops the display's mapping each
 * time a framebuffer leaves the plane and makes a new one at its next flip (msm_framebuffer_cleanup(),
 * vma_ref; Linux 7.3); with the handles open the mapping stays.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <xf86drm.h>

#include "drm/kms.h"
#include "scenario/run.h"

#define MAX_BUFFERS 16

enum { FLIPS, BUFFERS, INTERVAL, CLOSE_HANDLES, OUTPUT };
enum { OUTPUT_AUTO, OUTPUT_WRITEBACK, OUTPUT_DISPLAY };

static const struct vs_param params[] = {
	[FLIPS] = { "flips", "commits that each show the next framebuffer", "", 1, 1000000, 120 },
	[BUFFERS] = { "buffers", "framebuffers in the chain", "", 1, MAX_BUFFERS, 3 },
	[INTERVAL] = { "interval", "least time from one flip to the next, 0 for as fast as possible", "ms", 0, 60000, 16 },
	[CLOSE_HANDLES] = { "close-handles", "1 closes the GEM handles once the framebuffers exist", "", 0, 1, 0 },
	[OUTPUT] = { "output", "0 takes writeback where there is one and else a display, 1 writeback, 2 a display", "", 0, 2, 0 },
};

struct fb {
	uint32_t handle; /* 0 when closed */
	uint32_t fb;     /* 0 when removed */
};

struct scanout {
	struct vs_run *run;
	int fd;
	struct vs_kms_output output;
	uint32_t mode_blob;
	struct fb fb[MAX_BUFFERS];
	struct fb target; /* what the writeback connector writes to; a new FB for each commit */
	uint32_t pitch;
	bool active;      /* a commit has turned the CRTC on */
	uint64_t commits;
};

static int find_output(struct scanout *scanout)
{
	static const char *const wanted[] = { "writeback connector or connected display", "writeback connector",
					      "connected display" };
	struct vs_run *run = scanout->run;
	uint64_t output = run->param[OUTPUT];
	int r = vs_kms_init(scanout->fd);
	bool busy;

	if (r)
		return vs_run_fail(run, r, "asking %s for atomic mode setting", run->fds->card_path);
	r = -ENODEV;
	if (output != OUTPUT_DISPLAY)
		r = vs_kms_find_output(scanout->fd, VS_KMS_WRITEBACK, &scanout->output);
	busy = r == -EBUSY;
	if (output == OUTPUT_DISPLAY || (output == OUTPUT_AUTO && (r == -ENODEV || r == -EBUSY)))
		r = vs_kms_find_output(scanout->fd, VS_KMS_DISPLAY, &scanout->output);
	if (r == -ENODEV && busy)
		r = -EBUSY;
	if (r == -ENODEV)
		return vs_run_fail(run, r, "%s has no %s with a CRTC and a primary plane", run->fds->card_path, wanted[output]);
	if (r == -EBUSY)
		return vs_run_fail(run, r, "every %s of %s, or each CRTC or primary plane for it, is in use; turn a display off",
				   wanted[output], run->fds->card_path);
	return r ? vs_run_fail(run, r, "reading the display resources of %s", run->fds->card_path) : 0;
}

static int fb_close_handle(struct scanout *scanout, struct fb *fb)
{
	int r = vs_kms_dumb_close(scanout->fd, fb->handle);

	if (r)
		return vs_run_fail(scanout->run, r, "closing GEM handle %u of FB %u", fb->handle, fb->fb);
	fb->handle = 0;
	scanout->run->issued[VS_ISSUED_GEM_CLOSE]++;
	return 0;
}

static int fb_new_buffer(struct scanout *scanout, struct fb *fb)
{
	uint32_t width = scanout->output.mode.hdisplay, height = scanout->output.mode.vdisplay;
	int r = vs_kms_dumb_new(scanout->fd, width, height, &fb->handle, &scanout->pitch);

	if (r)
		return vs_run_fail(scanout->run, r, "creating a %ux%u buffer for scanout", width, height);
	scanout->run->issued[VS_ISSUED_GEM_NEW]++;
	return 0;
}

static int fb_add(struct scanout *scanout, struct fb *fb)
{
	uint32_t width = scanout->output.mode.hdisplay, height = scanout->output.mode.vdisplay;
	int r = vs_kms_addfb(scanout->fd, width, height, fb->handle, scanout->pitch, &fb->fb);

	if (r)
		return vs_run_fail(scanout->run, r, "ADDFB2 of handle %u, %ux%u XRGB8888", fb->handle, width, height);
	scanout->run->issued[VS_ISSUED_ADDFB]++;
	return 0;
}

static int fb_remove(struct scanout *scanout, struct fb *fb)
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
static int fb_release(struct scanout *scanout, struct fb *fb)
{
	int result = fb->fb ? fb_remove(scanout, fb) : 0;
	int r = fb->handle ? fb_close_handle(scanout, fb) : 0;

	return result ? result : r;
}

static int set_up(struct scanout *scanout)
{
	struct vs_run *run = scanout->run;
	int r = find_output(scanout);

	if (r)
		return r;
	r = vs_kms_mode_blob_new(scanout->fd, &scanout->output.mode, &scanout->mode_blob);
	if (r)
		return vs_run_fail(run, r, "creating the blob of mode %s", scanout->output.mode.name);
	for (uint64_t i = 0; i < run->param[BUFFERS]; i++) {
		r = fb_new_buffer(scanout, &scanout->fb[i]);
		if (!r)
			r = fb_add(scanout, &scanout->fb[i]);
		if (!r && run->param[CLOSE_HANDLES])
			r = fb_close_handle(scanout, &scanout->fb[i]);
		if (r)
			return r;
	}
	return scanout->output.kind == VS_KMS_WRITEBACK ? fb_new_buffer(scanout, &scanout->target) : 0;
}

/* The plane shows fb at the full size of the mode. */
static void set_plane(struct scanout *scanout, struct vs_kms_commit *commit, uint32_t fb)
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
static int read_events(int fd, uint64_t token, bool *flipped)
{
	union {
		char bytes[1024];
		struct drm_event_vblank align;
	} buffer;
	ssize_t n = read(fd, &buffer, sizeof(buffer));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct drm_event) <= n;) {
		const struct drm_event_vblank *event = (const void *)(buffer.bytes + at);

		if (event->base.length < sizeof(struct drm_event) || at + event->base.length > n)
			return -EPROTO;
		if (event->base.type == DRM_EVENT_FLIP_COMPLETE && event->user_data == token)
			*flipped = true;
		at += event->base.length;
	}
	return 0;
}

/* 0 once the flip of the last commit is done. */
static int wait_flip(struct scanout *scanout, uint64_t token)
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
			r = read_events(scanout->fd, token, &flipped);
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
static int finish_writeback(struct scanout *scanout)
{
	struct vs_run *run = scanout->run;
	uint64_t deadline = vs_now_ns() + run->fence_timeout_ms * 1000000ull;
	uint32_t fb = scanout->target.fb;
	bool exists;
	int r = fb_remove(scanout, &scanout->target);

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
static int wait_done(struct scanout *scanout, int fence, uint64_t token)
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

static int flip(struct scanout *scanout, uint32_t fb)
{
	struct vs_kms_output *output = &scanout->output;
	struct vs_kms_commit commit;
	uint32_t flags = 0;
	int32_t fence = -1;
	/* Tells this flip's event from one that an earlier run did not wait for. */
	uint64_t token = vs_now_ns();
	int r = output->kind == VS_KMS_WRITEBACK ? fb_add(scanout, &scanout->target) : 0;

	if (r)
		return r;
	vs_kms_begin(&commit);
	set_plane(scanout, &commit, fb);
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
	r = vs_kms_commit(&commit, scanout->fd, flags, token);
	if (r)
		return vs_run_fail(scanout->run, r, "atomic commit %" PRIu64 ", FB %u on plane %u%s%s", scanout->commits,
				   fb, output->plane.id, commit.missing ? ", missing property " : "",
				   commit.missing ? commit.missing : "");
	scanout->active = true;
	scanout->commits++;
	scanout->run->issued[VS_ISSUED_COMMIT]++;
	return wait_done(scanout, fence, token);
}

static int turn_off(struct scanout *scanout)
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
	r = vs_kms_commit(&commit, scanout->fd, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	if (r)
		return vs_run_fail(scanout->run, r, "turning CRTC %u off", output->crtc.id);
	scanout->active = false;
	scanout->run->issued[VS_ISSUED_COMMIT]++;
	return 0;
}

static int tear_down(struct scanout *scanout)
{
	int result = scanout->active ? turn_off(scanout) : 0;
	int r;

	/* RMFB of a framebuffer that is still shown would turn the plane off by itself. */
	for (int i = 0; i < MAX_BUFFERS; i++) {
		r = fb_release(scanout, &scanout->fb[i]);
		result = result ? result : r;
	}
	r = fb_release(scanout, &scanout->target);
	result = result ? result : r;
	r = scanout->mode_blob ? vs_kms_blob_close(scanout->fd, scanout->mode_blob) : 0;
	if (r)
		vs_run_fail(scanout->run, r, "destroying the mode blob %u", scanout->mode_blob);
	vs_kms_output_clear(&scanout->output);
	return result ? result : r;
}

static int run(struct vs_run *run)
{
	struct scanout scanout = { .run = run, .fd = run->fds->card };
	uint64_t start;
	int r, closed;

	r = vs_kms_become_master(scanout.fd);
	if (r)
		return vs_run_fail(run, r, "becoming DRM master of %s, which another process may be", run->fds->card_path);
	r = set_up(&scanout);
	start = vs_now_ns();
	while (!r && run->done < run->total) {
		r = vs_run_step(run);
		if (!r)
			r = flip(&scanout, scanout.fb[run->done % run->param[BUFFERS]].fb);
		if (r)
			break;
		run->done++;
		if (run->param[INTERVAL])
			r = vs_run_sleep_until(run, start + run->done * run->param[INTERVAL] * 1000000);
	}
	closed = tear_down(&scanout);
	r = r ? r : closed;
	closed = vs_kms_drop_master(scanout.fd);
	if (closed)
		vs_run_fail(run, closed, "giving up DRM master of %s", run->fds->card_path);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = { {
	.id = "scanout-flip",
	.description = "Shows a chain of framebuffers on a plane, one atomic commit each, through writeback or on a display",
	.needs = VS_NEEDS_CARD,
	.counts = VS_COUNTS(COMMIT) | VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE) | VS_COUNTS(ADDFB) | VS_COUNTS(RMFB),
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.run = run,
} };

VS_FAMILY(flip);
