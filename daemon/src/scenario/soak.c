// SPDX-License-Identifier: MIT
/*
 * soak: runs of the other scenarios, one after the other, picked by the seed; all that this board can do and that leave it
 * as it was, each with a small amount of work.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scenario/catalogue.h"
#include "scenario/expect.h"

#define SHARE 8 /* of what a scenario does by itself */

enum { RUNS };

static const struct vs_param params[] = {
	[RUNS] = { "runs", "runs of other scenarios", "", 1, 1000000, 30 },
};

/* The run of a scenario within the soak: its owner is the soak's, and hears of the soak's progress. */
static int step(struct vs_run *inner, void *data)
{
	return vs_run_step(data);
}

static int checkpoint(struct vs_run *inner, Vascope__V1__Checkpoint *what, void *data)
{
	struct vs_run *soak = data;

	return soak->control.checkpoint ? soak->control.checkpoint(soak, what, soak->control.data) : 0;
}

static bool can_run(const struct vs_scenario *scenario, const struct vs_run *soak)
{
	return scenario != soak->scenario && !scenario->destructive &&
	       !(scenario->needs & vs_runner_lacks(soak->fds));
}

static const struct vs_scenario *pick(struct vs_run *soak)
{
	const struct vs_scenario *const *all;
	size_t n = vs_scenarios(&all), able = 0, which;

	for (size_t i = 0; i < n; i++)
		able += can_run(all[i], soak);
	if (!able)
		return NULL;
	which = vs_rng_below(&soak->rng, able);
	for (size_t i = 0; i < n; i++)
		if (can_run(all[i], soak) && !which--)
			return all[i];
	return NULL;
}

static int run_one(struct vs_run *soak, const struct vs_scenario *scenario)
{
	struct vs_run inner = {
		.scenario = scenario,
		.fds = soak->fds,
		.control = { .fd = soak->control.fd, .step = step, .checkpoint = checkpoint, .data = soak },
		.fence_timeout_ms = soak->fence_timeout_ms,
	};
	int r;

	for (size_t i = 0; i < scenario->n_params; i++)
		inner.param[i] = scenario->params[i].value;
	if (inner.param[0] / SHARE >= scenario->params[0].min)
		inner.param[0] /= SHARE;
	else
		inner.param[0] = scenario->params[0].min;
	inner.total = inner.param[0];
	vs_rng_init(&inner.rng, vs_rng_next(&soak->rng));
	r = vs_run_scenario(&inner);
	vs_expect_clear(&inner);
	for (int i = 0; i < VS_N_ISSUED; i++)
		soak->issued[i] += inner.issued[i];
	if (inner.text[0] && !soak->text[0])
		snprintf(soak->text, sizeof(soak->text), "%s: %.400s", scenario->id, inner.text);
	return r;
}

static int run(struct vs_run *run)
{
	int r = 0;

	while (!r && run->done < run->total) {
		const struct vs_scenario *scenario = pick(run);

		if (!scenario)
			return vs_run_fail(run, -ENODEV, "looking for a scenario that this board can run");
		r = vs_run_step(run);
		if (!r)
			r = run_one(run, scenario);
		run->done += !r;
	}
	return r;
}

/* The expected inserts and removes are left out: those of kernel-managed VMs are not counted. */
static const struct vs_scenario scenarios[] = {
	{ "soak", "Mixes short runs of all scenarios that this board can run and that leave it as it was, by seed",
	  .needs = VS_NEEDS_RENDER | VS_NEEDS_VM_BIND,
	  .counts = VS_COUNTS(MAP) | VS_COUNTS(UNMAP) | VS_COUNTS(MAP_NULL) | VS_COUNTS(SUBMIT) | VS_COUNTS(COMMIT) |
		    VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE) | VS_COUNTS(ADDFB) | VS_COUNTS(RMFB),
	  .params = params, .n_params = sizeof(params) / sizeof(params[0]), .run = run },
};

VS_FAMILY(soak);
