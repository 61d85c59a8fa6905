/* SPDX-License-Identifier: MIT */
/* A fence that signals when the scenario says so: vgem's. For scenarios with VS_NEEDS_VGEM. */
#ifndef VS_SCENARIO_LATE_FENCE_H
#define VS_SCENARIO_LATE_FENCE_H

#include "scenario/run.h"

struct vs_late_fence {
	uint32_t id;
	int fence; /* a sync_file */
};

/* 0, or a noted failure. vgem signals it by itself after ten seconds. */
int vs_late_fence_new(struct vs_run *run, struct vs_late_fence *ret);
/* Signal it and close the sync_file. 0, or a noted failure: it had signalled before. */
int vs_late_fence_signal(struct vs_run *run, struct vs_late_fence *late);

#endif
