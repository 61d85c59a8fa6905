/* SPDX-License-Identifier: MIT */
/*
 * Scanning out: one output of one device, buffers and framebuffers for it, and one atomic commit at a time, the end of which is
 * waited for: of writeback its fence tells, of a display its page-flip event. Every request is checked, counted in run->issued and
 * noted with its object when it fails.
 */
#ifndef VS_SCENARIO_SCANOUT_H
#define VS_SCENARIO_SCANOUT_H

#include "drm/kms.h"
#include "scenario/run.h"

enum vs_scanout_to {
	VS_TO_EITHER, /* writeback where there is one, else a display */
	VS_TO_WRITEBACK,
	VS_TO_DISPLAY,
};

struct vs_fb {
	uint32_t handle; /* 0 when closed */
	uint32_t fb;     /* 0 when removed */
	uint32_t bo;     /* ordinal, see expect.h */
};

struct vs_scanout {
	struct vs_run *run;
	int fd;
	const char *path;
	struct vs_kms_output output;
	uint32_t mode_blob;
	struct vs_fb target; /* what the writeback connector writes to; a new FB for each commit */
	uint32_t pitch;
	bool active;       /* a commit has turned the CRTC on */
	uint64_t commits;
	/*
	 * A commit was so slow that msm's time-out for a frame (84 ms, dpu_encoder.c, Linux 7.3.4) may have struck, as on an emulated
	 * board that is busy. A framebuffer may stay for good then, and nothing is said of what must be gone.
	 */
	bool slow;
	uint32_t sequence; /* vblank count of the last page flip; 0 where the driver counts none */
	uint64_t flip_ns;  /* its time, of CLOCK_MONOTONIC */
};

/* Become DRM master and find a free output. Always pair with vs_scanout_close(), also after a failure. */
int vs_scanout_open(struct vs_scanout *scanout, struct vs_run *run, int fd, const char *path, enum vs_scanout_to to);
/* Turn the output off, give back what there is of fb[0 .. n - 1], and the master. 0, or the first error, noted. */
int vs_scanout_close(struct vs_scanout *scanout, struct vs_fb *fb, size_t n);

/* A buffer of the size of the mode with a framebuffer. */
int vs_fb_new(struct vs_scanout *scanout, struct vs_fb *fb);
/* A framebuffer for fb->handle. */
int vs_fb_add(struct vs_scanout *scanout, struct vs_fb *fb);
int vs_fb_close_handle(struct vs_scanout *scanout, struct vs_fb *fb);
int vs_fb_remove(struct vs_scanout *scanout, struct vs_fb *fb);
/* Give back what there is of it. */
int vs_fb_release(struct vs_scanout *scanout, struct vs_fb *fb);

/* Show it, and wait until it is shown; not cut short by a cancel, so that a chain ends in order. */
int vs_scanout_show(struct vs_scanout *scanout, const struct vs_fb *fb);
/* A frame with nothing on the plane; the CRTC stays on. */
int vs_scanout_plane_off(struct vs_scanout *scanout);
/* All of it off. */
int vs_scanout_off(struct vs_scanout *scanout);

#endif
