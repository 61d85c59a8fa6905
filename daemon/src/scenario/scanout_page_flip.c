// SPDX-License-Identifier: MIT
/*
 * scanout-page-flip: an ordinary display, page flips with events and their vblank sequence. Where msm has no connected display
 * this runs on another driver's; then no drm_gpuvm is involved, and the run's end says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/expect.h"
#include "scenario/scanout.h"

#define BUFFERS 2

enum { FLIPS };

static const struct vs_param params[] = {
	[FLIPS] = { "flips", "page flips, each with its event", "", 1, 1000000, 60 },
};

static int show_all(struct vs_scanout *scanout, const struct vs_fb *fb)
{
	struct vs_run *run = scanout->run;
	uint32_t first = 0, before = 0;
	uint64_t before_ns = 0;
	int r = 0;

	while (!r && run->done < run->total) {
		r = vs_run_step(run);
		if (!r)
			r = vs_scanout_show(scanout, &fb[run->done % BUFFERS]);
		if (r)
			break;
		/* The first commit turns the CRTC on, which may start the count anew. It is 32 bits wide and may wrap. */
		if (run->done == 1)
			first = scanout->sequence;
		if (run->done > 1 && (int32_t)(scanout->sequence - before) < 0)
			r = vs_run_fail(run, -EPROTO, "the vblank sequence went back from %" PRIu32 " to %" PRIu32, before,
					scanout->sequence);
		else if (scanout->flip_ns < before_ns)
			r = vs_run_fail(run, -EPROTO, "a page flip is older than the one before it");
		before = scanout->sequence;
		before_ns = scanout->flip_ns;
		run->done++;
	}
	if (!r)
		snprintf(run->note, sizeof(run->note), "on %s, %s: %s%s", scanout->path, run->fds->display_driver,
			 before == first ? "its events count no vblanks" : "its events count vblanks",
			 strcmp(run->fds->display_driver, "msm") ? "; drm_gpuvm is not involved" : "");
	return r;
}

static int run(struct vs_run *run)
{
	struct vs_fb fb[BUFFERS] = { 0 };
	struct vs_scanout scanout;
	int r = vs_scanout_open(&scanout, run, run->fds->display, run->fds->display_path, VS_TO_DISPLAY), closed;

	for (int i = 0; i < BUFFERS && !r; i++)
		r = vs_fb_new(&scanout, &fb[i]);
	if (!r)
		r = show_all(&scanout, fb);
	if (!r) {
		vs_expect_begin(run, "while the last framebuffer is shown");
		for (int i = 0; i < BUFFERS; i++)
			vs_expect_bo(run, fb[i].bo, VS_ANY_POLICY, 1);
		r = vs_expect_end(run);
	}
	closed = vs_scanout_close(&scanout, fb, BUFFERS);
	return r ? r : closed;
}

static const struct vs_scenario scenarios[] = {
	{ "scanout-page-flip", "Flips pages on a connected display, of whichever driver, and looks at the events and their vblank count",
	  .needs = VS_NEEDS_FLIP,
	  .counts = VS_COUNTS(COMMIT) | VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE) | VS_COUNTS(ADDFB) | VS_COUNTS(RMFB),
	  .params = params, .n_params = sizeof(params) / sizeof(params[0]), .run = run },
};

VS_FAMILY(page_flip);
