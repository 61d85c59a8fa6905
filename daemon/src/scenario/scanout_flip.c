// SPDX-License-Identifier: MIT
/*
 * Framebuffers on a primary plane of msm's display, one atomic commit each, through the writeback connector or to a display.
 *
 * With its handles closed the BO of a framebuffer lives by the framebuffer alone. msm then drops the display's mapping each
 * time the framebuffer leaves the plane and makes a new one at its next flip (msm_framebuffer_cleanup(), vma_ref; Linux 7.3);
 * with the handles open the mapping stays.
 */
#include "scenario/expect.h"
#include "scenario/scanout.h"

#define MAX_BUFFERS 16

/* The first parameter of all of them is the amount of work. */
enum { FLIPS, BUFFERS, INTERVAL, CLOSE_HANDLES, OUTPUT };

static const struct vs_param params[] = {
	[FLIPS] = { "flips", "commits that each show the next framebuffer", "", 1, 1000000, 120 },
	[BUFFERS] = { "buffers", "framebuffers in the chain", "", 1, MAX_BUFFERS, 3 },
	[INTERVAL] = { "interval", "least time from one flip to the next, 0 for as fast as possible", "ms", 0, 60000, 16 },
	[CLOSE_HANDLES] = { "close-handles", "1 closes the GEM handles once the framebuffers exist", "", 0, 1, 0 },
	[OUTPUT] = { "output", "0 takes writeback where there is one and else a display, 1 writeback, 2 a display", "", 0, 2, 0 },
};

static const struct vs_param few_params[] = {
	[FLIPS] = { "flips", "commits that each show a framebuffer", "", 1, 1000000, 20 },
};

/* Open handles of fb[0 .. n - 1], and nothing of what a display does late. */
static int expect_buffers(struct vs_run *run, const struct vs_fb *fb, size_t n, const char *step)
{
	vs_expect_begin(run, step);
	for (size_t i = 0; i < n; i++)
		vs_expect_bo(run, fb[i].bo, VS_ANY_POLICY, fb[i].handle ? 1 : 0);
	return vs_expect_end(run);
}

/*
 * The output is off, the framebuffers are removed. A writeback commit is done when its call returns, and so are its old planes;
 * a display may let go of a framebuffer later.
 */
static int expect_buffers_gone(struct vs_scanout *scanout, const struct vs_fb *fb, size_t n)
{
	struct vs_run *run = scanout->run;

	if (scanout->output.kind != VS_KMS_WRITEBACK || scanout->slow)
		return 0;
	vs_expect_begin(run, "after the framebuffers and their handles are gone");
	for (size_t i = 0; i < n; i++)
		vs_expect_bo_gone(run, fb[i].bo, VS_ANY_POLICY);
	return vs_expect_end(run);
}

static int make_chain(struct vs_scanout *scanout, struct vs_fb *fb, uint64_t n, bool close_handles)
{
	int r = 0;

	for (uint64_t i = 0; i < n && !r; i++) {
		r = vs_fb_new(scanout, &fb[i]);
		if (!r && close_handles)
			r = vs_fb_close_handle(scanout, &fb[i]);
	}
	return r;
}

/* Show a chain of n, one after the other, until the run's work is done. */
static int show_chain(struct vs_scanout *scanout, const struct vs_fb *fb, uint64_t n, uint64_t interval_ms)
{
	struct vs_run *run = scanout->run;
	uint64_t start = vs_now_ns();
	int r = 0;

	while (!r && run->done < run->total) {
		r = vs_run_step(run);
		if (!r)
			r = vs_scanout_show(scanout, &fb[run->done % n]);
		if (r)
			break;
		run->done++;
		if (run->done == run->total)
			r = expect_buffers(run, fb, n, "while the last framebuffer of the chain is shown");
		if (!r && interval_ms)
			r = vs_run_sleep_until(run, start + run->done * interval_ms * 1000000);
	}
	return r;
}

static int finish(struct vs_scanout *scanout, struct vs_fb *fb, size_t n, int r)
{
	int closed = vs_scanout_close(scanout, fb, n);

	r = r ? r : closed;
	return r ? r : expect_buffers_gone(scanout, fb, n);
}

static int flip(struct vs_run *run)
{
	struct vs_fb fb[MAX_BUFFERS] = { 0 };
	struct vs_scanout scanout;
	int r = vs_scanout_open(&scanout, run, run->fds->card, run->fds->card_path, run->param[OUTPUT]);

	if (!r)
		r = make_chain(&scanout, fb, run->param[BUFFERS], run->param[CLOSE_HANDLES]);
	if (!r)
		r = show_chain(&scanout, fb, run->param[BUFFERS], run->param[INTERVAL]);
	return finish(&scanout, fb, run->param[BUFFERS], r);
}

static int closed_handle(struct vs_run *run)
{
	struct vs_fb fb[2] = { 0 };
	struct vs_scanout scanout;
	int r = vs_scanout_open(&scanout, run, run->fds->card, run->fds->card_path, VS_TO_EITHER);

	if (!r)
		r = make_chain(&scanout, fb, 2, true);
	if (!r)
		r = show_chain(&scanout, fb, 2, 0);
	return finish(&scanout, fb, 2, r);
}

/* A new framebuffer for each flip; the one before is removed while it is no longer shown. */
static int fb_churn(struct vs_run *run)
{
	struct vs_fb fb[2] = { 0 };
	struct vs_scanout scanout;
	int r = vs_scanout_open(&scanout, run, run->fds->card, run->fds->card_path, VS_TO_EITHER);

	while (!r && run->done < run->total) {
		struct vs_fb *next = &fb[run->done % 2];

		r = vs_run_step(run);
		if (!r)
			r = vs_fb_release(&scanout, next);
		if (!r)
			r = vs_fb_new(&scanout, next);
		if (!r)
			r = vs_scanout_show(&scanout, next);
		run->done += !r;
	}
	if (!r)
		r = expect_buffers(run, fb, run->total < 2 ? run->total : 2, "while the last of many framebuffers is shown");
	return finish(&scanout, fb, 2, r);
}

static int plane_on_off(struct vs_run *run)
{
	struct vs_fb fb = { 0 };
	struct vs_scanout scanout;
	int r = vs_scanout_open(&scanout, run, run->fds->card, run->fds->card_path, VS_TO_EITHER);

	if (!r)
		r = vs_fb_new(&scanout, &fb);
	while (!r && run->done < run->total) {
		r = vs_run_step(run);
		if (!r)
			r = vs_scanout_show(&scanout, &fb);
		/* The plane alone, or all of the output, which comes back with its mode. */
		if (!r)
			r = run->done % 4 == 3 ? vs_scanout_off(&scanout) : vs_scanout_plane_off(&scanout);
		run->done += !r;
	}
	if (!r)
		r = expect_buffers(run, &fb, 1, "while the plane is off");
	return finish(&scanout, &fb, 1, r);
}

#define SCANOUT                                                                                    \
	.needs = VS_NEEDS_CARD, .counts = VS_COUNTS(COMMIT) | VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE) |             \
				VS_COUNTS(ADDFB) | VS_COUNTS(RMFB)
#define FEW .params = few_params, .n_params = sizeof(few_params) / sizeof(few_params[0])

static const struct vs_scenario scenarios[] = {
	{ "scanout-flip", "Shows a chain of framebuffers on a plane, one atomic commit each, through writeback or on a display",
	  SCANOUT, .params = params, .n_params = sizeof(params) / sizeof(params[0]), .run = flip },
	{ "scanout-closed-handle", "Shows framebuffers whose handles are closed, which msm maps anew for each flip", SCANOUT, FEW,
	  .run = closed_handle },
	{ "scanout-fb-churn", "Shows a new framebuffer with each commit, and removes the one before", SCANOUT, FEW, .run = fb_churn },
	{ "scanout-plane-on-off", "Turns the plane, and now and then the output, off after each frame", SCANOUT, FEW,
	  .run = plane_on_off },
};

VS_FAMILY(flip);
